import ArgumentParser
import Fingerprints
import Foundation
import Pipeline
import Reporting

struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "What filters say in several runs: words kept, concepts born and lost.",
        discussion: """
            compare coco_sample random_sample   two experiments beside each other
            compare layers_experiment           the rows of a matrix: layers, seeds, weights
            compare coco_sample --seeds 0..4    how far the words of one filter agree over seeds
            compare demo demo@train.epochs=2    a run with --set, by its results folder's name
            Runs of one layer of one architecture have the same filters; of others only their concepts are compared.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: ExperimentOptions
    @Option(help: "original, image, activation or projection.") var method: String?
    @Option(help: ArgumentHelp("How many words of a filter are compared.", valueName: "n"))
    var words = RunWords.compared
    @Option(help: ArgumentHelp("How many filters to show, those that keep least first.", valueName: "n"))
    var filters = 10
    @Option(
        help: ArgumentHelp("Also write a row a run and filter as CSV.", valueName: "file"),
        completion: .file(extensions: ["csv"])) var csv: String?

    func run() throws {
        guard words > 0 else { throw ExperimentError("--words \(words): expected at least 1") }
        guard filters >= 0 else { throw ExperimentError("--filters \(filters): expected at least 0") }
        let project = try global.open()
        let runs = try chosen.files(project).flatMap { file in
            try project.state(of: project.plan(file)).runWords(method: method, count: words)
        }
        guard runs.count > 1 else {
            throw ExperimentError(
                "compare takes several experiments, or one with a matrix or --seeds; "
                    + "\(chosen.experiments.joined(separator: ", ")) is one run"
            )
        }
        let comparison = RunComparison(runs)
        if let csv {
            let path = project.places.argumentPath(csv)
            do { try Data(comparison.csv.utf8).write(to: URL(fileURLWithPath: path)) } catch {
                throw ExperimentError("--csv \(path): cannot be written: \(reason(error))")
            }
        }
        if global.json { return try standardOutput(json: document(comparison)) }
        try standardOutput(comparison.textTable.markdown, terminator: "")
        for layer in comparison.layers {
            if let agreement = layer.agreement {
                try standardOutput(
                    "\n\(layer.name): filters of two runs share "
                        + String(format: "%.3f of their words' weight in the mean", agreement))
            }
            for filter in layer.filters.prefix(filters) {
                let kept = layer.runs.last?.kept?[filter] ?? 0
                try standardOutput(String(format: "\nfilter \(filter) keeps %.2f", kept))
                try standardOutput(
                    lines: Format.columns(
                        layer.runs.map { change in
                            [
                                "  " + change.run.name,
                                change.run.words(of: filter).map(\.text).joined(separator: " "),
                            ]
                        }))
            }
        }
    }

    private func document(_ comparison: RunComparison) -> Value {
        func number(_ value: Double?) -> Value { value.map { .double($0) } ?? .null }
        return [
            "schema": 1, "agreement": number(comparison.agreement),
            "layers": .array(
                comparison.layers.map { ["layer": .string($0.name), "agreement": number($0.agreement)] }),
            "runs": .array(
                comparison.runs.map { change in
                    [
                        "name": .string(change.run.name), "layer": .string(change.run.layer),
                        "kept": number(change.meanKept),
                        "sameFirst": number(change.sameFirst), "born": .array(change.born.map { .string($0) }),
                        "lost": .array(change.lost.map { .string($0) }),
                        "concepts": .array(
                            change.run.concepts.map { ["concept": .string($0.text), "filters": .int($0.filters)] }),
                        "filters": .array(
                            zip(change.run.filters, change.run.words).map { filter, words in
                                [
                                    "filter": .int(filter), "words": .array(words.map { .string($0.text) }),
                                    "kept": number(change.kept?[filter]),
                                ]
                            }),
                    ]
                }),
        ]
    }
}
