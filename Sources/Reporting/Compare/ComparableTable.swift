/// A results table with its rows under names, so that two of them can be held beside each other.
public struct ComparableTable: Sendable, Equatable {
    /// Columns that name a row.
    private static let keys = ["row", "deviation", "filter", "method", "explanation", "metric", "epoch", "k"]
    /// Columns that tell whose table it is, not what it says.
    private static let ignored = ["experiment"]

    /// The file's, for messages.
    public var name: String
    /// The columns that name this table's rows; none: rows are named by their line.
    public var keyColumns: Set<String>
    /// Columns compared, in order.
    public var columns: [String]
    /// Rows in order: their key (`projection, 5`) and a cell a column.
    public var rows: [(key: String, cells: [String])]

    /// By all fields; rows are tuples, which have no `==` to derive it from.
    public static func == (a: Self, b: Self) -> Bool {
        a.name == b.name && a.keyColumns == b.keyColumns && a.columns == b.columns
            && a.rows.elementsEqual(b.rows) { $0 == $1 }
    }

    /// - Parameter columns: compare these only; nil for all.
    /// - Throws: `TableError` when two rows have the same name, or there is nothing to compare: two empty tables are no
    ///   agreement.
    public init(_ table: CSV, name: String, columns: Set<String>? = nil) throws {
        let keyed = Self.keys.compactMap { table.header.firstIndex(of: $0) }
        let compared = table.header.indices.filter { column in
            !keyed.contains(column) && !Self.ignored.contains(table.header[column])
                && columns?.contains(table.header[column]) ?? true
        }
        self.name = name
        keyColumns = Set(keyed.map { table.header[$0] })
        self.columns = compared.map { table.header[$0] }
        rows = table.rows.enumerated().map { index, cells in
            let key = keyed.map { cells[$0] }.joined(separator: ", ")
            return (key.isEmpty ? "line \(index + 2)" : key, compared.map { cells[$0] })
        }
        guard !self.columns.isEmpty, !rows.isEmpty else {
            throw TableError(
                file: name, line: 1, reason: "no cell to compare; expected a header and a row for every result")
        }
        var seen: Set<String> = []
        for (index, row) in rows.enumerated() where !seen.insert(row.key).inserted {
            throw TableError(file: name, line: index + 2, reason: "a second row for \(row.key)")
        }
    }

    /// Why two tables cannot be held beside each other; nil when they can.
    public func strangeness(to other: ComparableTable) -> String? {
        func list(_ keys: Set<String>) -> String { keys.isEmpty ? "line" : keys.sorted().joined(separator: " and ") }
        guard keyColumns == other.keyColumns else {
            return "its rows are named by \(list(keyColumns)), the other's by \(list(other.keyColumns))"
        }
        guard columns.contains(where: other.columns.contains) else { return "they have no column in common" }
        let theirs = Set(other.rows.map(\.key))
        return rows.contains { theirs.contains($0.key) } ? nil : "they have no row in common"
    }

    /// - Throws: `TableError` when two rows have the same name.
    public init(_ table: RecallTable, name: String, columns: Set<String>? = nil) throws {
        try self.init(CSV(table.csv, name: name), name: name, columns: columns)
    }
}
