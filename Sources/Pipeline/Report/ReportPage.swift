import Engine
import Foundation
import LaViSE
import Reporting

/// Writes `report.html` of an experiment whose stages are all fresh.
public struct ReportPage: Sendable {
    let state: ExperimentState
    let project: Project
    let threads: Int
    /// The rows of the matrix that are shown.
    let rows: [Int]

    /// - Parameter row: the only matrix row whose filters are shown, by its labels; nil for all.
    /// - Throws: `ExperimentError` for an unknown row.
    public init(_ state: ExperimentState, project: Project, row: String?, threads: Int) throws {
        self.state = state
        self.project = project
        self.threads = threads
        rows = try row.map { [try state.file.variant(row: $0)] } ?? Array(state.file.variants.indices)
    }

    /// Writes the page, and its pictures where they do not fit into it; all of it is there at once, when it is whole.
    /// - Parameters:
    ///   - place: the folder.
    ///   - arguments: what follows `lavise-pipeline report`, for the lines that tell how to make the page again.
    ///   - singleFile: pictures go into the page whatever their size.
    /// - Throws: `ExperimentError` when a stage is not fresh; `ResultsError`.
    public func write(
        to place: ResultsPlace, arguments: [String], singleFile: Bool, progress: (Int, Int) -> Void
    ) throws -> WrittenReport {
        let results = try state.results()
        let beside = ResultsNames.all.filter { $0.hasSuffix(".csv") }.sorted().filter { place.has($0) }
        return try ReportFile(place: place, name: "report", singleFile: singleFile).write { folder in
            var sheets = FilterSheets(folder: folder, threads: threads)
            let total = rows.reduce(0) { $0 + results[$1].evaluation.summary.filters.count }
            var done = 0
            for row in rows {
                try sheets.draw(results[row], features: features(ofRow: row)) { progress(done + $0, total) }
                done += results[row].evaluation.summary.filters.count
            }
            return (try report(results, arguments, links: beside), sheets.rows)
        }
    }

    /// The path of a row's maps.
    func features(ofRow row: Int) throws -> String {
        try state.path(of: state.experiment.variants[row].maps)
    }

    /// The page but for its pictures.
    func report(_ results: [VariantResults], _ arguments: [String], links: [String]) throws -> Report {
        let file = state.file
        let tables = ResultTables(file, results)
        var more: [(title: String, table: TextTable)] = []
        if let deviations = try tables.deviations() {
            more.append(("What each deviation changes", deviations.textTable))
        }
        if let seeds = try tables.seeds() { more.append(("Mean ± standard deviation over seeds", seeds.textTable)) }
        let shown = rows.map { row in
            results[row].reportRow(
                name: file.label(row) ?? file.name,
                labels: zip(file.matrixKeys, file.variants[row].labels).map { Report.Fact($0, $1) })
        }
        let facts = ReportFacts(state, project: project)
        return Report(
            title: file.title, experiment: file.name, facts: try facts.header(results[rows[0]]), links: links,
            tables: try tables.recalls(), moreTables: more, scores: try tables.scores(),
            comparison: comparison(results), claims: try state.experiment.checkClaims(results),
            training: rows.map { results[$0].trainingTable },
            filters: ReportFilters(
                ks: results[rows[0]].evaluation.ks, rows: shown, categories: state.conceptGroups()),
            stages: try facts.stages(),
            provenance: try facts.provenance(), reproduce: facts.reproduce(arguments))
    }

    /// The rows that are shown beside each other; nil of one alone.
    private func comparison(_ results: [VariantResults]) -> RunComparison? {
        guard rows.count > 1 else { return nil }
        return RunComparison(rows.map { state.runWords(ofVariant: $0, results[$0]) })
    }
}
