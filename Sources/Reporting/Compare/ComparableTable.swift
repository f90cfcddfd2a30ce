/// A results table with its rows under names, so that two of them can be held beside each other.
public struct ComparableTable: Sendable, Equatable {
    /// Columns that name a row.
    private static let keys = ["row", "deviation", "filter", "method", "epoch", "k"]
    /// Columns that tell whose table it is, not what it says.
    private static let ignored = ["experiment"]

    public var name: String
    /// Columns compared, in order.
    public var columns: [String]
    /// Rows in order: their key (`projection, 5`) and a cell a column.
    public var rows: [(key: String, cells: [String])]

    public static func == (a: Self, b: Self) -> Bool {
        a.name == b.name && a.columns == b.columns && a.rows.elementsEqual(b.rows) { $0 == $1 }
    }

    /// - Parameter columns: compare these only; nil for all.
    /// - Throws: `TableError` when two rows have the same name, or there is nothing to compare: two empty tables are no agreement.
    public init(_ table: CSV, name: String, columns: Set<String>? = nil) throws {
        let keyed = Self.keys.compactMap { table.header.firstIndex(of: $0) }
        let compared = table.header.indices.filter { column in
            !keyed.contains(column) && !Self.ignored.contains(table.header[column])
                && columns?.contains(table.header[column]) ?? true
        }
        self.name = name
        self.columns = compared.map { table.header[$0] }
        rows = table.rows.enumerated().map { index, cells in
            let key = keyed.map { cells[$0] }.joined(separator: ", ")
            return (key.isEmpty ? "line \(index + 2)" : key, compared.map { cells[$0] })
        }
        guard !self.columns.isEmpty, !rows.isEmpty else {
            throw TableError(file: name, line: 1, reason: "no cell to compare; expected a header and a row for every result")
        }
        var seen: Set<String> = []
        for (index, row) in rows.enumerated() where !seen.insert(row.key).inserted {
            throw TableError(file: name, line: index + 2, reason: "a second row for \(row.key)")
        }
    }

    /// - Throws: `TableError` when two rows have the same name.
    public init(_ table: RecallTable, name: String, columns: Set<String>? = nil) throws {
        try self.init(CSV(table.csv, name: name), name: name, columns: columns)
    }
}
