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
        title: String, experiment: String, facts: [Fact] = [], tables: [RecallTable] = [], claims: ClaimReport? = nil,
        training: TrainingTable? = nil, plots: [LinePlot] = [], filters: ReportFilters? = nil, stages: [ReportStage] = [],
        provenance: [Fact] = [], reproduce: [String] = []
    ) {
        self.title = title
        self.experiment = experiment
        self.facts = facts
        self.tables = tables
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
    public var ks: [Int]
    public var filters: [ReportFilter]

    public init(method: String, ks: [Int], filters: [ReportFilter]) {
        self.method = method
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
    /// A path relative to the page, or a `data:` address.
    public var source: String
    /// Pictures a row.
    public var columns: Int
    /// Pictures in all.
    public var count: Int
    /// Pixels a side of one picture.
    public var side: Int
    /// Pixels between two.
    public var gap: Int

    public init(source: String, columns: Int, count: Int, side: Int = 224, gap: Int = 4) {
        self.source = source
        self.columns = columns
        self.count = count
        self.side = side
        self.gap = gap
    }

    /// The address that holds a PNG itself, for a page in one file.
    public static func address(png: [UInt8]) -> String { "data:image/png;base64," + base64(png) }

    private static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                text.append(place <= group.count ? digits[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
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
