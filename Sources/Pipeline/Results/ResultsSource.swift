import Engine
import Foundation
import Reporting

/// One side of a comparison: the tables of a results folder or of one file, on disk or at a git revision, or published
/// values.
public struct ResultsSource: Sendable {
    /// A table by its file's name without the ending.
    struct Table: Sendable {
        var name: String
        /// What its CSV says; where there is none, its JSON.
        var csv: CSV
        /// What its JSON says, where that is something else.
        var json: CSV?
    }

    /// As the user named it.
    public let name: String
    let tables: [Table]
    let provenance: ProvenanceRecord?
    /// Published tables have fewer rows and columns than ours.
    let isPublished: Bool
    let isFile: Bool
    /// Files that disagree with each other or with the provenance, a line each.
    public let disagreements: [String]

    /// - Parameter argument: a results folder, a table in `.csv` or `.json`; each may end in `@REVISION`.
    /// - Throws: `ExperimentError` when there is none, or it is no table.
    public init(_ argument: String, project: Project) throws {
        let places = project.places, path = places.argumentPath(argument)
        guard argument.contains("@"), try !places.isThere(path) else {
            try self.init(argument, at: argument) {
                try LocalFileSystem().read(places.argumentPath($0)).map { Data($0) }
            }
            let slash = argument.lastIndex(of: "/") ?? argument.startIndex
            let place = ResultsPlace(isFile ? String(argument[..<slash]) : argument, places: places, isArgument: true)
            // A file by itself is no results folder's, unless provenance beside it says so.
            guard let folder = try ResultsFolder(place), !isFile || folder.crate != nil else { return }
            concerns = try [folder.concern(project)].compactMap { $0 }
            return
        }
        let git = Git(places.start), (folder, revision) = try Self.split(argument, git)
        guard !argument.hasPrefix("/") else {
            throw ExperimentError(
                "\(argument): a path at a git revision is relative: it starts here, or at the folder of -C")
        }
        try self.init(argument, at: folder) { git.file($0, at: revision).map { Data($0.utf8) } }
    }

    /// A path and a git revision; both may have an `@` of their own: `results/demo@train.epochs=3@HEAD~1`,
    /// `results/demo@HEAD@{1}`.
    private static func split(_ argument: String, _ git: Git) throws -> (path: String, revision: String) {
        let splits = argument.indices.filter { argument[$0] == "@" }.map { at in
            (path: String(argument[..<at]), revision: String(argument[argument.index(after: at)...]))
        }
        if let found = splits.first(where: { (try? git.check($0.revision)) != nil }) { return found }
        guard let last = splits.last, !last.revision.contains("=") else {
            throw ExperimentError("\(argument): no such results folder; run the experiment with these settings first")
        }
        try git.check(last.revision)
        return last
    }

