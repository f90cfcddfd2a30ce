import ArgumentParser
import Fingerprints
import Foundation
import Imaging
import Pipeline

struct Bias: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bias", abstract: "Which filters are active in one group of pictures more often than in another.",
        discussion: """
            bias demo --groups groups.csv   columns file and group; paths start at the folder of the CSV
            A filter is active where its maximum exceeds its threshold. Of two groups the first is compared with the second, of more
            each with all others. Rows are sorted by their false-discovery rate over all comparisons (Benjamini and Hochberg).
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Experiment file, or its name.", completion: Completion.experiments) var experiment: String
    @Option(
        help: ArgumentHelp("A CSV with the columns file and group.", valueName: "file"),
        completion: .file(extensions: ["csv"])) var groups: String
    @Option(help: "original, image, activation or projection.") var method: String?
    @Option(help: ArgumentHelp("The row of a matrix experiment, as its tables name it.", valueName: "labels")) var row:
        String?
    @Option(help: ArgumentHelp("How many words and images of a filter to show.", valueName: "n")) var words = 5
    @Option(help: ArgumentHelp("How many filters to show; --json has all.", valueName: "n")) var filters = 20
    @Option(help: ArgumentHelp("Change a parameter: a.b=VALUE.", valueName: "key=value")) var set: [String] = []
    @OptionGroup var threads: ThreadOptions

    func run() throws {
        guard words > 0 else { throw ExperimentError("--words \(words): expected at least 1") }
        guard filters > 0 else { throw ExperimentError("--filters \(filters): expected at least 1") }
        let project = try global.open(), file = try project.experiment(experiment, settings: set)
        let explainer = try FilterExplainer(
            project.state(of: project.plan(file)), method: method, row: row, threads: threads.count)
        let found: [FoundBias]
        do {
            found = try explainer.bias(groups: project.places.argumentPath(groups), words: words)
        } catch let error as ImagingError {
            throw ExperimentError("\(error)")
        }
        if global.json { return try standardOutput(json: document(found, file.name)) }
        let sure = found.count { $0.difference.q < 0.05 }
        try standardOutput("\(sure) of \(found.count) comparisons at a false-discovery rate of 5 %")
        let header = ["filter", "group", "share", "others", "difference", "95 %", "q", "words", "images"]
        try standardOutput(
            lines: Format.columns(
                [header]
                    + found.prefix(filters).map { one in
                        let difference = one.difference, rates = difference.rates
                        return [
                            String(difference.filter), one.group, String(format: "%.3f", rates.own),
                            String(format: "%.3f", rates.others),
                            String(format: "%+.3f", difference.difference),
                            String(format: "[%+.3f, %+.3f]", difference.low, difference.high),
                            String(format: "%.2g", difference.q), one.words.joined(separator: " "),
                            one.images.joined(separator: " "),
                        ]
                    }))
    }

    private func document(_ found: [FoundBias], _ name: String) -> Value {
        [
            "schema": 1, "experiment": .string(name),
            "filters": .array(
                found.map { one in
                    let difference = one.difference, rates = difference.rates
                    return [
                        "filter": .int(difference.filter), "group": .string(one.group), "share": .double(rates.own),
                        "others": .double(rates.others), "difference": .double(difference.difference),
                        "low": .double(difference.low),
                        "high": .double(difference.high), "p": .double(difference.p), "q": .double(difference.q),
                        "words": .array(one.words.map { .string($0) }),
                        "images": .array(one.images.map { .string($0) }),
                    ]
                }),
        ]
    }
}
