import Fingerprints

extension CSV {
    /// The cells that a table's JSON has: `{"experiment", …, "rows": [{…}]}`, a column a member, of the row or of the
    /// whole.
    /// - Parameters:
    ///   - header: the columns wanted.
    ///   - name: the file, for errors.
    /// - Throws: `TableError` for what is no JSON of a table.
    public init(json text: String, header: [String], name: String) throws {
        let value: Value
        do {
            value = try Value(json: text)
        } catch {
            throw TableError(file: name, line: error.line, reason: error.message)
        }
        guard let rows = value["rows"]?.arrayValue else { throw TableError(file: name, reason: "rows is missing") }
        self.init(header: header, rows: rows.map { row in header.map { Self.cell(row[$0] ?? value[$0]) } })
    }

    private static func cell(_ value: Value?) -> String {
        switch value {
        case .string(let text)?: text
        case .int(let number)?: String(number)
        case .double(let number)?: fixed(number, Decimals.stored)
        case .bool, .array, .object: value?.json(pretty: false) ?? ""
        case nil, .null?: ""
        }
    }

    /// The first cell that differs from another table's, `recall of row 3`; numbers count by their value.
    public func difference(from other: CSV) -> String? {
        guard header == other.header else { return "columns" }
        guard rows.count == other.rows.count else { return "\(rows.count) and \(other.rows.count) rows" }
        for (index, (own, theirs)) in zip(rows, other.rows).enumerated() {
            for (column, (a, b)) in zip(header, zip(own, theirs))
            where a != b && (Double(a) == nil || Double(a) != Double(b)) {
                return "\(column) of row \(index + 1) is \(a.isEmpty ? "empty" : a) and \(b.isEmpty ? "empty" : b)"
            }
        }
        return nil
    }
}
