/// How good the first words of the filters are by every method and ranking: `results/NAME/words.md` and
/// `rankings.csv`.
public struct RankingTable: Sendable, Equatable {
    /// How good the first words are by one method and ranking.
    public struct Row: Sendable, Equatable {
        /// The row of a matrix; nil for a plain experiment.
        public var row: String?
        /// The explanation method.
        public var method: String
        /// How the words are ordered, as experiments say it.
        public var ranking: String
        /// Words of an image that count.
        public var wordsPerImage: Int
        /// P-A@1, P-A@5 and R-A@5 (METHOD 12); nil without annotations.
        public var agreement: [Double?]
        /// Mean correlation of the first word; nil without annotations.
        public var correlation: Double?
        /// How many different words are the first of a filter.
        public var distinct: Int
        /// Filters whose first word fits them better than chance; nil without annotations.
        public var reliable: Int?
        /// Filters with a word.
        public var filters: Int

        /// - Parameters:
        ///   - row: of a matrix; nil for a plain experiment.
        ///   - agreement: P-A@1, P-A@5 and R-A@5; nil without annotations.
        ///   - distinct: how many different words are the first of a filter.
        ///   - reliable: filters whose first word fits them better than chance.
        ///   - filters: that have a word.
        public init(
            row: String?, method: String, ranking: String, wordsPerImage: Int, agreement: [Double?],
            correlation: Double?, distinct: Int, reliable: Int?,
            filters: Int
        ) {
            self.row = row
            self.method = method
            self.ranking = ranking
            self.wordsPerImage = wordsPerImage
            self.agreement = agreement
            self.correlation = correlation
            self.distinct = distinct
            self.reliable = reliable
            self.filters = filters
        }
    }

    /// The experiment's title.
    public var title: String
    /// In the order of the matrix, then of the methods, then of the rankings.
    public var rows: [Row]
    /// Lines under the table.
    public var footnotes: [String]

    /// - Parameter footnotes: lines under the table.
    public init(title: String, rows: [Row], footnotes: [String] = []) {
        self.title = title
        self.rows = rows
        self.footnotes = footnotes
    }

    /// Whether there are annotations that words can be held against.
    private var isScored: Bool { rows.contains { $0.correlation != nil || $0.agreement.contains { $0 != nil } } }

    /// A row a method and ranking; without annotations it has no columns of scores.
    public var textTable: TextTable {
        let isMatrix = rows.contains { $0.row != nil }
        let columns =
            ["method", "ranking"] + (isScored ? ["P-A@1", "P-A@5", "R-A@5", "corr"] : []) + ["first words"]
            + (isScored ? ["reliable"] : []) + ["filters"]
        var table = TextTable(columns: (isMatrix ? ["row"] : []) + columns, textColumns: isMatrix ? 3 : 2)
        table.rows = rows.map { row in
            var cells: [TextTable.Cell] = isMatrix ? [.text(row.row ?? "")] : []
            cells += [.text(row.method), .text(row.ranking)]
            if isScored { cells += (row.agreement + [row.correlation]).map { .number($0) } }
            cells.append(.integer(row.distinct))
            if isScored { cells.append(row.reliable.map { .integer($0) } ?? .number(nil)) }
            cells.append(.integer(row.filters))
            return cells
        }
        return table
    }

    /// `words.md`.
    public var markdown: String {
        let notes = footnotes.isEmpty ? "" : "\n" + footnotes.map { "- \(TextTable.markdownEscaped($0))\n" }.joined()
        return "# Words: \(TextTable.markdownEscaped(title))\n\n"
            + (isScored ? Self.scores : "") + "First words: how many different ones the filters have.\n\n"
            + "\(textTable.markdown)\(notes)"
    }

    private static let scores =
        "P-A@s: share of a filter's first s words that are in an image's ground truth; R-A@5: share of the ground truth "
        + "among its first five; corr: correlation of the filter with its first word over the evaluated images; reliable: filters "
        + "whose first word correlates above chance. "

    /// `rankings.csv`: a row a method and ranking; the matrix's row stands in the last column.
    public var csv: String {
        let isMatrix = rows.contains { $0.row != nil }
        let columns = [
            "method", "ranking", "words_per_image", "p_a_1", "p_a_5", "r_a_5", "corr", "first_words", "reliable",
            "filters",
        ]
        let lines = rows.map { row -> [String] in
            var cells = [row.method, row.ranking, String(row.wordsPerImage)]
            cells += (row.agreement + [row.correlation]).map { fixed($0, Decimals.stored) }
            cells += [String(row.distinct), row.reliable.map(String.init) ?? "", String(row.filters)]
            return isMatrix ? cells + [row.row ?? ""] : cells
        }
        return CSV(header: isMatrix ? columns + ["row"] : columns, rows: lines).text
    }
}
