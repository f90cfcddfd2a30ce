/// One number of a table of scores: an explanation's by a metric.
public struct ScoreRow: Sendable, Equatable, Codable {
    /// The row of a matrix experiment; nil for a plain one.
    public var row: String?
    /// A method, a peer or another tool's name.
    public var explanation: String
    /// The metric's name, as experiments say it.
    public var metric: String
    /// nil where nothing could be scored.
    public var score: Double?
    /// Bounds of the 95 % interval over units; nil where there is none.
    public var low: Double?
    /// The upper bound.
    public var high: Double?
    /// Units that the score is a mean over.
    public var units: Int
    /// The score minus that of the table's `reference`, over the same draws of units; nil for itself.
    public var difference: Double?
    /// The lower bound of the difference's 95 % interval.
    public var differenceLow: Double?
    /// The upper bound of it.
    public var differenceHigh: Double?

    /// - Parameters:
    ///   - low: the lower bound over units; nil where there is no interval.
    ///   - units: that the score is a mean over.
    ///   - difference: from the table's `reference`; nil for itself.
    public init(
        row: String? = nil, explanation: String, metric: String, score: Double?, low: Double? = nil,
        high: Double? = nil, units: Int,
        difference: Double? = nil, differenceLow: Double? = nil, differenceHigh: Double? = nil
    ) {
        self.row = row
        self.explanation = explanation
        self.metric = metric
        self.score = score
        self.low = low
        self.high = high
        self.units = units
        self.difference = difference
        self.differenceLow = differenceLow
        self.differenceHigh = differenceHigh
    }
}

/// Explanations by metrics: `results/NAME/faithfulness.{md,tex,csv,json}` and `agreement.{md,tex,csv,json}`.
public struct ScoreTable: Sendable, Equatable {
    /// The files' name without the ending.
    public var fileName: String
    /// The experiment's name.
    public var experiment: String
    /// The experiment's title.
    public var title: String
    /// What the numbers are, without a full stop.
    public var caption: String
    /// In the matrix's order, then that of explanations and metrics.
    public var rows: [ScoreRow]
    /// What differences are taken against; nil where there are none.
    public var reference: String?
    /// Metrics whose column is marked: a footnote says why.
    public var marked: Set<String>
    /// Lines under the table.
    public var footnotes: [String]

    /// - Parameters:
    ///   - fileName: without the ending.
    ///   - marked: metrics that a footnote warns of.
    public init(
        fileName: String, experiment: String, title: String, caption: String, rows: [ScoreRow],
        reference: String? = nil,
        marked: Set<String> = [], footnotes: [String] = []
    ) {
        self.fileName = fileName
        self.experiment = experiment
        self.title = title
        self.caption = caption
        self.rows = rows
        self.reference = reference
        self.marked = marked
        self.footnotes = footnotes
    }

    /// What a marked column's name ends in.
    public static let mark = " (!)"

    private var metrics: [String] { Self.distinct(rows.map(\.metric)) }

    private struct Line: Hashable { let row: String?, explanation: String }

    private static func distinct<T: Hashable>(_ all: [T]) -> [T] {
        var seen: Set<T> = []
        return all.filter { seen.insert($0).inserted }
    }

    /// A row an explanation, a column a metric.
    private func table(_ cell: (ScoreRow) -> TextTable.Cell) -> TextTable {
        let isMatrix = rows.contains { $0.row != nil }, metrics = metrics
        var table = TextTable(
            columns: (isMatrix ? ["row"] : []) + ["explanation"]
                + metrics.map { marked.contains($0) ? $0 + Self.mark : $0 },
            textColumns: isMatrix ? 2 : 1)
        struct Place: Hashable { let line: Line, metric: String }
        var cells: [Place: ScoreRow] = [:]
        for row in rows {
            cells[Place(line: Line(row: row.row, explanation: row.explanation), metric: row.metric)] = row
        }
        for line in Self.distinct(rows.map { Line(row: $0.row, explanation: $0.explanation) }) {
            let numbers = metrics.map { cells[Place(line: line, metric: $0)].map(cell) ?? .number(nil) }
            table.rows.append((isMatrix ? [.text(line.row ?? "")] : []) + [.text(line.explanation)] + numbers)
        }
        return table
    }

    /// A row an explanation, a column a metric.
    public var textTable: TextTable { table { .estimate($0.score, low: $0.low, high: $0.high) } }

    /// The differences against `reference`; nil where there are none.
    public var differences: TextTable? {
        guard rows.contains(where: { $0.difference != nil }) else { return nil }
        return table { .change($0.difference, low: $0.differenceLow, high: $0.differenceHigh) }
    }

    var differencesCaption: String {
        "Differences against \(reference ?? ""), over the same draws of units, with their 95 % intervals"
    }

    /// The table, the differences below it, footnotes.
    public var markdown: String {
        let second = differences.map { "\n\(differencesCaption).\n\n\($0.markdown)" } ?? ""
        let notes = footnotes.isEmpty ? "" : "\n" + footnotes.map { "- \(TextTable.markdownEscaped($0))\n" }.joined()
        return "# \(TextTable.markdownEscaped(title))\n\n\(caption).\n\n\(textTable.markdown)\(second)\(notes)"
    }

    /// A `table` environment; needs `\usepackage{booktabs}`.
    public var latex: String {
        let second =
            differences.map { "\\par\\medskip \(TextTable.latexEscaped(differencesCaption)).\\par\n\($0.latex)" } ?? ""
        let notes = footnotes.map { "\\par\\footnotesize \(TextTable.latexEscaped($0))\n" }.joined()
        return
            "% needs \\usepackage{booktabs}\n\\begin{table}\n\\centering\n\\caption{\(TextTable.latexEscaped(title)). "
            + "\(TextTable.latexEscaped(caption)).}\n\(textTable.latex)\(second)\(notes)\\end{table}\n"
    }
}
