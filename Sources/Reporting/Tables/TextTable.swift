/// A table for people, as Markdown or LaTeX.
public struct TextTable: Sendable, Equatable {
    /// What stands in a cell; numbers are shown with `Decimals.shown` places, missing ones as a dash.
    public enum Cell: Sendable, Equatable {
        case text(String)
        case integer(Int)
        case number(Double?)
        /// A number with its interval.
        case estimate(Double?, low: Double?, high: Double?)
        /// A change, always with its sign.
        case change(Double?, low: Double?, high: Double?)
    }

    /// The headings.
    public var columns: [String]
    /// How many columns from the left hold words; the others hold numbers.
    public var textColumns: Int
    /// A cell a column each.
    public var rows: [[Cell]]

    /// - Parameter textColumns: how many columns from the left hold words.
    public init(columns: [String], textColumns: Int = 1, rows: [[Cell]] = []) {
        self.columns = columns
        self.textColumns = textColumns
        self.rows = rows
    }

    /// GitHub's Markdown.
    public var markdown: String {
        let rule = columns.indices.map { $0 < textColumns ? "---" : "---:" }
        let lines =
            [columns.map(Self.markdownEscaped), rule]
            + rows.map {
                $0.map { cell in
                    Self.markdownEscaped(cell.shown(missing: "–") { "\($0) [\($1), \($2)]" })
                }
            }
        return lines.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }

    /// A `tabular` with booktabs' rules.
    public var latex: String {
        let alignment = columns.indices.map { $0 < textColumns ? "l" : "r" }.joined()
        func line(_ cells: [String]) -> String { cells.joined(separator: " & ") + " \\\\\n" }
        let body = rows.map { row in
            line(
                row.map { cell in
                    if case .text(let text) = cell { return Self.latexEscaped(text) }
                    return cell.shown(missing: "--") { "\($0) {\\scriptsize [\($1), \($2)]}" }
                })
        }
        return "\\begin{tabular}{\(alignment)}\n\\toprule\n" + line(columns.map(Self.latexEscaped))
            + "\\midrule\n" + body.joined() + "\\bottomrule\n\\end{tabular}\n"
    }

    static func markdownEscaped(_ text: String) -> String {
        text.map { $0 == "|" || $0 == "\\" ? "\\\($0)" : $0.isNewline ? " " : String($0) }.joined()
    }

    static func latexEscaped(_ text: String) -> String {
        text.map { character in
            switch character {
            case "&", "%", "$", "#", "_", "{", "}": "\\\(character)"
            case "~": "\\textasciitilde{}"
            case "^": "\\textasciicircum{}"
            case "\\": "\\textbackslash{}"
            case "–": "--"
            case "±": "$\\pm$"
            case "−": "$-$"
            case "Δ": "$\\Delta$"
            default: character.isNewline ? " " : String(character)
            }
        }.joined()
    }
}

extension TextTable.Cell {
    /// The cell as text; `interval` joins a number and its bounds, `text` escapes words.
    func shown(
        missing: String, interval: (String, String, String) -> String, text escape: (String) -> String = { $0 }
    ) -> String {
        func plain(_ number: Double) -> String { fixed(number, Decimals.shown) }
        func signed(_ number: Double) -> String { number < 0 ? plain(number) : "+" + plain(number) }
        func joined(_ value: Double?, _ low: Double?, _ high: Double?, _ text: (Double) -> String) -> String {
            guard let value, value.isFinite else { return missing }
            guard let low, let high, low.isFinite, high.isFinite else { return text(value) }
            return interval(text(value), text(low), text(high))
        }
        return switch self {
        case .text(let text): escape(text)
        case .integer(let number): String(number)
        case .number(let number): joined(number, nil, nil, plain)
        case .estimate(let value, let low, let high): joined(value, low, high, plain)
        case .change(let value, let low, let high): joined(value, low, high, signed)
        }
    }
}
