import Imaging

/// The filters' part of the report: what every method said of every filter, in every row of the matrix.
public struct ReportFilters: Sendable {
    /// The k of recall@k, ascending.
    public var ks: [Int]
    /// The matrix's rows; one of a plain experiment.
    public var rows: [ReportRow]
    /// Concepts by category, for the histogram; empty where the dataset knows none.
    public var categories: [String: String]
    /// Whether `rows` are two runs that are shown side by side.
    public var isPaired: Bool

    /// - Parameters:
    ///   - categories: by concept; empty where the dataset knows none.
    ///   - isPaired: whether `rows` are two runs that are shown side by side.
    public init(ks: [Int], rows: [ReportRow], categories: [String: String] = [:], isPaired: Bool = false) {
        self.ks = ks
        self.rows = rows
        self.categories = categories
        self.isPaired = isPaired
    }
}

/// One row of the matrix; the only one of a plain experiment.
public struct ReportRow: Sendable {
    /// The row's name, which is unique on the page.
    public var name: String
    /// The matrix's keys with the row's values; none of a plain experiment.
    public var labels: [Report.Fact]
    /// The target layer.
    public var layer: String
    /// As the experiment has it.
    public var seed: String
    /// Whether the images have a ground truth.
    public var isAnnotated: Bool
    /// In the order of the evaluation.
    public var filters: [ReportFilter]
    /// In the order of tables.
    public var methods: [ReportMethod]
    /// The method that is shown first: an index into `methods`.
    public var shownMethod: Int
    /// How often a word is the truth where nothing is known of the filter: its share of the pairs with a ground truth.
    public var base: [String: Double]

    /// - Parameters:
    ///   - shownMethod: an index into `methods`.
    ///   - base: of each word the share of the pairs with a ground truth that have it.
    public init(
        name: String, labels: [Report.Fact] = [], layer: String, seed: String = "0", isAnnotated: Bool = true,
        filters: [ReportFilter], methods: [ReportMethod], shownMethod: Int = 0, base: [String: Double] = [:]
    ) {
        self.name = name
        self.labels = labels
        self.layer = layer
        self.seed = seed
        self.isAnnotated = isAnnotated
        self.filters = filters
        self.methods = methods
        self.shownMethod = shownMethod
        self.base = base
    }
}

/// One filter with its images, whatever the method.
public struct ReportFilter: Sendable {
    /// The channel.
    public var number: Int
    /// T_u: the quantile of its raw map over all images and positions.
    public var threshold: Double
    /// How many of its images have a ground truth.
    public var pairs: Int
    /// The heat maps of its images in one picture; nil for none.
    public var pictures: PictureSheet?
    /// Its images, best first, in the order of the sheet's tiles.
    public var images: [ReportImage]

    /// - Parameters:
    ///   - number: the channel.
    ///   - pairs: how many of its images have a ground truth.
    ///   - images: best first, in the order of the sheet's tiles.
    public init(number: Int, threshold: Double, pairs: Int, pictures: PictureSheet? = nil, images: [ReportImage] = []) {
        self.number = number
        self.threshold = threshold
        self.pairs = pairs
        self.pictures = pictures
        self.images = images
    }
}

/// One of a filter's images.
public struct ReportImage: Sendable, Equatable {
    /// The reference dataset's id.
    public var id: String
    /// The filter's maximum in it.
    public var maximum: Double
    /// Its ground truth under the filter.
    public var truth: [String]

    /// - Parameters:
    ///   - id: the reference dataset's.
    ///   - maximum: of the filter in the image.
    ///   - truth: the words of its ground truth under the filter.
    public init(id: String, maximum: Double, truth: [String]) {
        self.id = id
        self.maximum = maximum
        self.truth = truth
    }
}

/// What one method said of a row's filters.
public struct ReportMethod: Sendable {
    /// As experiments and tables say it.
    public var name: String
    /// Names of the further scores that words have.
    public var scores: [String]
    /// In the order of the row's filters.
    public var explanations: [ReportExplanation]

