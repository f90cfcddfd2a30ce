import ArgumentParser
import Engine
import Fingerprints
import Foundation
import Pipeline

struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Writes an experiment for pictures, annotations, a model and words of your own.",
        discussion: """
            new mine --pictures photos --like coco_sample          pictures that nobody annotated: another's explainer names filters on them
            new mine --pictures photos --annotations labels.json --architecture resnet18
            Looks at what is there, writes experiments/NAME.json with it as comments, and checks that it plans. Asks for what is \
            missing only in a terminal.
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The experiment's name.") var name: String
    @Option(
        help: ArgumentHelp("A folder of pictures at any depth, or a zip archive.", valueName: "path"),
        completion: .file())
    var pictures: String?
    @Option(
        help: ArgumentHelp(
            "Their annotations: COCO's JSON, outlines or boxes, or Visual Genome's objects.json.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var annotations: String?
    @Option(
        help: ArgumentHelp(
            "The experiment whose explainer is used, or with --annotations whose model and word vectors.",
            valueName: "experiment"),
        completion: Completion.experiments)
    var like: String?
    @Option(help: ArgumentHelp("The target model: a known architecture.", valueName: "name")) var architecture: String?
    @Option(help: ArgumentHelp("The target model: a file (ONNX).", valueName: "file"), completion: .file()) var model:
        String?
    @Option(help: ArgumentHelp("The layer whose filters are explained; may be given several times.", valueName: "name"))
    var layer: [String] = []
    @Option(help: ArgumentHelp("The model's checkpoint.", valueName: "file"), completion: .file()) var weights: String?
    @Option(
        help: ArgumentHelp(
            "How the model's pictures are made: JSON as an experiment's backbone.preprocess.", valueName: "json"))
    var preprocess: String?
    @Option(help: ArgumentHelp("Word vectors in GloVe's text format.", valueName: "file"), completion: .file())
    var words: String?
    @Option(
        help: ArgumentHelp("The words that explanations may use, one a line.", valueName: "file"), completion: .file())
    var entities: String?

    @Flag(name: [.customShort("n"), .long], help: "Print the experiment; write nothing.") var dryRun = false

    func run() throws {
        let project = try global.open(), places = project.places
        let path = places.projectPath("experiments/\(name).json")
        guard !FileManager.default.fileExists(atPath: path) else {
            throw ExperimentError("\(path) is there already; choose another name, or remove it")
        }
        guard let pictures = pictures ?? ask("Where are the pictures (a folder or a zip archive)?") else {
            throw ExperimentError("say where the pictures are: --pictures FOLDER")
        }
        var wanted = NewExperiment(name: name, pictures: places.argumentPath(pictures))
        wanted.annotations =
            (annotations ?? (like == nil ? ask("Their annotations (a JSON file; nothing where there are none):") : nil))
            .map(places.argumentPath)
        let reference = like ?? (wanted.annotations == nil ? ask("The experiment whose explainer is used:") : nil)
        wanted.reference = try reference.map { try project.experiment($0) }
        (wanted.architecture, wanted.layers) = (architecture, layer)
        wanted.model = model.map(places.argumentPath)
        wanted.weights = weights.map(places.argumentPath)
        wanted.preprocess = preprocess
        wanted.embedding = words.map(places.argumentPath)
        wanted.entities = entities.map(places.argumentPath)
        let draft = try wanted.draft(places)
        let plan = try project.plan(ExperimentFile(json: draft.text, file: path))
        let predictions = try project.runner().predict(plan.plan) { try plan.expectedCosts($0, places: places) }
        var preflight = Preflight(project)
        try preflight.look(at: plan, predictions)
        try preflight.check()
        if dryRun, !global.json { return try standardOutput(draft.text.trimmingCharacters(in: .newlines)) }
        if !dryRun { try write(draft.text, to: path) }
        try show(draft, predictions, path)
    }

    /// A line of the user's; nil where there is nobody to ask, and for an empty one.
    private func ask(_ question: String) -> String? {
        guard isatty(STDIN_FILENO) == 1, !global.json else { return nil }
        standardError(question)
        return readLine().flatMap { $0.isEmpty ? nil : $0 }
    }

    private func write(_ text: String, to path: String) throws {
        let url = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url, options: .atomic)
    }

    private func show(_ draft: DraftExperiment, _ predictions: [Prediction], _ path: String) throws {
        if global.json {
            try standardOutput(json: [
                "schema": 1, "experiment": .string(name), "file": .string(path),
                "found": .array(draft.found.map { .string($0) }),
                "runs": .array(predictions.filter(\.wouldRun).map { .string($0.status.job) }),
            ])
        } else {
            try standardOutput(lines: draft.found + [Format.path(path), PlanVerb.summary(predictions, [])])
            standardError("next: lavise-pipeline run \(name)")
        }
    }
}
