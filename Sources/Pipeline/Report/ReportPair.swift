import Fingerprints
import Foundation
import Reporting

/// A page that shows two runs side by side, filter by filter.
public struct ReportPair {
    private let a: ReportPage, b: ReportPage

    /// The first shown row of either is compared.
    public init(_ a: ReportPage, _ b: ReportPage) {
        self.a = a
        self.b = b
    }

    /// Writes `with-B.html`.
    /// - Parameters:
    ///   - place: the folder, that of A's results.
    ///   - arguments: what follows `lavise-pipeline report`.
    /// - Throws: `ExperimentError` when a stage is not fresh; `ResultsError`.
    public func write(
        to place: ResultsPlace, arguments: [String], singleFile: Bool, progress: (Int, Int) -> Void
    ) throws -> WrittenReport {
        let sides = [a, b]
        let results = try sides.map { try $0.state.results(ofVariant: $0.rows[0]) }
        let name = "with-\(b.state.file.resultsName)"
        return try ReportFile(place: place, name: name, singleFile: singleFile).write { folder in
            var sheets = FilterSheets(folder: folder, threads: a.threads)
            let total = results.reduce(0) { $0 + $1.evaluation.summary.filters.count }
            var done = 0
            for (side, result) in zip(sides, results) {
                try sheets.draw(result, features: side.features(ofRow: side.rows[0])) { progress(done + $0, total) }
                done += result.evaluation.summary.filters.count
            }
            return (try page(results, arguments), sheets.rows)
        }
    }

    private func page(_ results: [VariantResults], _ arguments: [String]) throws -> Report {
        let sides = zip(["A", "B"], [a, b])
        let rows = zip([a, b], results).map { side, result in
            result.reportRow(name: side.state.file.resultsName, labels: [])
        }
        let facts = try zip(sides, results).flatMap { side, result in
            let own = ReportFacts(side.1.state, project: side.1.project)
            return [Report.Fact(side.0, "\(side.1.state.file.resultsName): \(side.1.state.file.title)")]
                + (try own.header(result).filter { ["model", "computed"].contains($0.name) }).map {
                    Report.Fact("\(side.0), \($0.name)", $0.value)
                }
        }
        let tables = try sides.map { side in
            (
                title: "\(side.0): \(side.1.state.file.resultsName)",
                tables: ResultTables(side.1.state.file, try side.1.state.results())
            )
        }
        let recalls = try tables.map { (title: $0.title, table: try $0.tables.recalls()[0].textTable) }
        let scores = try tables.flatMap { side in
            try side.tables.scores().map { ("\(side.title): \($0.title)", $0.table) }
        }
        let words = zip([a, b], results).map { side, result in
            side.state.runWords(ofVariant: side.rows[0], result)
        }
        return Report(
            title: "\(rows[0].name) beside \(rows[1].name)", experiment: "\(rows[0].name) · \(rows[1].name)",
            facts: facts,
            differences: differences(), moreTables: recalls, scores: scores, comparison: RunComparison(words),
            training: results.map(\.trainingTable),
            filters: ReportFilters(ks: results[0].evaluation.ks, rows: rows, isPaired: true),
            reproduce: ReportFacts(a.state, project: a.project).reproduce(arguments))
    }

    /// The keys of the two experiments that differ, but for what they are called.
    private func differences() -> TextTable {
        let changes = b.state.file.value.differences(from: a.state.file.value).filter {
            !["name", "title", "claims"].contains($0.key)
        }
        func text(_ value: Value?) -> String { value.map { $0.stringValue ?? $0.json(pretty: false) } ?? "–" }
        return TextTable(
            columns: ["key", "A", "B"], textColumns: 3,
            rows: changes.map { [.text($0.key), .text(text($0.old)), .text(text($0.new))] })
    }
}
