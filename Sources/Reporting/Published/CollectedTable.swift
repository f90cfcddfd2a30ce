import Fingerprints

/// A published table with ours beside it, in its own order of rows and columns.
public struct CollectedTable: Sendable, Equatable {
    public let published: PublishedTable
    /// `[rows][columns]` our recalls; nil where the experiment was not run.
    public let ours: [[RecallRow?]]

    /// - Parameter results: recall tables of any experiments; those that the table does not name are passed over.
    public init(_ published: PublishedTable, from results: [RecallTable]) {
        self.published = published
        ours = published.rows.map { row in
            let table = results.first { $0.experiment == row.experiment && $0.concepts == published.concepts }
            return published.columns.map { table?.row(row.row, method: $0.method, k: $0.k) }
        }
    }

    /// Number of rows that have been computed.
    public var computed: Int { ours.count { row in row.contains { $0 != nil } } }

    /// Whether the publication shows it as a figure: then `plot` is its own form.
    public var isFigure: Bool { published.source.contains("Figure") }

    /// Two lines a row: published, ours.
    public var textTable: TextTable {
        let severalMethods = Set(published.columns.map(\.method)).count > 1
        var table = TextTable(
            columns: [published.labels, ""]
                + published.columns.map { severalMethods ? "\($0.method) @\($0.k)" : "recall@\($0.k)" },
            textColumns: 2)
        for (row, ours) in zip(published.rows, ours) {
            table.rows.append([.text(row.label), .text("published")] + row.values.map { .number($0) })
            table.rows.append(
                [.text(""), .text("ours")]
                    + ours.map { $0.map { .estimate($0.recall, low: $0.low, high: $0.high) } ?? .text("not run") })
        }
        return table
    }

    private var note: String {
        computed == published.rows.count ? "" : "\(computed) of \(published.rows.count) rows computed here so far."
    }

    public var markdown: String {
        "# \(published.source): \(published.caption)\n\n\(textTable.markdown)" + (note.isEmpty ? "" : "\n\(note)\n")
    }

    /// A `table` environment; needs `\usepackage{booktabs}`.
    public var latex: String {
        let title = TextTable.latexEscaped("\(published.source): \(published.caption). \(note)")
        return
            "% needs \\usepackage{booktabs}\n\\begin{table}\n\\centering\n\\caption{\(title)}\n\(textTable.latex)\\end{table}\n"
    }

    /// The table as `tables --json` has it: an entry a published number; null where the experiment was not run.
    public var value: Value {
        let rows = zip(published.rows, ours).flatMap { row, ours in
            zip(published.columns.indices, ours).map { index, mine -> Value in
                let column = published.columns[index]
                func number(_ value: Double?) -> Value { rounded(value, Decimals.stored).map(Value.double) ?? .null }
                return [
                    "experiment": .string(row.experiment), "row": .string(row.label), "method": .string(column.method),
                    "k": .int(column.k), "published": number(row.values[index]), "recall": number(mine?.recall),
                    "low": number(mine?.low), "high": number(mine?.high),
                ]
            }
        }
        return [
            "name": .string(published.name), "source": .string(published.source), "caption": .string(published.caption),
            "rows": .array(rows),
        ]
    }

    /// Tidy: a row a published number.
    public var csv: String {
        var rows: [[String]] = []
        for (row, ours) in zip(published.rows, ours) {
            for (index, column) in published.columns.enumerated() {
                let mine = ours[index]
                rows.append(
                    [
                        row.experiment, row.label, column.method, String(column.k),
                        fixed(row.values[index], Decimals.stored),
                    ]
                        + [mine?.recall, mine?.low, mine?.high].map { fixed($0, Decimals.stored) })
            }
        }
        return CSV(header: ["experiment", "row", "method", "k", "published", "recall", "low", "high"], rows: rows).text
    }
}
