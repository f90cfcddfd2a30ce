import ArgumentParser
import Fingerprints
import Foundation
import Imaging
import Pipeline
import Reporting

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The words and heat maps of a filter, of what filters see in a picture, or the filters of a word.",
        discussion: """
            explain demo --filter 17                 words and top images of a filter
            explain demo --filter 17 --image me.jpg  what it sees in a picture
            explain demo --image me.jpg              the filters that are the most active in it
            explain demo --concept dog               the filters whose first words have the word
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Experiment file, or its name.", completion: Completion.experiments) var experiment: String
    @Option(help: ArgumentHelp("A filter of the layer, from 0; may be given several times.", valueName: "number")) var filter: [Int] = []
    @Option(help: ArgumentHelp("A picture of your own.", valueName: "file"), completion: .file(extensions: ["jpg", "jpeg", "png", "webp", "gif", "bmp"])) var image: String?
    @Option(help: ArgumentHelp("A word.", valueName: "word")) var concept: String?
    @Option(help: "original, image, activation or projection.", completion: Completion.methods) var method: String?
    @Option(help: ArgumentHelp("The row of a matrix experiment, as its tables name it.", valueName: "labels"), completion: Completion.rows) var row: String?
    @Option(help: ArgumentHelp("How many words, and without --filter how many filters, to show.", valueName: "n")) var words = 10
    @Option(name: [.short, .long], help: ArgumentHelp("The PNG (default results/NAME/heatmaps/).", valueName: "file")) var output: String?
    @Option(help: ArgumentHelp("Change a parameter: a.b=VALUE.", valueName: "key=value"), completion: Completion.settings) var set: [String] = []
    @OptionGroup var threads: ThreadOptions

    func run() throws {
        guard words > 0 else { throw ExperimentError("--words \(words): expected at least 1") }
        guard !filter.isEmpty || image != nil || concept != nil else {
            throw ExperimentError("say what to explain: --filter NUMBER, --image FILE.jpg or --concept WORD")
        }
        guard concept == nil || filter.isEmpty && image == nil else { throw ExperimentError("--concept goes without --filter and --image") }
        if output != nil, filter.count > 1, image == nil { throw ExperimentError("--output takes one filter's picture; leave it out for several") }
        let project = try global.open(), file = try project.experiment(experiment, settings: set), plan = try project.plan(file)
        let explainer = try FilterExplainer(plan, jobs: project.runner().status(of: plan.plan), method: method, row: row, threads: threads.count)
        if let concept {
            try show(concept: concept, explainer, file.name)
        } else if let image {
            try show(picture: image, explainer, file, project)
        } else {
            let documents = try filter.compactMap { try show(filter: $0, explainer, file, project) }
            if global.json { try standardOutput(json: documents, isList: filter.count > 1) }
        }
    }

    /// - Returns: what there is to say as JSON, if that is asked for; else it is printed.
    private func show(
        filter number: Int, _ explainer: FilterExplainer, _ file: ExperimentFile, _ project: Project
    ) throws -> Value? {
        let row = try explainer.row(ofFilter: number)
        let path = try write(explainer.grid(ofFilter: number), "filter-\(number).png", file, project)
        if global.json {
            let list = row.words.prefix(words).map { word -> Value in
                ["word": .string(word.text), "images": .int(word.frequency), "similarity": .double(word.similarity)]
            }
            return [
                "schema": 1, "experiment": .string(file.name), "filter": .int(number),
                "method": .string(explainer.method.name),
                "threshold": .double(row.threshold), "words": .array(list), "picture": .string(path),
            ]
        }
        let recalls = zip(explainer.results.evaluation.ks, row.recall).compactMap { k, recall in recall.map { String(format: "recall@\(k) %.3f", $0) } }
        try standardOutput("filter \(number) by \(explainer.method.name): \((recalls + [String(format: "threshold %.3f", row.threshold)]).joined(separator: ", "))")
        let shown = row.words.prefix(words), most = max(1, shown.map(\.frequency).max() ?? 1)
        let lines = shown.map { word in
            ["  " + word.text, String(repeating: "█", count: max(1, 24 * word.frequency / most)), "\(word.frequency) images", String(format: "cosine %.2f", word.similarity)]
        }
        try standardOutput(lines: Format.columns(Array(lines)))
        standardError("heat maps: \(Format.path(path))")
        return nil
    }

    private func show(
        picture: String, _ explainer: FilterExplainer, _ file: ExperimentFile, _ project: Project
    ) throws {
        let seen: [SeenInPicture]
        do {
            seen = try explainer.explain(picture: project.places.argumentPath(picture), filters: filter.isEmpty ? nil : filter, count: words)
        } catch let error as ImagingError {
            throw ExperimentError("\(error)")
        }
        let base = URL(fileURLWithPath: picture).deletingPathExtension().lastPathComponent
        let suffix = filter.isEmpty ? "" : "-filter-" + filter.map(String.init).joined(separator: "-")
        let path = try write(.grid(seen.map(\.heatMap), columns: 5), "\(base)\(suffix).png", file, project)
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
            return try standardOutput(json: [
                "schema": 1, "experiment": .string(file.name), "image": .string(picture),
                "method": .string(explainer.method.name),
                "filters": .array(list), "unranked": .int(filter.isEmpty ? explainer.unranked : 0),
                "picture": .string(path),
            ])
        }
        try standardOutput("\(picture) by \(explainer.method.name): filter, peak over threshold, active area, nearest words")
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
            standardError(
                "\(explainer.unranked) filters are left out: their threshold is 0, so that no peak is a multiple of it"
            )
        }
        if seen.allSatisfy({ $0.area == 0 }) { standardError("none of these filters reaches its threshold in the picture: their heat maps are dim all over") }
        standardError("heat maps: \(Format.path(path))")
    }

    private func show(concept: String, _ explainer: FilterExplainer, _ name: String) throws {
        let found = try explainer.filters(saying: concept, among: words)
        if global.json {
            let list = found.map { rank, row -> Value in
                let word = row.words[rank - 1]
                return ["filter": .int(row.filter), "rank": .int(rank), "images": .int(word.frequency), "similarity": .double(word.similarity)]
            }
            return try standardOutput(json: [
                "schema": 1, "experiment": .string(name), "concept": .string(concept),
                "method": .string(explainer.method.name), "filters": .array(list),
            ])
        }
        let lines = Format.columns(found.map { rank, row in
            let word = row.words[rank - 1], others = row.words.prefix(5).map(\.text).joined(separator: ", ")
            return ["filter \(row.filter)", "word \(rank)", "\(word.frequency) images", String(format: "cosine %.2f", word.similarity), others]
        })
        try standardOutput(lines: lines)
        try standardOutput("\(found.count) of \(explainer.results.evaluation.summary.filters.count) filters have \"\(concept)\" among their first \(words) words")
    }

    /// Writes a PNG where the user wants it, or under the results; returns its path.
    private func write(
        _ picture: RGBImage, _ name: String, _ file: ExperimentFile, _ project: Project
    ) throws -> String {
        let png = try encodePNG(picture)
        guard let output else {
            return try ResultsPlace(file, places: project.places).write([UInt8](png), to: "heatmaps/\(name)")
        }
        let path = project.places.argumentPath(output), url = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(png).write(to: url, options: .atomic)
        return path
    }
}
