import Fingerprints

/// A cell that differs between two tables.
public struct CellChange: Sendable, Equatable {
    /// The row's key.
    public var row: String
    public var column: String
    /// nil where that side has no such cell.
    public var old: String?
    public var new: String?
    /// new − old, of a list the largest; nil where either is no number.
    public var absolute: Double?
    /// The absolute change as a share of the old number.
    public var relative: Double?
    public var isWithinTolerance: Bool
}

/// Two tables cell by cell.
public struct TableDiff: Sendable, Equatable {
    public var old: String
    public var new: String
    /// Cells compared.
    public var compared: Int
    /// Those that differ, in the tables' order.
    public var changes: [CellChange]

    public var isWithinTolerance: Bool { changes.allSatisfy(\.isWithinTolerance) }

    /// - Parameter oldIsPart: rows that only the new table has are no change: a published table has fewer.
    public init(
        _ old: ComparableTable, _ new: ComparableTable, tolerances: Tolerances = Tolerances(), oldIsPart: Bool = false
    ) {
        self.old = old.name
        self.new = new.name
        let columns = old.columns + new.columns.filter { !old.columns.contains($0) }
        let oldRows = Dictionary(uniqueKeysWithValues: old.rows.map { ($0.key, $0.cells) })
        let newRows = Dictionary(uniqueKeysWithValues: new.rows.map { ($0.key, $0.cells) })
        var keys = old.rows.map(\.key)
        if !oldIsPart { keys += new.rows.map(\.key).filter { oldRows[$0] == nil } }
        compared = 0
        changes = []
        for key in keys {
            for column in columns {
                let a = Self.cell(oldRows[key], column, old.columns), b = Self.cell(newRows[key], column, new.columns)
                compared += 1
                guard a != b else { continue }
                changes.append(Self.change(row: key, column: column, a, b, tolerances[column]))
            }
        }
    }

    private static func cell(_ cells: [String]?, _ column: String, _ columns: [String]) -> String? {
        guard let cells, let index = columns.firstIndex(of: column) else { return nil }
        return cells[index]
    }

    private static func change(
        row: String, column: String, _ old: String?, _ new: String?, _ tolerance: Tolerance
    ) -> CellChange {
        var change = CellChange(row: row, column: column, old: old, new: new, isWithinTolerance: false)
        guard let a = numbers(old), let b = numbers(new), a.count == b.count else { return change }
        change.isWithinTolerance = zip(a, b).allSatisfy(tolerance.allows)
        if let (first, second) = zip(a, b).max(by: { ($0.1 - $0.0).magnitude < ($1.1 - $1.0).magnitude }) {
            change.absolute = second - first
            change.relative = first == 0 ? nil : (second - first) / first.magnitude
        }
        return change
    }

    /// A cell's number, or its numbers when it is a list separated by spaces.
    private static func numbers(_ cell: String?) -> [Double]? {
        guard let cell, !cell.isEmpty else { return nil }
        let words = cell.split(separator: " "), numbers = words.compactMap { Double($0) }
        return numbers.count == words.count ? numbers : nil
    }
}

extension TableDiff {
    /// One line: how many cells differ, and how many by too much.
    public var summary: String {
        if changes.isEmpty { return "\(new) equals \(old): \(compared) cells" }
        let outside = changes.count { !$0.isWithinTolerance }
        return "\(new) against \(old): \(changes.count) of \(compared) cells differ, \(outside) outside tolerance"
    }

    private func cells(_ change: CellChange) -> [String] {
        let absolute = change.absolute.map { ($0 < 0 ? "" : "+") + fixed($0, Decimals.stored) } ?? ""
        let relative = change.relative.map { ($0 < 0 ? "" : "+") + fixed($0 * 100, 2) + " %" } ?? ""
        return [change.row, change.column, change.old ?? "–", change.new ?? "–", absolute, relative,
                change.isWithinTolerance ? "within" : "outside"]
    }

    private static let columns = ["row", "column", "old", "new", "change", "relative", "tolerance"]

    public var markdown: String {
        let table = TextTable(
            columns: Self.columns, textColumns: 2, rows: changes.map { cells($0).map(TextTable.Cell.text) })
        return changes.isEmpty ? summary + "\n" : "\(summary)\n\n\(table.markdown)"
    }

    /// For a terminal: aligned, with what is outside tolerance in red where `colour` is on.
    public func text(colour: Bool) -> String {
        guard !changes.isEmpty else { return summary + "\n" }
        let lines = [Self.columns] + changes.map(cells)
        let widths = Self.columns.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        let padded = lines.map { line in
            line.enumerated().map { index, cell in
                let space = String(repeating: " ", count: widths[index] - cell.count)
                return index < 2 ? cell + space : space + cell
            }.joined(separator: "  ")
        }
        let body = zip(padded.dropFirst(), changes).map { line, change in
            colour ? "\u{1B}[\(change.isWithinTolerance ? 32 : 31)m\(line)\u{1B}[0m" : line
        }
        return ([padded[0]] + body + [summary]).map { $0 + "\n" }.joined()
    }

    public var json: String {
        func text(_ cell: String?) -> Value { cell.map(Value.string) ?? .null }
        func number(_ value: Double?) -> Value { rounded(value, Decimals.stored).map(Value.double) ?? .null }
        let value: Value = [
            "schema": 1, "old": .string(old), "new": .string(new), "compared": .int(compared),
            "within_tolerance": .bool(isWithinTolerance),
            "changes": .array(changes.map { change in
                [
                    "row": .string(change.row), "column": .string(change.column), "old": text(change.old),
                    "new": text(change.new), "absolute": number(change.absolute), "relative": number(change.relative),
                    "within_tolerance": .bool(change.isWithinTolerance),
                ]
            }),
        ]
        return value.json(pretty: true) + "\n"
    }
}
