import ArgumentParser
import Fingerprints
import Foundation
import Imaging
import Pipeline
import Reporting

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "The words and heat maps of a filter, of what filters see in a picture, or the filters of a word.",
        discussion: """
            explain demo --filter 17                 words and top images of a filter
            explain demo --filter 17 --image me.jpg  what it sees in a picture
            explain demo --image me.jpg --image b.png  the filters that are the most active in each
            explain demo --concept dog               the filters whose first words have the word
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Experiment file, or its name.", completion: Completion.experiments) var experiment: String
    @Option(help: ArgumentHelp("A filter of the layer, from 0; may be given several times.", valueName: "number"))
    var filter: [Int] = []
    @Option(
        help: ArgumentHelp(
            "A picture of your own (JPEG, PNG, GIF, WebP, BMP); may be given several times.", valueName: "file"),
        completion: .file(extensions: ["jpg", "jpeg", "png", "webp", "gif", "bmp"]))
    var image: [String] = []
    @Option(help: ArgumentHelp("A word.", valueName: "word")) var concept: String?
    @Option(help: "original, image, activation or projection.", completion: Completion.methods) var method: String?
    @Option(
        help: ArgumentHelp("The row of a matrix experiment, as its tables name it.", valueName: "labels"),
        completion: Completion.rows) var row: String?
    @Option(help: ArgumentHelp("The layer, of an experiment with several.", valueName: "name")) var layer: String?
    @Option(help: ArgumentHelp("How many words, and without --filter how many filters, to show.", valueName: "n"))
    var words = 10
    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The picture, a .png or .jpg (default a PNG in results/NAME/heatmaps/).", valueName: "file"))
    var output: String?
    @Option(
        help: ArgumentHelp("Change a parameter: a.b=VALUE.", valueName: "key=value"), completion: Completion.settings)
    var set: [String] = []
    @Option(help: ArgumentHelp("The seeds of the results: 0..4 or 0,1,2.", valueName: "seeds")) var seeds: String?
    @OptionGroup var threads: ThreadOptions

    func run() throws {
        try check()
        let project = try global.open()
        let file = try project.experiment(experiment, settings: set, seeds: seeds.map { try SeedList($0).seeds })
        let explainer = try FilterExplainer(
            project.state(of: project.plan(file)), method: method, row: row, layer: layer, threads: threads.count)
        if let concept { return try show(concept: concept, explainer, file.name) }
        let documents =
            try image.isEmpty
            ? filter.compactMap { try show(filter: $0, explainer, file, project) }
            : image.compactMap { try show(picture: $0, explainer, file, project) }
        if global.json { try standardOutput(json: documents, isList: documents.count > 1) }
    }

    /// - Throws: `ExperimentError` for options that do not go together.
    private func check() throws {
        guard words > 0 else { throw ExperimentError("--words \(words): expected at least 1") }
        guard !filter.isEmpty || !image.isEmpty || concept != nil else {
            throw ExperimentError("say what to explain: --filter NUMBER, --image FILE.jpg or --concept WORD")
        }
        guard concept == nil || filter.isEmpty && image.isEmpty else {
            throw ExperimentError("--concept goes without --filter and --image")
        }
        guard let output else { return }
        if image.isEmpty ? filter.count > 1 : image.count > 1 {
            throw ExperimentError("--output takes one picture; leave it out for several")
        }
        guard Self.endings.contains(URL(fileURLWithPath: output).pathExtension.lowercased()) else {
            throw ExperimentError("--output \(output): a picture's name ends in .png, .jpg or .jpeg")
        }
    }

    private static let endings = ["png", "jpg", "jpeg"]

    /// - Returns: what there is to say as JSON, if that is asked for; else it is printed.
    private func show(
        filter number: Int, _ explainer: FilterExplainer, _ file: ExperimentFile, _ project: Project
    ) throws -> Value? {
        let row = try explainer.row(ofFilter: number, words: words)
        let path = try write(explainer.grid(ofFilter: number), "filter-\(number).png", file, project)
        if global.json {
            let list = row.words.prefix(words).map { word -> Value in
                .object(["word": .string(word.text)].merging(Self.evidence(word)) { $1 })
            }
            return [
                "schema": 1, "experiment": .string(file.name), "filter": .int(number),
                "method": .string(explainer.method.name),
                "threshold": .double(row.threshold), "words": .array(list), "picture": .string(path),
            ]
        }
        let recalls = zip(explainer.results.evaluation.ks, row.recall).compactMap { k, recall in
            recall.map { String(format: "recall@\(k) %.3f", $0) }
        }
        try standardOutput(
            "filter \(number) by \(explainer.method.name): \((recalls + [String(format: "threshold %.3f", row.threshold)]).joined(separator: ", "))"
        )
        let shown = row.words.prefix(words), most = max(1, shown.map(\.frequency).max() ?? 1)
        let lines = shown.map { word in
            ["  " + word.text, String(repeating: "█", count: max(1, 24 * word.frequency / most))] + Self.told(word)
        }
        if row.isReliable == false {
            try standardOutput(
                "  \(FilterTable.noReliableWord): the first correlates with the filter no better than chance")
        }
        try standardOutput(lines: Format.columns(Array(lines)))
        standardError("heat maps: \(Format.path(path))")
        return nil
    }

    /// - Returns: as for a filter.
    private func show(
        picture: String, _ explainer: FilterExplainer, _ file: ExperimentFile, _ project: Project
    ) throws -> Value? {
        let seen: [SeenInPicture]
        do {
            seen = try explainer.explain(
                picture: project.places.argumentPath(picture), filters: filter.isEmpty ? nil : filter, count: words)
        } catch let error as ImagingError {
            throw ExperimentError("\(error)")
        }
        let url = URL(fileURLWithPath: picture), base = url.deletingPathExtension().lastPathComponent
        let namesakes = image.prefix { $0 != picture }.count {
            URL(fileURLWithPath: $0).deletingPathExtension().lastPathComponent == base
        }
        let suffix =
            (namesakes > 0 ? "-\(namesakes + 1)" : "")
            + (filter.isEmpty ? "" : "-filter-" + filter.map(String.init).joined(separator: "-"))
        let path = try write(
            .grid(seen.map { $0.tile(of: url.lastPathComponent) }, columns: 3), "\(base)\(suffix).png", file, project)
        if global.json {
            let list = seen.map { one -> Value in
                [
                    "filter": .int(one.filter), "strength": one.strength.map { .double($0) } ?? .null,
                    "area": .double(one.area),
                    "words": .array(
                        one.words.prefix(words).map {
                            ["word": .string($0.text), "similarity": .double($0.similarity)]
                        }),
                ]
            }
            return [
                "schema": 1, "experiment": .string(file.name), "image": .string(picture),
                "method": .string(explainer.method.name),
                "filters": .array(list), "unranked": .int(filter.isEmpty ? explainer.unranked : 0),
                "picture": .string(path),
            ]
        }
        try standardOutput(
            "\(picture) by \(explainer.method.name): filter, peak over threshold, active area, nearest words")
        let lines = seen.map { one in
            [
                "  \(one.filter)", one.strength.map { String(format: "%.2f", $0) } ?? "–",
                String(format: "%.1f %%", one.area * 100),
                one.words.prefix(filter.isEmpty ? 5 : words).map { String(format: "%@ %.2f", $0.text, $0.similarity) }
                    .joined(separator: ", "),
            ]
        }
        try standardOutput(lines: Format.columns(lines))
        if filter.isEmpty, explainer.unranked > 0 {
            let count = explainer.unranked == 1 ? "1 filter is" : "\(explainer.unranked) filters are"
            standardError("\(count) left out: they have no threshold above 0, of which a peak could be a multiple")
        }
        if seen.allSatisfy({ $0.area == 0 }) {
            standardError(
                "none of these filters reaches its threshold in the picture: their heat maps are dim all over")
        }
        standardError("heat maps: \(Format.path(path))")
        return nil
    }

    private func show(concept: String, _ explainer: FilterExplainer, _ name: String) throws {
        let found = try explainer.filters(saying: concept, among: words)
        if global.json {
            let list = found.map { rank, row -> Value in
                let word = row.words[rank - 1]
                return .object(["filter": .int(row.filter), "rank": .int(rank)].merging(Self.evidence(word)) { $1 })
            }
            return try standardOutput(json: [
                "schema": 1, "experiment": .string(name), "concept": .string(concept),
                "method": .string(explainer.method.name), "filters": .array(list),
            ])
        }
        // `--words` says how many filters are shown, too.
        let lines = Format.columns(
            found.prefix(words).map { rank, row in
                let word = row.words[rank - 1], others = row.words.prefix(5).map(\.text).joined(separator: ", ")
                return ["filter \(row.filter)", "word \(rank)"] + Self.told(word) + [others]
            })
        try standardOutput(lines: lines)
        try standardOutput(
            "\(found.count) of \(explainer.results.evaluation.summary.filters.count) filters have \"\(concept)\" among their first \(words) words"
                + (found.count > words ? "; the first \(words) are shown, --json has all" : ""))
    }

    /// What speaks for a word, for programs.
    private static func evidence(_ word: FilterRow.Word) -> [String: Value] {
        func number(_ value: Double?) -> Value { value.map { .double($0) } ?? .null }
        return [
            "images": .int(word.frequency), "similarity": .double(word.similarity), "lift": number(word.lift),
            "corr": number(word.correlation), "iou": number(word.intersectionOverUnion),
        ]
    }

    /// The same for people.
    private static func told(_ word: FilterRow.Word) -> [String] {
        [
            "\(word.frequency) images", String(format: "cosine %.2f", word.similarity),
            word.lift.map { String(format: "lift %.2f", $0) } ?? "",
            word.correlation.map { String(format: "corr %.2f", $0) } ?? "",
            word.intersectionOverUnion.map { String(format: "IoU %.3f", $0) } ?? "",
        ]
    }

    /// Writes a picture where the user wants it, of the kind that its name says, or a PNG under the results; returns
    /// its path.
    private func write(
        _ picture: RGBImage, _ name: String, _ file: ExperimentFile, _ project: Project
    ) throws -> String {
        guard let output else {
            return try ResultsPlace(file, places: project.places).write(
                [UInt8](encodePNG(picture)), to: "heatmaps/\(name)")
        }
        let isPNG = output.lowercased().hasSuffix(".png")
        let bytes = isPNG ? try [UInt8](encodePNG(picture)) : try encodeJPEG(picture, quality: 90)
        let path = project.places.argumentPath(output), url = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url, options: .atomic)
        return path
    }
}
