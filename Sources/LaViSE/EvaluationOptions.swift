/// How filters are explained and scored. The defaults are METHOD's protocol `paper`.
public struct EvaluationOptions: Sendable, Equatable {
    /// Channels to explain, in the order of the result; nil for all of the layer.
    public var filters: [Int]?
    /// p: images a filter.
    public var topImages: Int
    /// The cut-offs s of recall@s, ascending.
    public var ks: [Int]
    /// Words of an image that may enter a filter's explanation (METHOD 10). So many are kept, or as many as the largest
    /// cut-off has.
    public var wordsPerImage: Int
    /// The methods to explain by, in the order of the result.
    public var methods: [ExplanationMethod]
    /// The quantile of the raw map that is a filter's threshold; see `lowQuantile` for FACT2023's.
    public var quantile: Double
    /// Deviation `unnormalisedAttention`.
    public var unnormalisedAttention: Bool
    /// Deviation `flattenFeatures`.
    public var flattenFeatures: Bool
    /// Deviation `gridMaskIoU`.
    public var gridMaskIoU: Bool
    /// A concept is in the ground truth when its mask's IoU with the active region exceeds this.
    public var iouThreshold: Double
    /// Threads to compute with; the result does not depend on it.
    public var threads: Int

    /// METHOD's protocol `paper`, but for what is given.
    public init(
        filters: [Int]? = nil, topImages: Int = 25, ks: [Int] = [5, 10, 20], wordsPerImage: Int = 5,
        methods: [ExplanationMethod] = ExplanationMethod.paper, quantile: Double = 0.995,
        unnormalisedAttention: Bool = false, flattenFeatures: Bool = false, gridMaskIoU: Bool = false,
        iouThreshold: Double = 0.04, threads: Int = 1
    ) {
        self.filters = filters
        self.topImages = topImages
        self.ks = ks
        self.wordsPerImage = wordsPerImage
        self.methods = methods
        self.quantile = quantile
        self.unnormalisedAttention = unnormalisedAttention
        self.flattenFeatures = flattenFeatures
        self.gridMaskIoU = gridMaskIoU
        self.iouThreshold = iouThreshold
        self.threads = threads
    }

    /// The channels to explain of a layer with `channels` of them.
    /// - Throws: `EvaluationError` for a channel that the layer does not have, or settings out of range.
    func validatedFilters(channels: Int) throws -> [Int] {
        if let wrong = filters?.first(where: { !(0..<channels).contains($0) }) {
            throw EvaluationError.unknownFilter(wrong, channels: channels)
        }
        guard topImages > 0 else { throw EvaluationError.badOption("topImages is \(topImages); it must be at least 1") }
        guard !ks.isEmpty, ks.allSatisfy({ $0 > 0 }), ks == ks.sorted() else {
            throw EvaluationError.badOption("ks is \(ks); it must be positive and ascending, as in [5, 10, 20]")
        }
        guard (0...1).contains(quantile) else {
            throw EvaluationError.badOption("quantile is \(quantile); it must lie in 0...1")
        }
        return filters ?? Array(0..<channels)
    }
}

/// How far an evaluation is.
public struct EvaluationProgress: Sendable, Equatable {
    /// What is being counted; the raw value is the counted thing's name.
    public enum Phase: String, Sendable {
        /// Maxima and thresholds; counts images read.
        case maps = "images"
        /// Explanations; counts (filter, image) pairs.
        case explanations = "pairs"
    }
    /// What is being counted.
    public let phase: Phase
    /// How many of `total` are done.
    public let done: Int
    /// How many there are.
    public let total: Int
}

/// Told of progress from any thread; what it throws (a cancellation) ends the evaluation.
public typealias ProgressHandler = @Sendable (EvaluationProgress) throws -> Void

/// What makes an evaluation impossible.
public enum EvaluationError: Error, CustomStringConvertible, Sendable, Equatable {
    case unknownFilter(Int, channels: Int)
    case badOption(String)
    case notFinite(String)
    case wrongShape(String)
    case noImages
    case outOfMemory(bytes: Int)

    /// What is wrong and, where something helps, what to do.
    public var description: String {
        switch self {
        case .unknownFilter(let filter, let channels):
            "no filter \(filter): the layer has filters 0 to \(channels - 1); mend evaluate.filters"
        case .badOption(let text): "evaluate: \(text)"
        case .notFinite(let what): "\(what) is not a finite number; look for a diverged training or damaged weights"
        case .wrongShape(let text): text
        case .noImages: "no image to evaluate: the split has none; set evaluate.images to all or choose another dataset"
        case .outOfMemory(let bytes): "no memory for \(bytes) bytes; explain fewer filters at once (evaluate.filters)"
        }
    }
}
