import Fingerprints

/// A published table with ours beside it, in its own order of rows and columns.
public struct CollectedTable: Sendable, Equatable {
    /// One of our numbers, with its 95 % interval where it has one.
    public struct Number: Sendable, Equatable {
        /// nil where nothing could be computed.
        public var value: Double?
        /// The lower bound; nil, like `high`, where there is no interval.
        public var low: Double?
        /// The upper bound.
        public var high: Double?
    }

    /// The publication's table.
    public let published: PublishedTable
    /// `[rows][columns]` our numbers; nil where the experiment was not run.
    public let ours: [[Number?]]

    /// Takes its numbers from the tables of any experiments; those that the published table does not name are passed
    /// over.
    /// - Parameters:
    ///   - results: recall tables.
    ///   - agreements: tables of agreement with annotations.
    public init(_ published: PublishedTable, from results: [RecallTable], agreements: [ScoreTable] = []) {
        self.published = published
        ours = published.rows.map { row in
            let recalls = results.first { $0.experiment == row.experiment && $0.concepts == published.concepts }
            let scores = agreements.first { $0.experiment == row.experiment }?.rows.filter { $0.row == row.row } ?? []
            return published.columns.map { column in
                switch column.measure {
                case .recall(let k):
                    recalls?.row(row.row, method: column.method, k: k).map {
                        Number(value: $0.recall, low: $0.low, high: $0.high)
                    }
                case .agreement(let metric):
                    scores.first { $0.explanation == column.method && $0.metric == metric }.map {
                        Number(value: $0.score, low: $0.low, high: $0.high)
                    }
                }
            }
        }
    }

    /// Number of rows that have been computed.
    public var computed: Int { ours.count { row in row.contains { $0 != nil } } }

    /// Whether the publication shows it as a figure: then `plot` is its own form.
    public var isFigure: Bool { published.source.contains("Figure") }

    /// Two lines a row, and where there are several methods two lines a row and method: published, ours. A line of which
    /// nothing is published is left out.
    public var textTable: TextTable {
        let columns = published.columns, methods = distinct(columns.map(\.method))
        let measures = distinct(columns.map(\.measure)), isOne = methods.count == 1
        var table = TextTable(
            columns: [published.labels] + (isOne ? [] : ["method"]) + [""] + measures.map(\.heading),
            textColumns: isOne ? 2 : 3)
        for (row, ours) in zip(published.rows, ours) {
            for method in methods {
                let places = measures.map { measure in
                    columns.firstIndex { $0.method == method && $0.measure == measure }
                }
                let theirs = places.map { $0.flatMap { row.values[$0] } }
                let label = [method == methods[0] ? row.label : ""] + (isOne ? [] : [method])
                var lines: [(name: String, cells: [TextTable.Cell])] = []
                if theirs.contains(where: { $0 != nil }) {
                    lines.append(("published", zip(measures, theirs).map { $0.cell(CollectedTable.Number(value: $1)) }))
                }
                lines.append(
                    (
                        "ours",
                        zip(measures, places).map { measure, place in
                            place.map { ours[$0].map(measure.cell) ?? .text("not run") } ?? .number(nil)
                        }
                    ))
                for (index, line) in lines.enumerated() {
                    let names = index == 0 ? label : label.map { _ in "" }
                    table.rows.append((names + [line.name]).map(TextTable.Cell.text) + line.cells)
                }
            }
        }
        return table
    }

    private var notes: [String] {
        let progress =
            computed == published.rows.count ? [] : ["\(computed) of \(published.rows.count) rows computed here so far"]
        return (published.note.map { [$0] } ?? []) + progress
    }

    /// A page with the table and what is to be known of it.
    public var markdown: String {
        "# \(published.source): \(published.caption)\n\n\(textTable.markdown)" + notes.map { "\n\($0).\n" }.joined()
    }

    /// A `table` environment; needs `\usepackage{booktabs}`.
    public var latex: String {
        let title = TextTable.latexEscaped(
            (["\(published.source): \(published.caption)"] + notes).map { "\($0)." }.joined(separator: " "))
        return
            "% needs \\usepackage{booktabs}\n\\begin{table}\n\\centering\n\\caption{\(title)}\n\(textTable.latex)\\end{table}\n"
    }
}

extension PublishedTable.Measure {
    /// What stands above its column. What the paper has people judge is named beside ours.
    fileprivate var heading: String {
        switch self {
        case .recall(let k): "recall@\(k)"
        case .agreement("P-A@1"): "P-H/P-A@1"
        case .agreement("P-A@5"): "P-H/P-A@5"
        case .agreement("R-A@5"): "R-H/R-A@5"
        case .agreement(let metric): metric
        }
    }

    fileprivate func cell(_ number: CollectedTable.Number) -> TextTable.Cell {
        if self == .agreement("concepts"), let count = number.value.flatMap({ Int(exactly: $0) }) {
            return .integer(count)
        }
        return .estimate(number.value, low: number.low, high: number.high)
    }
}

private func distinct<T: Hashable>(_ all: [T]) -> [T] {
    var seen: Set<T> = []
    return all.filter { seen.insert($0).inserted }
}
