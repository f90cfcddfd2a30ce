/// A table's Markdown as a terminal shows it: columns aligned, no wider than the terminal.
struct MarkdownText {
    private let lines: [String]

    init(_ markdown: String) {
        lines = markdown.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    func text(width: Int, style: Style) -> String {
        var result: [String] = []
        var table: [[String]] = []
        for line in lines + [""] {
            if line.hasPrefix("|") {
                table.append(Self.cells(line))
                continue
            }
            if !table.isEmpty {
                result += Self.drawn(table, width, style)
                table = []
            }
            result +=
                line.hasPrefix("# ")
                ? Self.wrapped(String(line.dropFirst(2)), width).map(style.strong) : Self.wrapped(line, width)
        }
        while result.last == "" { result.removeLast() }
        return result.joined(separator: "\n") + "\n"
    }

    private static func cells(_ line: String) -> [String] {
        var cells: [String] = []
        var cell = ""
        var isEscaped = false
        for character in line.dropFirst() {
            switch character {
            case _ where isEscaped:
                cell.append(character)
                isEscaped = false
            case "\\": isEscaped = true
            case "|":
                cells.append(cell.trimmingSpaces)
                cell = ""
            default: cell.append(character)
            }
        }
        return cells
    }

    /// Columns in which every row says the same are said once, below, where there is no room for them.
    private static func drawn(_ table: [[String]], _ width: Int, _ style: Style) -> [String] {
        guard table.count > 2 else { return [] }
        let head = table[0]
        let isNumber = table[1].map { $0.hasSuffix(":") }
        let rows = table[2...].map { $0 }
        var kept = Array(head.indices)
        var said: [String] = []
        func widths() -> [Int] { kept.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 } }
        func isTooWide() -> Bool { widths().reduce(0, +) + 2 * (kept.count - 1) > width }
        for column in head.indices.reversed()
        where isTooWide() && rows.count > 1 && Set(rows.map { $0[column] }).count == 1 {
            kept.removeAll { $0 == column }
            said.insert("\(head[column]) \(rows[0][column])", at: 0)
        }
        var shown = ([head] + rows).map { row in kept.map { row[$0] } }
        if isTooWide() { shown = shown.map { $0.map(withoutZeros) } }
        let final = kept.indices.map { column in shown.map { $0[column].count }.max() ?? 0 }
        let lines = shown.map { row in
            Format.clipped(
                zip(zip(row, final), kept).map { cell, column in
                    let space = String(repeating: " ", count: cell.1 - cell.0.count)
                    return isNumber[column] ? space + cell.0 : cell.0 + space
                }.joined(separator: "  ").trimmingTrailingSpaces, to: width)
        }
        let note = said.isEmpty ? [] : wrapped("in every row: " + said.joined(separator: ", "), width).map(style.faint)
        return [style.faint(lines[0])] + lines.dropFirst() + note
    }

    /// `0.384 [0.353, 0.415]` as `.384 [.353, .415]`.
    private static func withoutZeros(_ cell: String) -> String {
        var result = ""
        var isInNumber = false
        let characters = Array(cell)
        for (place, character) in characters.enumerated() {
            let next = place + 1 < characters.count ? characters[place + 1] : " "
            if character == "0", next == ".", !isInNumber { continue }
            isInNumber = character.isNumber || character == "."
            result.append(character)
        }
        return result
    }

    private static func wrapped(_ line: String, _ width: Int) -> [String] {
        guard line.count > width, width > 8 else { return [line] }
        let indent = line.hasPrefix("- ") ? "  " : ""
        var lines: [String] = []
        var current = ""
        for word in line.split(separator: " ", omittingEmptySubsequences: false) {
            if !current.isEmpty, current.count + 1 + word.count > width {
                lines.append(current)
                current = indent + word
            } else {
                current += (current.isEmpty ? "" : " ") + word
            }
        }
        return lines + [current]
    }
}

extension String {
    fileprivate var trimmingSpaces: String { trimmingTrailingSpaces.drop { $0 == " " }.description }

    fileprivate var trimmingTrailingSpaces: String {
        var text = self
        while text.hasSuffix(" ") { text.removeLast() }
        return text
    }
}
