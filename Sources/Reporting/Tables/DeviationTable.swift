import Fingerprints

/// What one row of a matrix changes in recall.
public struct DeviationRow: Sendable, Equatable {
    /// The matrix row: the deviation's name, or what it is compared with.
    public var name: String
    /// nil where nothing was evaluated.
    public var recall: Double?
    /// The lower bound of the 95 % interval over filters; nil where there is none.
    public var low: Double?
    /// The upper bound.
    public var high: Double?
    /// Recall minus the first row's, over the same draws of filters; nil in the first row.
    public var change: Double?
    /// The lower bound of the change's 95 % interval.
    public var changeLow: Double?
    /// The upper bound of it.
    public var changeHigh: Double?

    /// - Parameter change: recall minus the first row's; nil in the first row.
    public init(
        name: String, recall: Double?, low: Double?, high: Double?, change: Double? = nil, changeLow: Double? = nil,
        changeHigh: Double? = nil
    ) {
        self.name = name
        self.recall = recall
        self.low = low
        self.high = high
        self.change = change
        self.changeLow = changeLow
        self.changeHigh = changeHigh
    }
}

/// What each deviation costs: `results/NAME/deviations.{md,tex,csv,json}`.
public struct DeviationTable: Sendable, Equatable {
    /// The experiment's name.
    public var experiment: String
    /// The experiment's title.
    public var title: String
    /// The explanation method whose recall it is.
    public var method: String
    /// The k of recall@k.
    public var k: Int
    /// In the matrix's order; changes are against the first.
    public var rows: [DeviationRow]
    /// Lines under the table: how many stages were shared.
    public var footnotes: [String]

    /// - Parameter rows: in the matrix's order; changes are against the first.
    public init(
        experiment: String, title: String, method: String, k: Int, rows: [DeviationRow], footnotes: [String] = []
    ) {
        self.experiment = experiment
        self.title = title
        self.method = method
        self.k = k
        self.rows = rows
        self.footnotes = footnotes
    }

    /// A row a deviation: its recall and its change.
    public var textTable: TextTable {
        TextTable(
            columns: ["deviation", "recall@\(k)", "change"],
            rows: rows.map {
                [
                    .text($0.name), .estimate($0.recall, low: $0.low, high: $0.high),
                    .change($0.change, low: $0.changeLow, high: $0.changeHigh),
                ]
            })
    }

    private var caption: String {
        "recall@\(k) of \(method) under each deviation alone, and its change against the first row, "
            + "with 95 % intervals over filters"
    }

    /// `deviations.md`.
    public var markdown: String {
        let notes = footnotes.isEmpty ? "" : "\n" + footnotes.map { "- \(TextTable.markdownEscaped($0))\n" }.joined()
        return "# \(TextTable.markdownEscaped(title))\n\n\(caption).\n\n\(textTable.markdown)\(notes)"
    }

    /// `deviations.tex`: a `table` environment; needs `\usepackage{booktabs}`.
    public var latex: String {
        "% needs \\usepackage{booktabs}\n\\begin{table}\n\\centering\n\\caption{\(TextTable.latexEscaped(title)). "
            + "\(TextTable.latexEscaped(caption)).}\n\(textTable.latex)\\end{table}\n"
    }

    /// `deviations.csv`: a row a deviation.
    public var csv: String {
        CSV(
            header: [
                "experiment", "deviation", "method", "k", "recall", "low", "high", "change", "change_low",
                "change_high",
            ],
            rows: rows.map { row in
                [experiment, row.name, method, String(k)]
                    + [row.recall, row.low, row.high, row.change, row.changeLow, row.changeHigh].map {
                        fixed($0, Decimals.stored)
                    }
            }
        ).text
    }

    /// `deviations.json`, schema 1.
    public var json: String {
        func number(_ value: Double?) -> Value { rounded(value, Decimals.stored).map(Value.double) ?? .null }
        let value: Value = [
            "schema": 1, "experiment": .string(experiment), "title": .string(title), "method": .string(method),
            "k": .int(k),
            "rows": .array(
                rows.map { row in
                    [
                        "deviation": .string(row.name), "recall": number(row.recall), "low": number(row.low),
                        "high": number(row.high), "change": number(row.change), "change_low": number(row.changeLow),
                        "change_high": number(row.changeHigh),
                    ]
                }),
            "footnotes": .array(footnotes.map(Value.string)),
        ]
        return value.json(pretty: true) + "\n"
    }
}
