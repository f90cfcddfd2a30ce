import Reporting

/// Two results cell by cell.
public struct ResultsDiff: Sendable {
    /// The changes of all tables that both sides have.
    public let diff: TableDiff
    /// The first stage that came out differently, where both sides have their provenance.
    public let diverged: String?
    /// Files of a side that disagree with each other or with its provenance, a line each.
    public let disagreements: [String]
    /// What there is to say of whose results these are.
    public let concerns: [String]

    /// - Throws: `ExperimentError` when the two have no table in common, or two files are tables of different kinds.
    public init(_ old: ResultsSource, _ new: ResultsSource, tolerances: Tolerances) throws {
        let shared = old.tables.compactMap { a in new.tables.first { $0.name == a.name }.map { (a, $0) } }
        // Two single files are compared whatever their names are.
        let isOne = old.tables.count == 1 && new.tables.count == 1
        let pairs = shared.isEmpty && isOne ? [(old.tables[0], new.tables[0])] : shared
        guard !pairs.isEmpty else {
            throw ExperimentError(
                "\(old.name) has \(Self.names(old)), \(new.name) has \(Self.names(new)): no table in common")
        }
        let comparison = Comparison(old: old, new: new, tolerances: tolerances)
        let strange = try ResultsSource.asExperimentError { try pairs.map { try comparison.strangeness($0, $1) } }
        if let first = strange[0], !strange.contains(nil) {
            throw ExperimentError("\(old.name) and \(new.name) have nothing to compare: \(first)")
        }
        var diffs = try ResultsSource.asExperimentError {
            try pairs.flatMap { try comparison.diffs($0, $1, isAlone: pairs.count == 1) }
        }
        if !comparison.isPublished { diffs += Self.missing(old, new, pairs.map(\.0.name)) }
        var whole = diffs[0]
        whole.compared = diffs.reduce(0) { $0 + $1.compared }
        whole.changes = diffs.flatMap(\.changes)
        diff = whole
        diverged = old.provenance.flatMap { a in new.provenance.flatMap { ProvenanceRecord.divergence(a, $0) } }
        var said: Set<String> = []
        disagreements = (old.disagreements + new.disagreements).filter { said.insert($0).inserted }
        concerns = old.concerns + new.concerns
    }

    private static func names(_ source: ResultsSource) -> String { source.tables.map(\.name).joined(separator: ", ") }

    /// Tables that only one side has, as one change each.
    private static func missing(_ old: ResultsSource, _ new: ResultsSource, _ shared: [String]) -> [TableDiff] {
        guard old.tables.count > 1 || new.tables.count > 1 else { return [] }
        let sides = [(old.tables, true), (new.tables, false)]
        return sides.flatMap { tables, isOld in
            tables.filter { !shared.contains($0.name) }.map { table in
                TableDiff(
                    missingTable: table.name, rows: table.csv.rows.count, old: old.name, new: new.name, isInOld: isOld
                )
            }
        }
    }

    private struct Comparison {
        let old: ResultsSource, new: ResultsSource
        let tolerances: Tolerances

        var isPublished: Bool { old.isPublished || new.isPublished }

        /// One table of both sides: its CSVs, and its JSONs where a side's say something else.
        func diffs(_ a: ResultsSource.Table, _ b: ResultsSource.Table, isAlone: Bool) throws -> [TableDiff] {
            guard a.json != nil || b.json != nil else { return [try diff(a.csv, b.csv, isAlone ? nil : a.name)] }
            return [
                try diff(a.csv, b.csv, a.name + ".csv"), try diff(a.json ?? a.csv, b.json ?? b.csv, a.name + ".json"),
            ]
        }

        /// Why two tables cannot be held beside each other; nil when they can.
        func strangeness(_ a: ResultsSource.Table, _ b: ResultsSource.Table) throws -> String? {
            let columns: Set<String>? = isPublished ? ["recall"] : nil
            return try ComparableTable(a.csv, name: old.name, columns: columns)
                .strangeness(to: ComparableTable(b.csv, name: new.name, columns: columns))
        }

        private func diff(_ a: CSV, _ b: CSV, _ table: String?) throws -> TableDiff {
            let columns: Set<String>? = isPublished ? ["recall"] : nil
            let before = try ComparableTable(a, name: old.name, columns: columns),
                after = try ComparableTable(b, name: new.name, columns: columns)
            if let strangeness = before.strangeness(to: after) {
                guard let table, !isPublished else {
                    throw ExperimentError("\(old.name) and \(new.name) have nothing to compare: \(strangeness)")
                }
                return TableDiff(unrelated: table, before, after)
            }
            var diff = TableDiff(before, after, tolerances: tolerances, oldIsPart: isPublished)
            if let table { diff.changes = diff.changes.map { $0.inTable(table) } }
            return diff
        }
    }
}
