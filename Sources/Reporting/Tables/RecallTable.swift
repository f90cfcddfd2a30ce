/// One number of a recall table.
public struct RecallRow: Sendable, Equatable, Codable {
    /// The row of a matrix experiment; nil for a plain one.
    public var row: String?
    /// `original`, `image`, `activation`, `projection`, or a baseline: `most-frequent`, `random`.
    public var method: String
    /// The cut-off s of recall@s.
    public var k: Int
    /// nil, like its bounds, when no pair has a ground truth.
    public var recall: Double?
    /// Bounds of the 95 % interval.
    public var low: Double?
    /// The upper bound.
    public var high: Double?
    /// Number of filters evaluated.
    public var filters: Int
    /// Number of (filter, image) pairs with a ground truth.
    public var pairs: Int
    /// What was published for it.
    public var published: Double?

    /// - Parameters:
    ///   - recall: nil, like its bounds, when no pair has a ground truth.
    ///   - filters: that were evaluated.
    ///   - pairs: (filter, image) pairs with a ground truth.
    public init(
        row: String? = nil, method: String, k: Int, recall: Double?, low: Double?, high: Double?, filters: Int,
        pairs: Int,
        published: Double? = nil
    ) {
        self.row = row
        self.method = method
        self.k = k
        self.recall = recall
        self.low = low
        self.high = high
        self.filters = filters
        self.pairs = pairs
        self.published = published
    }
}

/// Which concepts a recall counts.
public enum ConceptShare: String, Sendable, CaseIterable, Codable { case all, seen, unseen }

/// recall@k of the methods and baselines: `results/NAME/recall.{md,tex,csv,json}` (DESIGN, "Contract: files").
public struct RecallTable: Sendable, Equatable {
    /// The experiment's name.
    public var experiment: String
    /// The experiment's title.
    public var title: String
    /// `seen` and `unseen` are tables of their own (`recall-unseen.csv`, …).
    public var concepts: ConceptShare
    /// In the matrix's order, then that of methods, then ascending k.
    public var rows: [RecallRow]
    /// Lines under the table: skipped images, samples left out.
    public var footnotes: [String]
    /// What is wrong with the results, and what to try.
    public var warnings: [String]

    /// - Parameters:
    ///   - footnotes: lines under the table.
    ///   - warnings: what is wrong with the results, and what to try.
    public init(
        experiment: String, title: String, concepts: ConceptShare = .all, rows: [RecallRow], footnotes: [String] = [],
        warnings: [String] = []
    ) {
        self.experiment = experiment
        self.title = title
        self.concepts = concepts
        self.rows = rows
        self.footnotes = footnotes
        self.warnings = warnings
    }

    /// `recall`, `recall-seen` or `recall-unseen`: the files' name without its ending.
    public var fileName: String { Self.fileName(concepts) }

    /// The name that a table of these concepts has.
    public static func fileName(_ concepts: ConceptShare) -> String {
        concepts == .all ? "recall" : "recall-\(concepts.rawValue)"
    }

    /// The row of a method at a cut-off.
    public func row(_ row: String? = nil, method: String, k: Int) -> RecallRow? {
        rows.first { $0.row == row && $0.method == method && $0.k == k }
    }

    /// What was published, as a table to compare ours with.
    public var publishedTable: RecallTable {
        var table = self
        table.experiment = "published"
        table.rows = rows.filter { $0.published != nil }.map {
            RecallRow(
                row: $0.row, method: $0.method, k: $0.k, recall: $0.published, low: nil, high: nil, filters: 0, pairs: 0
            )
        }
        return table
    }

    private var caption: String {
        let counted = concepts == .all ? "" : " of \(concepts.rawValue) concepts"
        return "recall@k\(counted): mean over the (filter, image) pairs with a ground truth, "
            + "with the 95 % interval over filters"
    }

    /// A row a method, its recalls at every k beside the published ones.
    public var textTable: TextTable {
        struct Line: Hashable { let row: String?, method: String }
        var lines: [Line] = []
        for row in rows where lines.last != Line(row: row.row, method: row.method) {
            let line = Line(row: row.row, method: row.method)
            if !lines.contains(line) { lines.append(line) }
        }
        let ks = Set(rows.map(\.k)).sorted(), isMatrix = rows.contains { $0.row != nil }
        let published = Set(rows.filter { $0.published != nil }.map(\.k))
        var table = TextTable(columns: isMatrix ? ["row", "method"] : ["method"], textColumns: isMatrix ? 2 : 1)
        for k in ks { table.columns += published.contains(k) ? ["recall@\(k)", "published"] : ["recall@\(k)"] }
        table.columns += ["filters", "pairs"]
        for line in lines {
            var cells: [TextTable.Cell] = isMatrix ? [.text(line.row ?? "")] : []
            cells.append(.text(line.method))
            for k in ks {
                let cell = row(line.row, method: line.method, k: k)
                cells.append(.estimate(cell?.recall, low: cell?.low, high: cell?.high))
                if published.contains(k) { cells.append(.number(cell?.published)) }
            }
            let first = rows.first { $0.row == line.row && $0.method == line.method }
            table.rows.append(cells + [.integer(first?.filters ?? 0), .integer(first?.pairs ?? 0)])
        }
        return table
    }

    /// `recall.md`: the table, warnings, footnotes.
    public var markdown: String {
        let lines =
            warnings.map { "**Warning**: \(TextTable.markdownEscaped($0))" } + footnotes.map(TextTable.markdownEscaped)
        let notes = lines.isEmpty ? "" : "\n" + lines.map { "- \($0)\n" }.joined()
        return "# \(TextTable.markdownEscaped(title))\n\n\(caption).\n\n\(textTable.markdown)\(notes)"
    }

    /// A `table` environment; needs `\usepackage{booktabs}`.
    public var latex: String {
        let notes = footnotes.map { "\\par\\footnotesize \(TextTable.latexEscaped($0))\n" }.joined()
        return
            "% needs \\usepackage{booktabs}\n\\begin{table}\n\\centering\n\\caption{\(TextTable.latexEscaped(title)). "
            + "\(TextTable.latexEscaped(caption)).}\n\(textTable.latex)\(notes)\\end{table}\n"
    }
}