    private init(_ name: String, at path: String, read: (String) throws -> Data?) throws {
        let url = URL(fileURLWithPath: path), isFile = ["csv", "json"].contains(url.pathExtension)
        let folder =
            isFile ? (path.contains("/") ? String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]) : ".") : path
        let results = try ResultsFolder(folder) { try read("\(folder)/\($0)") }
        var disagreements: [String] = []
        func text(_ file: String) throws -> String? {
            try read("\(folder)/\(file)").map { String(decoding: $0, as: UTF8.self) }
        }
        if isFile {
            guard let own = try text(url.lastPathComponent) else { throw Self.noTable(name) }
            let table =
                url.pathExtension == "csv" ? try Self.csv(own, name) : try Self.csv(json: own, text, url, name)
            tables = [Table(name: url.deletingPathExtension().lastPathComponent, csv: table)]
            disagreements = results.damage.filter { $0.hasPrefix(url.lastPathComponent + " ") }.map {
                "\(folder): \($0) since its run"
            }
        } else {
            disagreements = results.damage.map { "\(name): \($0) since its run" }
            tables = try ResultsNames.tables.compactMap {
                try Self.table($0, of: results, name, text, &disagreements)
            }
            guard !tables.isEmpty else { throw Self.noTable(name) }
        }
        self.name = name
        self.isFile = isFile
        self.disagreements = disagreements
        isPublished = false
        provenance = results.crate?.record
    }

    private static func noTable(_ name: String) -> ExperimentError {
        ExperimentError(
            "\(name): no such table; name a results folder, a .csv or recall.json, any of them @REVISION, or published"
        )
    }

    private static func csv(_ text: String, _ name: String) throws -> CSV {
        try asExperimentError { try CSV(text, name: name) }
    }

    /// A JSON by itself: of a recall table, or of one with a CSV beside it that has its columns.
    private static func csv(json: String, _ text: (String) throws -> String?, _ url: URL, _ name: String) throws -> CSV
    {
        try asExperimentError {
            let beside = try text(url.deletingPathExtension().lastPathComponent + ".csv")
            if url.lastPathComponent.hasPrefix("recall") || beside == nil {
                return try CSV(RecallTable(json: json, name: name).csv, name: name)
            }
            return try CSV(json: json, header: CSV(beside ?? "", name: name).header, name: name)
        }
    }

    /// A table of a folder with all its files; nil where there is none, or the folder's provenance says that it is of
    /// another run.
    private static func table(
        _ table: (name: String, endings: [String]), of results: ResultsFolder, _ shown: String,
        _ text: (String) throws -> String?,
        _ disagreements: inout [String]
    ) throws -> Table? {
        let listed = results.crate.map { Set($0.files.map(\.name)) }
        func own(_ ending: String) throws -> String? {
            let file = "\(table.name).\(ending)"
            return table.endings.contains(ending) && listed?.contains(file) ?? true ? try text(file) : nil
        }
        let place = "\(shown)/\(table.name)"
        let json = try own("json").map { text in
            try asExperimentError {
                let header = try own("csv").map { try CSV($0, name: place + ".csv").header }
                return try header.map { try CSV(json: text, header: $0, name: place + ".json") }
                    ?? CSV(RecallTable(json: text, name: place + ".json").csv, name: place)
            }
        }
        guard let csv = try own("csv").map({ try Self.csv($0, place + ".csv") }) ?? json else { return nil }
        let difference = json.flatMap { csv.difference(from: $0) }
        if let difference {
            disagreements.append("\(shown): \(table.name).csv and \(table.name).json disagree: \(difference)")
        }
        // Where the provenance knows a file, its digest says more than what is shown in it.
        for ending in ["md", "tex"] where listed == nil {
            guard let shownText = try own(ending),
                let row = ShownNumbers.disagreement(of: shownText, with: csv, table: table.name)
            else { continue }
            disagreements.append("\(shown): \(table.name).\(ending) and the numbers beside it disagree: \(row)")
        }
        return Table(name: table.name, csv: csv, json: difference == nil ? nil : json)
    }

    /// The published values that stand beside `ours`, or of a table by its name (`A-table-2`).
    /// - Throws: `ExperimentError` when nothing was published for it, or a table is asked for by name and ours is not
    ///   the experiment that it names.
    public init(published argument: String, beside ours: ResultsSource) throws {
        name = argument
        isPublished = true
        isFile = false
        provenance = nil
        if let concern = ours.concerns.first, PublishedTable.all.contains(where: { $0.name == argument }) {
            throw ExperimentError(
                "\(concern), and so is not what stands in \(argument); "
                    + "compare it with `published`, or write it again with lavise-pipeline run")
        }
        disagreements = []
        var found: [Table] = []
        for table in ours.tables where table.name.hasPrefix("recall") {
            let own = try Self.asExperimentError {
                try RecallTable(csv: table.csv.text, name: "\(ours.name)/\(table.name).csv")
            }
            let published =
                PublishedTable.all.first { $0.name == argument }.map { $0.values(for: own) } ?? own.publishedTable
            if !published.rows.isEmpty {
                found.append(Table(name: table.name, csv: try Self.csv(published.csv, argument)))
            }
        }
        guard !found.isEmpty else {
            throw ExperimentError(
                "\(ours.name): nothing was published for it in \(argument); "
                    + "tables are \(PublishedTable.all.map(\.name).joined(separator: ", "))")
        }
        tables = found
    }

    /// What there is to say of whose results these are.
    public private(set) var concerns: [String] = []

    /// Whether an argument names published values.
    public static func isPublished(_ argument: String) -> Bool {
        argument == "published" || PublishedTable.all.contains { $0.name == argument }
    }

    static func asExperimentError<R>(_ body: () throws -> R) throws -> R {
        do { return try body() } catch let error as TableError { throw ExperimentError("\(error)") }
    }
}

extension PublishedTable {
    /// The published recalls of one of our tables' experiment; empty where the publication has none.
    fileprivate func values(for ours: RecallTable) -> RecallTable {
        let own = rows.filter { $0.experiment == ours.experiment && concepts == ours.concepts }
        return RecallTable(
            experiment: source, title: caption, concepts: concepts,
            rows: own.flatMap { row in
                zip(columns, row.values).compactMap { column, value -> RecallRow? in
                    guard case .recall(let k) = column.measure else { return nil }
                    return RecallRow(
                        row: row.row, method: column.method, k: k, recall: value, low: nil, high: nil, filters: 0,
                        pairs: 0)
                }
            })
    }
}
