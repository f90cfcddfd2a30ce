import Fingerprints
import Foundation

/// A cell that differs between two tables.
public struct CellChange: Sendable, Equatable {
    /// The table, where several were compared.
    public var table: String?
    /// The row's key.
    public var row: String
    /// The column's heading.
    public var column: String
    /// nil where that side has no such cell.
    public var old: String?
    /// nil where that side has no such cell.
    public var new: String?
    /// new − old, of a list the largest; nil where either is no number.
    public var absolute: Double?
    /// The absolute change as a share of the old number.
    public var relative: Double?
    /// Whether the change is as small as the column's tolerance allows.
    public var isWithinTolerance: Bool

    /// The same change, said to be in one of several tables.
    public func inTable(_ name: String) -> CellChange {
        var change = self
        change.table = name
        return change
    }
}

/// Two tables cell by cell.
public struct TableDiff: Sendable, Equatable {
    /// The old table's name.
    public var old: String
    /// The new table's name.
    public var new: String
    /// Cells compared.
    public var compared: Int
    /// Those that differ, in the tables' order.
    public var changes: [CellChange]

    /// Whether every change is: then the tables agree.
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

    /// A table that only one side has: a change of all its rows.
    public init(missingTable table: String, rows: Int, old: String, new: String, isInOld: Bool) {
        let count = "\(rows) rows"
        self.init(wholeTable: table, old: (old, isInOld ? count : nil), new: (new, isInOld ? nil : count))
    }

    /// Two tables of one name whose rows have nothing to do with each other: one change.
    public init(unrelated table: String, _ old: ComparableTable, _ new: ComparableTable) {
        self.init(
            wholeTable: table, old: (old.name, "\(old.rows.count) rows"), new: (new.name, "\(new.rows.count) others"))
    }

    private init(wholeTable table: String, old: (name: String, text: String?), new: (name: String, text: String?)) {
        (self.old, self.new, compared) = (old.name, new.name, 1)
        changes = [
            CellChange(table: table, row: "", column: "", old: old.text, new: new.text, isWithinTolerance: false)
        ]
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
            let absolute = (second - first).double
            change.absolute = absolute
            change.relative = first == 0 ? nil : absolute / first.magnitude.double
        }
        return change
    }

    /// A cell's number, or its numbers when it is a list separated by spaces.
    private static func numbers(_ cell: String?) -> [Decimal]? {
        guard let cell, !cell.isEmpty else { return nil }
        let words = cell.split(separator: " "), numbers = words.compactMap { Decimal(printed: $0) }
        return numbers.count == words.count ? numbers : nil
    }
}

extension Decimal {
    fileprivate var double: Double { NSDecimalNumber(decimal: self).doubleValue }
}

extension TableDiff {
    /// One line: how many cells differ, and how many by too much.
    public var summary: String {
        if changes.isEmpty { return "\(new) equals \(old): \(compared) cells" }
        let outside = changes.count { !$0.isWithinTolerance }
        return "\(new) against \(old): \(changes.count) of \(compared) cells differ, \(outside) outside tolerance"
    }

    private func cells(_ change: CellChange) -> [String] {
        let absolute = Self.signed(change.absolute, Decimals.stored)
        let relative = change.relative.map { Self.signed($0 * 100, 2) + " %" } ?? ""
        let row = [change.table, change.row].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": ")
        return [
            row, change.column, change.old ?? "–", change.new ?? "–", absolute, relative,
            change.isWithinTolerance ? "within" : "outside",
        ]
    }

    private static let columns = ["row", "column", "old", "new", "change", "relative", "tolerance"]

    /// - Parameter most: so many changes; of the others their number.
    public func markdown(most: Int = .max) -> String {
        let table = TextTable(
            columns: Self.columns, textColumns: 2,
            rows: changes.prefix(most).map { cells($0).map(TextTable.Cell.text) })
        let rest = more(than: most).map { "\n\($0)\n" } ?? ""
        return changes.isEmpty ? summary + "\n" : "\(summary)\n\n\(table.markdown)\(rest)"
    }

    private func more(than most: Int) -> String? {
        changes.count > most ? "… and \(changes.count - most) more changes; --all shows them" : nil
    }

    /// For a terminal of 80 columns: a line a change under its table's name, long cells shortened, `!` (and red where
    /// `colour` is on) before what is outside tolerance.
    /// - Parameter most: so many changes; of the others their number.
    public func text(colour: Bool, most: Int = .max) -> String {
        guard !changes.isEmpty else { return summary + "\n" }
        let rest = more(than: most).map { "\($0)\n" } ?? "", changes = changes.prefix(most)
        let lines =
            [["", "row", "column", "old", "new", "change", "relative"]]
            + changes.map { change in
                [
                    change.isWithinTolerance ? "" : "!", Self.shortened(change.row, 22),
                    Self.shortened(change.column, 12),
                    Self.shortened(change.old ?? "–", 8), Self.shortened(change.new ?? "–", 8),
                    Self.signed(change.absolute, 4), change.relative.map { Self.signed($0 * 100, 1) + " %" } ?? "",
                ]
            }
        let widths = lines[0].indices.map { column in max(1, lines.map { $0[column].count }.max() ?? 0) }
        let padded = lines.map { line in
            line.enumerated().map { index, cell in
                let space = String(repeating: " ", count: widths[index] - cell.count)
                return index < 3 ? cell + space : space + cell
            }
        }.map { cells in cells[0] + " " + cells[1...].joined(separator: "  ") }
        var text = padded[0] + "\n", table: String?
        for (line, change) in zip(padded.dropFirst(), changes) {
            if change.table != table { text += "\(change.table ?? ""):\n" }
            table = change.table
            text += (colour ? "\u{1B}[\(change.isWithinTolerance ? 32 : 31)m\(line)\u{1B}[0m" : line) + "\n"
        }
        return text + rest + summary + "\n"
    }

    private static func signed(_ number: Double?, _ decimals: Int) -> String {
        number.map { ($0 < 0 ? "" : "+") + fixed($0, decimals) } ?? ""
    }

    /// The text with its middle left out where it is longer than `most`.
    private static func shortened(_ text: String, _ most: Int) -> String {
        text.count <= most ? text : "\(text.prefix(most / 2))…\(text.suffix((most - 1) / 2))"
    }

    /// The changes, each with its table where there are several.
    public var value: Value {
        func text(_ cell: String?) -> Value { cell.map(Value.string) ?? .null }
        func number(_ value: Double?) -> Value { rounded(value, Decimals.stored).map(Value.double) ?? .null }
        return [
            "schema": 1, "old": .string(old), "new": .string(new), "compared": .int(compared),
            "within_tolerance": .bool(isWithinTolerance),
            "changes": .array(
                changes.map { change in
                    [
                        "table": text(change.table), "row": .string(change.row), "column": .string(change.column),
                        "old": text(change.old),
                        "new": text(change.new), "absolute": number(change.absolute),
                        "relative": number(change.relative),
                        "within_tolerance": .bool(change.isWithinTolerance),
                    ]
                }),
        ]
    }

    /// `value` as text, for `--json`.
    public var json: String { value.json(pretty: true) + "\n" }
}
