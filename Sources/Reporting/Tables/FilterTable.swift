/// One filter with its words.
public struct FilterRow: Sendable, Equatable {
    /// A word of a filter with what is known of it.
    public struct Word: Sendable, Equatable {
        /// The word as the vocabulary has it.
        public var text: String
        /// How many of the filter's images have it.
        public var frequency: Int
        /// Mean cosine over those images.
        public var similarity: Double
        /// Σ of the cosine over those images, minus the mean of that sum over the layer's filters.
        public var lift: Double?
        /// Correlation of the filter's mean activation with the word's presence, over the evaluated images; nil where
        /// they are not annotated with it.
        public var correlation: Double?
        /// IoU of the filter's active region with the word's masks, over the evaluated images.
        public var intersectionOverUnion: Double?

        /// - Parameters:
        ///   - frequency: how many of the filter's images have it.
        ///   - similarity: mean cosine over those images.
        public init(
            text: String, frequency: Int, similarity: Double, lift: Double? = nil, correlation: Double? = nil,
            intersectionOverUnion: Double? = nil
        ) {
            self.text = text
            self.frequency = frequency
            self.similarity = similarity
            self.lift = lift
            self.correlation = correlation
            self.intersectionOverUnion = intersectionOverUnion
        }
    }

    /// The channel.
    public var filter: Int
    /// T_u: the quantile of its raw map over all images and positions.
    public var threshold: Double
    /// Most explaining first, in the experiment's ranking.
    public var words: [Word]
    /// The words by the number of their images.
    public var frequent: [Word]
    /// Whether the first word fits the filter better than chance; nil where nothing can say it.
    public var isReliable: Bool?
    /// recall@k in the order of the table's `ks`; nil where no image has a ground truth.
    public var recall: [Double?]
    /// Number of its images with a ground truth.
    public var pairs: Int

    /// - Parameters:
    ///   - words: most explaining first.
    ///   - frequent: by the number of their images.
    ///   - recall: in the order of the table's `ks`.
    ///   - pairs: images with a ground truth.
    public init(
        filter: Int, threshold: Double, words: [Word], frequent: [Word] = [], isReliable: Bool? = nil,
        recall: [Double?],
        pairs: Int
    ) {
        self.filter = filter
        self.threshold = threshold
        self.words = words
        self.frequent = frequent
        self.isReliable = isReliable
        self.recall = recall
        self.pairs = pairs
    }
}

/// What a method says of every filter: `results/NAME/filters.{md,csv}`.
public struct FilterTable: Sendable, Equatable {
    /// What stands where a filter's first word does not fit it better than chance.
    public static let noReliableWord = "no reliable word"

    /// The experiment's title.
    public var title: String
    /// The explanation method that says the words.
    public var method: String
    /// How the words are ordered.
    public var ranking: String
    /// The k of recall@k, ascending.
    public var ks: [Int]
    /// Words shown in Markdown; the CSV has all that a row has.
    public var wordsShown: Int
    /// A filter each, in the order of the evaluation.
    public var rows: [FilterRow]

    /// - Parameters:
    ///   - ranking: how the words are ordered, as experiments say it.
    ///   - wordsShown: in Markdown.
    public init(
        title: String, method: String, ranking: String = "lift", ks: [Int], wordsShown: Int = 5, rows: [FilterRow]
    ) {
        self.title = title
        self.method = method
        self.ranking = ranking
        self.ks = ks
        self.wordsShown = wordsShown
        self.rows = rows
    }

    /// `filters.md`: a row a filter, with its first words.
    public var markdown: String {
        var table = TextTable(
            columns: ["filter", "words by \(ranking) (images, mean cosine, lift)", "by frequency"]
                + ["corr", "IoU"] + ks.map { "recall@\($0)" } + ["pairs", "threshold"],
            textColumns: 3)
        table.rows = rows.map { row in
            let words = row.words.prefix(wordsShown).map { word in
                "\(word.text) (\(word.frequency), \(fixed(word.similarity, 2))\(word.lift.map { ", " + fixed($0, 2) } ?? ""))"
            }
            let doubt = row.isReliable == false ? Self.noReliableWord + ": " : ""
            return [
                .text(String(row.filter)), .text(doubt + words.joined(separator: ", ")),
                .text(row.frequent.prefix(wordsShown).map(\.text).joined(separator: ", ")),
                .number(row.words.first?.correlation), .number(row.words.first?.intersectionOverUnion),
            ] + row.recall.map { .number($0) } + [.integer(row.pairs), .number(row.threshold)]
        }
        return "# Filters by \(method): \(TextTable.markdownEscaped(title))\n\ncorr and IoU are the first word's, "
            + "over all evaluated images.\n\n\(table.markdown)"
    }

    /// A row a filter; words and what is said of each are lists separated by spaces.
    public var csv: String {
        func list(_ words: [FilterRow.Word], _ value: (FilterRow.Word) -> Double?) -> String {
            words.map { fixed(value($0), Decimals.stored) }.joined(separator: " ")
        }
        return CSV(
            header: ["filter", "threshold", "method", "words", "frequencies", "similarities"]
                + ks.map { "recall@\($0)" }
                + ["pairs", "ranking", "lifts", "by_frequency", "reliable"],
            rows: rows.map { row in
                [
                    String(row.filter), fixed(row.threshold, Decimals.stored), method,
                    row.words.map(\.text).joined(separator: " "),
                    row.words.map { String($0.frequency) }.joined(separator: " "), list(row.words, \.similarity),
                ]
                    + row.recall.map { fixed($0, Decimals.stored) }
                    + [
                        String(row.pairs), ranking, list(row.words, \.lift),
                        row.frequent.map(\.text).joined(separator: " "),
                        row.isReliable.map { $0 ? "yes" : "no" } ?? "",
                    ]
            }
        ).text
    }
}
