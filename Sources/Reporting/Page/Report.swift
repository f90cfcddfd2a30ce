/// All that `report.html` shows, as plain values.
public struct Report: Sendable {
    /// A line of a list: what was run, where it came from.
    public struct Fact: Sendable, Equatable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var title: String
    public var experiment: String
    /// What was run.
    public var facts: [Fact]
    public var tables: [RecallTable]
    /// Further tables, under their titles: what deviations cost, seeds.
    public var moreTables: [(title: String, table: TextTable)]
    public var claims: ClaimReport?
    public var training: TrainingTable?
    /// Further figures: A's Figure 7.
    public var plots: [LinePlot]
    public var filters: ReportFilters?
    public var stages: [ReportStage]
    public var provenance: [Fact]
    /// Command lines that make this page again.
    public var reproduce: [String]

    public init(
        title: String, experiment: String, facts: [Fact] = [], tables: [RecallTable] = [],
        moreTables: [(title: String, table: TextTable)] = [], claims: ClaimReport? = nil,
        training: TrainingTable? = nil, plots: [LinePlot] = [], filters: ReportFilters? = nil, stages: [ReportStage] = [],
        provenance: [Fact] = [], reproduce: [String] = []
    ) {
        self.title = title
        self.experiment = experiment
        self.facts = facts
        self.tables = tables
        self.moreTables = moreTables
        self.claims = claims
        self.training = training
        self.plots = plots
        self.filters = filters
        self.stages = stages
        self.provenance = provenance
        self.reproduce = reproduce
    }
}

/// A stage as the report's graph shows it.
public struct ReportStage: Sendable, Equatable {
    public var name: String
    /// fresh, ran, cut off, failed, …
    public var state: String
    public var reason: String
    public var seconds: Double?
    /// Short hash of its fingerprint.
    public var fingerprint: String
    /// Names of the stages that it reads.
    public var inputs: [String]

    public init(
        name: String, state: String, reason: String = "", seconds: Double? = nil, fingerprint: String = "",
        inputs: [String] = []
    ) {
        self.name = name
        self.state = state
        self.reason = reason
        self.seconds = seconds
        self.fingerprint = fingerprint
        self.inputs = inputs
    }
}

/// The filters' part of the report.
public struct ReportFilters: Sendable {
    /// The method whose words are shown.
    public var method: String
    /// The matrix row they are of; nil for a plain experiment.
    public var row: String?
    public var ks: [Int]
    public var filters: [ReportFilter]

    public init(method: String, row: String? = nil, ks: [Int], filters: [ReportFilter]) {
        self.method = method
        self.row = row
        self.ks = ks
        self.filters = filters
    }
}

/// One filter with its words and pictures.
public struct ReportFilter: Sendable {
    public var row: FilterRow
    /// The heat maps of its images in one picture; nil for none.
    public var pictures: PictureSheet?
    /// Its images, best first, in the order of the sheet's tiles.
    public var images: [ReportImage]

    public init(row: FilterRow, pictures: PictureSheet? = nil, images: [ReportImage] = []) {
        self.row = row
        self.pictures = pictures
        self.images = images
    }
}

/// Pictures of one size side by side (`RGBImage.grid`).
public struct PictureSheet: Sendable, Equatable {
    /// A path relative to the page, or `#ID` of a picture in the page itself (`Report.embedded`).
    public var source: String
    /// Pictures a row.
    public var columns: Int
    /// Pictures in all.
    public var count: Int
    /// Pixels a side of one picture.
    public var side: Int
    /// Pixels between two.
    public var gap: Int

    public init(source: String, columns: Int, count: Int, side: Int = 224, gap: Int = 0) {
        self.source = source
        self.columns = columns
        self.count = count
        self.side = side
        self.gap = gap
    }
}

/// One of a filter's images.
public struct ReportImage: Sendable, Equatable {
    /// The reference dataset's id.
    public var id: String
    /// The filter's maximum in it.
    public var maximum: Double
    /// The nearest words, nearest first.
    public var words: [String]
    /// Its ground truth under the filter.
    public var truth: [String]

    public init(id: String, maximum: Double, words: [String], truth: [String]) {
        self.id = id
        self.maximum = maximum
        self.words = words
        self.truth = truth
    }
}
