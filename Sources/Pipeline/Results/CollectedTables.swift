import Engine
import Foundation
import Reporting

/// The papers' tables, filled from the recall tables of a project's results.
public struct CollectedTables: Sendable {
    /// Every published table, also those that none of our results belong to.
    public let tables: [CollectedTable]
    /// What was left out, a line each, as nothing says that it is the experiment of the published row.
    public let leftOut: [String]
    /// Whether something was left out because its files are not what their run left.
    public let isDamaged: Bool

    /// - Parameter results: the folder that has the experiments' results, as the user names it; nil: the project's own.
    /// - Throws: `ExperimentError` when there is none, or a table cannot be read.
    public init(from results: String?, project: Project) throws {
        let base = ResultsPlace(results ?? "results", places: project.places, isArgument: results != nil)
        let files = LocalFileSystem()
        guard try files.status(of: base.folder) != nil else {
            throw ExperimentError(
                "\(base.shown): no results there; run an experiment first, or name their folder with --results")
        }
        let published = Set(PublishedTable.all.flatMap { $0.rows.map(\.experiment) })
        var recalls: [RecallTable] = [], agreements: [ScoreTable] = [], leftOut: [String] = [], isDamaged = false
        for name in try files.names(in: base.folder) where !name.hasPrefix(".") {
            let own = String(name.prefix { $0 != "@" })
            let place = ResultsPlace("\(base.shown)/\(name)", places: project.places, isArgument: results != nil)
            let found = try Self.recalls(place), agreement = try Self.agreement(place)
            let made = found.map(\.experiment) + (agreement.map { [$0.experiment] } ?? [])
            guard published.contains(own) || made.contains(where: published.contains), !made.isEmpty
            else { continue }
            guard let folder = try ResultsFolder(place) else { continue }
            if let strangeness = folder.strangeness(to: name, asked: try project.ownExperiment(name)) {
                leftOut.append("left out: \(place.shown) \(strangeness)")
            } else if !folder.damage.isEmpty {
                isDamaged = true
                leftOut.append(
                    "left out: \(place.shown): \(folder.damage.joined(separator: ", ")) "
                        + "since the run that its provenance records")
            } else {
                recalls += found
                if let agreement { agreements.append(agreement) }
            }
        }
        self.tables = PublishedTable.all.map { CollectedTable($0, from: recalls, agreements: agreements) }
        self.leftOut = leftOut
        self.isDamaged = isDamaged
    }

    private static func recalls(_ place: ResultsPlace) throws -> [RecallTable] {
        try ConceptShare.allCases.compactMap { share in
            try read("\(RecallTable.fileName(share)).json", place) { try RecallTable(json: $0, name: $1) }
        }
    }

    private static func agreement(_ place: ResultsPlace) throws -> ScoreTable? {
        try read("\(ResultTables.agreementName).json", place) { try ScoreTable(json: $0, name: $1) }
    }

    /// A table of a results folder; nil where it has none of that name.
    private static func read<T>(
        _ file: String, _ place: ResultsPlace, _ table: (String, String) throws -> T
    ) throws -> T? {
        guard let bytes = try LocalFileSystem().read("\(place.folder)/\(file)") else { return nil }
        return try ResultsSource.asExperimentError {
            try table(String(decoding: bytes, as: UTF8.self), "\(place.shown)/\(file)")
        }
    }

    /// Writes every table's files into a folder, in the place of what an earlier call left there.
    /// - Parameter output: the folder that the user wants (`--output`); nil: `tables` in `results`.
    /// - Returns: its path.
    /// - Throws: `ResultsError`, `ExperimentError`, `EngineError.lockTimeout`.
    public func write(to output: String?, results: String?, places: Places) throws -> String {
        let place = ResultsPlace(
            output ?? "\(results ?? "results")/\(ResultsPlace.collected)", places: places,
            isArgument: output != nil || results != nil)
        let files = tables.flatMap { table -> [ResultsUnit.File] in
            let texts =
                [("\(table.published.name).md", table.markdown), ("\(table.published.name).tex", table.latex)]
                + table.csvs.map { ("\($0.name).csv", $0.text) }
                + (table.isFigure ? [("\(table.published.name).svg", table.plot.svg)] : [])
            return texts.map { ResultsUnit.File(name: $0, bytes: Array($1.utf8)) }
        }
        _ = try place.unit().replace(with: files, leavings: { [] })
        return place.folder
    }
}
