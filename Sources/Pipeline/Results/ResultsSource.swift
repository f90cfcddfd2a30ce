import Foundation
import Reporting

/// One side of a comparison: the tables of a results folder or of one file, on disk or at a git revision, or published values.
public struct ResultsSource: Sendable {
    /// Files that a folder's comparison looks at, without their endings.
    private static let tableNames = ["recall", "recall-seen", "recall-unseen", "deviations", "seeds", "filters", "training"]

    /// As the user named it.
    public let name: String
    /// Tables by the file's name without its ending.
    let tables: [(name: String, table: CSV)]
    let provenance: ProvenanceRecord?
    /// Published tables have fewer rows and columns than ours.
    let isPublished: Bool

    /// - Parameter argument: a results folder, a table in `.csv`, or `recall.json`; each may end in `@REVISION`.
    /// - Throws: `ExperimentError` when there is none, or it is no table.
    public init(_ argument: String, places: Places) throws {
        name = argument
        isPublished = false
        let path = places.projectPath(argument)
        if let at = argument.lastIndex(of: "@"), !places.exists(path) {
            let git = Git(places.project), revision = String(argument[argument.index(after: at)...])
            guard !argument.hasPrefix("/") else { throw ExperimentError("\(argument): a path at a git revision starts at the project folder") }
            try git.check(revision)
            (tables, provenance) = try Self.read(String(argument[..<at]), name: argument) { git.file($0, at: revision) }
        } else {
            (tables, provenance) = try Self.read(argument, name: argument) { try? String(contentsOfFile: places.projectPath($0), encoding: .utf8) }
        }
    }

    /// The published values that stand beside `ours`, or of a table by its name (`A-table-2`).
    public init(published argument: String, beside ours: ResultsSource) throws {
        name = argument
        isPublished = true
        provenance = nil
        var found: [(name: String, table: CSV)] = []
        for (name, csv) in ours.tables where name.hasPrefix("recall") {
            let table = try Self.asExperimentError { try RecallTable(csv: csv.text, name: "\(ours.name)/\(name).csv") }
            let published = PublishedTable.all.first { $0.name == argument }.map { $0.values(for: table) } ?? table.publishedTable
            if !published.rows.isEmpty { found.append((name, try Self.asExperimentError { try CSV(published.csv, name: argument) })) }
        }
        guard !found.isEmpty else {
            throw ExperimentError("\(ours.name): nothing was published for it in \(argument); tables are \(PublishedTable.all.map(\.name).joined(separator: ", "))")
        }
        tables = found
    }

    /// Whether an argument names published values.
    public static func isPublished(_ argument: String) -> Bool { argument == "published" || PublishedTable.all.contains { $0.name == argument } }

    private static func read(_ path: String, name: String, _ text: (String) -> String?) throws -> ([(name: String, table: CSV)], ProvenanceRecord?) {
        let url = URL(fileURLWithPath: path), isFile = ["csv", "json"].contains(url.pathExtension)
        let folder = isFile ? (path.contains("/") ? String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]) : ".") : path
        let names = isFile ? [url.deletingPathExtension().lastPathComponent] : tableNames
        let tables = try names.compactMap { table -> (name: String, table: CSV)? in
            // JSON has all that a recall table has; of the others the CSV has.
            let endings = isFile ? [url.pathExtension] : table.hasPrefix("recall") ? ["json", "csv"] : ["csv"]
            for ending in endings {
                let file = "\(folder)/\(table).\(ending)"
                guard let text = text(file) else { continue }
                return (table, try asExperimentError {
                    try ending == "json" ? CSV(RecallTable(json: text, name: file).csv, name: file) : CSV(text, name: file)
                })
            }
            return nil
        }
        guard !tables.isEmpty else {
            throw ExperimentError("\(name): no such table; name a results folder, a .csv or recall.json, any of them @REVISION, or published")
        }
        let file = "\(folder)/\(ProvenanceCrate.name)"
        return (tables, try text(file).map { try ProvenanceCrate(json: $0, name: file).record })
    }

    static func asExperimentError<R>(_ body: () throws -> R) throws -> R {
        do { return try body() } catch let error as TableError { throw ExperimentError("\(error)") }
    }
}

extension PublishedTable {
    /// The published recalls of one of our tables' experiment; empty where the publication has none.
    fileprivate func values(for ours: RecallTable) -> RecallTable {
        let own = rows.filter { $0.experiment == ours.experiment && concepts == ours.concepts }
        return RecallTable(experiment: source, title: caption, concepts: concepts, rows: own.flatMap { row in
            zip(columns, row.values).map { column, value in
                RecallRow(row: row.row, method: column.method, k: column.k, recall: value, low: nil, high: nil, filters: 0, pairs: 0)
            }
        })
    }
}

/// Two results cell by cell.
public struct ResultsDiff: Sendable {
    /// The changes of all tables that both sides have.
    public let diff: TableDiff
    /// The first stage that came out differently, where both sides have their provenance.
    public let diverged: String?

    /// - Throws: `ExperimentError` when the two have no table in common.
    public init(_ old: ResultsSource, _ new: ResultsSource, tolerances: Tolerances) throws {
        let shared = old.tables.compactMap { a in new.tables.first { $0.name == a.name }.map { (a, $0) } }
        // Two single files are compared whatever their names are.
        let pairs = shared.isEmpty && old.tables.count == 1 && new.tables.count == 1 ? [(old.tables[0], new.tables[0])] : shared
        guard !pairs.isEmpty else {
            throw ExperimentError("\(old.name) has \(old.tables.map(\.name).joined(separator: ", ")), \(new.name) has \(new.tables.map(\.name).joined(separator: ", ")): no table in common")
        }
        let isPublished = old.isPublished || new.isPublished
        var diffs = try ResultsSource.asExperimentError {
            try pairs.map { a, b in
                var diff = TableDiff(
                    try ComparableTable(a.table, name: old.name, columns: isPublished ? ["recall"] : nil),
                    try ComparableTable(b.table, name: new.name, columns: isPublished ? ["recall"] : nil), tolerances: tolerances, oldIsPart: isPublished)
                if pairs.count > 1 { diff.changes = diff.changes.map { $0.inTable(a.name) } }
                return diff
            }
        }
        if !isPublished { diffs += Self.missing(old, new, pairs.map(\.0.name)) }
        var whole = diffs[0]
        whole.compared = diffs.reduce(0) { $0 + $1.compared }
        whole.changes = diffs.flatMap(\.changes)
        diff = whole
        diverged = old.provenance.flatMap { a in new.provenance.flatMap { ProvenanceRecord.divergence(a, $0) } }
    }

    /// Tables that only one side has, as one change each.
    private static func missing(_ old: ResultsSource, _ new: ResultsSource, _ shared: [String]) -> [TableDiff] {
        guard old.tables.count > 1 || new.tables.count > 1 else { return [] }
        let sides = [(old.tables, true), (new.tables, false)]
        return sides.flatMap { tables, isOld in
            tables.filter { !shared.contains($0.name) }.map { table in
                TableDiff(missingTable: table.name, rows: table.table.rows.count, old: old.name, new: new.name, isInOld: isOld)
            }
        }
    }
}
