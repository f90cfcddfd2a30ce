/// One filter with its words.
public struct FilterRow: Sendable, Equatable {
    public struct Word: Sendable, Equatable {
        public var text: String
        /// How many of the filter's images have it.
        public var frequency: Int
        /// Mean cosine over those images.
        public var similarity: Double

        public init(text: String, frequency: Int, similarity: Double) {
            self.text = text
            self.frequency = frequency
            self.similarity = similarity
        }
    }

    public var filter: Int
    public var threshold: Double
    /// Most explaining first.
    public var words: [Word]
    /// recall@k in the order of the table's `ks`; nil where no image has a ground truth.
    public var recall: [Double?]
    /// Number of its images with a ground truth.
    public var pairs: Int

    public init(filter: Int, threshold: Double, words: [Word], recall: [Double?], pairs: Int) {
        self.filter = filter
        self.threshold = threshold
        self.words = words
        self.recall = recall
        self.pairs = pairs
    }
}

/// What a method says of every filter: `results/NAME/filters.{md,csv}`.
public struct FilterTable: Sendable, Equatable {
    public var title: String
    public var method: String
    public var ks: [Int]
    /// Words shown in Markdown; the CSV has all that a row has.
    public var wordsShown: Int
    public var rows: [FilterRow]

    public init(title: String, method: String, ks: [Int], wordsShown: Int = 10, rows: [FilterRow]) {
        self.title = title
        self.method = method
        self.ks = ks
        self.wordsShown = wordsShown
        self.rows = rows
    }

    public var markdown: String {
        var table = TextTable(
            columns: ["filter", "words (images, mean cosine)"] + ks.map { "recall@\($0)" } + ["pairs", "threshold"],
            textColumns: 2)
        table.rows = rows.map { row in
            let words = row.words.prefix(wordsShown).map { "\($0.text) (\($0.frequency), \(fixed($0.similarity, 2)))" }
            return [.text(String(row.filter)), .text(words.joined(separator: ", "))] + row.recall.map { .number($0) }
                + [.integer(row.pairs), .number(row.threshold)]
        }
        return "# Filters by \(method): \(TextTable.markdownEscaped(title))\n\n\(table.markdown)"
    }

    /// A row a filter; words, frequencies and similarities are lists separated by spaces.
    public var csv: String {
        CSV(
            header: ["filter", "threshold", "method", "words", "frequencies", "similarities"] + ks.map { "recall@\($0)" }
                + ["pairs"],
            rows: rows.map { row in
                [String(row.filter), fixed(row.threshold, Decimals.stored), method,
                 row.words.map(\.text).joined(separator: " "),
                 row.words.map { String($0.frequency) }.joined(separator: " "),
                 row.words.map { fixed($0.similarity, Decimals.stored) }.joined(separator: " ")]
                    + row.recall.map { fixed($0, Decimals.stored) } + [String(row.pairs)]
            }
        ).text
    }
}