    /// - Parameter explanations: in the order of the row's filters.
    public init(name: String, scores: [String] = [], explanations: [ReportExplanation]) {
        self.name = name
        self.scores = scores
        self.explanations = explanations
    }
}

/// What one method said of one filter.
public struct ReportExplanation: Sendable, Equatable {
    /// A word with what is known of it.
    public struct Word: Sendable, Equatable {
        /// The word as the vocabulary has it.
        public var text: String
        /// How many of the filter's images have it.
        public var images: Int
        /// Mean cosine over those images.
        public var similarity: Double
        /// How much more it is said here than of the layer's other filters (METHOD 10); nil where that is not known.
        public var lift: Double?
        /// In how many of the filter's images with a ground truth it is in the truth.
        public var seen: Int
        /// In the order of the method's `scores`.
        public var scores: [Double?]

        /// - Parameters:
        ///   - images: how many of the filter's have the word.
        ///   - similarity: mean cosine over those images.
        ///   - seen: in how many of the filter's ground truths the word is.
        ///   - scores: in the order of the method's.
        public init(
            text: String, images: Int, similarity: Double, lift: Double? = nil, seen: Int = 0, scores: [Double?] = []
        ) {
            self.text = text
            self.images = images
            self.similarity = similarity
            self.lift = lift
            self.seen = seen
            self.scores = scores
        }
    }

    /// What the annotations say of the first word.
    public enum Verdict: Int, Sendable {
        /// There is nothing to compare it with.
        case none = 0
        /// It is no more often in the truth than chance explains.
        case doubtful = 1
        /// It is more often in the truth than chance explains.
        case supported = 2
    }

    /// Most explaining first.
    public var words: [Word]
    /// recall@k in the order of the report's `ks`; nil where no image has a ground truth.
    public var recall: [Double?]
    /// Of the first word.
    public var verdict: Verdict
    /// The nearest words of each of the filter's images, nearest first.
    public var nearest: [[String]]

    /// - Parameters:
    ///   - words: most explaining first.
    ///   - recall: in the order of the report's `ks`; nil where no image has a ground truth.
    ///   - nearest: of each image, nearest first.
    public init(words: [Word], recall: [Double?], verdict: Verdict, nearest: [[String]] = []) {
        self.words = words
        self.recall = recall
        self.verdict = verdict
        self.nearest = nearest
    }
}

/// Pictures of one size side by side (`RGBImage.grid`).
public struct PictureSheet: Sendable, Equatable {
    /// A path relative to the page, or `#ID` of a picture in the page itself (`Report.embedded`).
    public var source: String
    /// The first pictures small and in one row, likewise: what the list shows, without the memory of all of them.
    public var strip: String
    /// Pictures in all.
    public var count: Int

    /// - Parameters:
    ///   - source: a path relative to the page, or `#ID`.
    ///   - strip: likewise, of the first pictures small and in one row.
    public init(source: String, strip: String, count: Int) {
        self.source = source
        self.strip = strip
        self.count = count
    }

    /// Pictures a row of a sheet.
    public static let columns = 5
    /// Pixels a side of one picture: a whole number of JPEG blocks, so that none bleeds into the next.
    public static let side = 128
    /// Pixels a side of a picture of a strip, and how many a strip has at most.
    public static let stripSide = 48, stripCount = 5

    /// The pictures of a filter as one, and the strip of the first.
    /// - Parameter images: of `side` × `side`.
    public static func drawn(_ images: [RGBImage]) -> (sheet: RGBImage, strip: RGBImage) {
        let small = images.prefix(stripCount).map { $0.resized(width: stripSide, height: stripSide) }
        return (.grid(images, columns: columns, gap: 0), .grid(small, columns: stripCount, gap: 0))
    }
}
