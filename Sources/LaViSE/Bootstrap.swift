import Fingerprints
import Glibc

/// A mean recall with its interval.
public struct RecallEstimate: Sendable, Equatable, Codable {
    /// nil when no pair has a ground truth.
    public var recall: Double?
    /// nil, like `high`, where there is no interval (`Bootstrap`).
    public var low: Double?
    /// The upper bound, from 0 to 1.
    public var high: Double?
    /// Number of filters evaluated.
    public var filters: Int
    /// Number of (filter, image) pairs with a ground truth.
    public var pairs: Int

    /// - Parameters:
    ///   - recall: from 0 to 1; nil when no pair has a ground truth.
    ///   - low: the lower bound; nil, like `high`, where there is no interval.
    ///   - filters: that were evaluated.
    ///   - pairs: (filter, image) pairs with a ground truth.
    public init(recall: Double?, low: Double?, high: Double?, filters: Int, pairs: Int) {
        self.recall = recall
        self.low = low
        self.high = high
        self.filters = filters
        self.pairs = pairs
    }
}

/// How much one recall exceeds another, with its interval.
public struct RecallDifference: Sendable, Equatable, Codable {
    /// The first recall minus the second, from −1 to 1.
    public var difference: Double
    /// nil, like `high`, where there is no interval.
    public var low: Double?
    /// The upper bound of the difference.
    public var high: Double?
}

/// Intervals from resampling the filters (METHOD 7).
///
/// A percentile bootstrap of n filters is too narrow: with 3 it covers 69 %, with 22 91 % instead of 95. Here the
/// resamples tell the standard error, and Student's t with n − 1 degrees of freedom how many of them to each side: a
/// recall's on the scale of log r / (1 − r), where shares are symmetric, so that the bounds stay within 0 and 1.
/// docs/method-notes.md has the coverage. Where the filters tell no error there is no interval: fewer than
/// `fewestFilters` with a ground truth, all of them alike, or a recall of 0 or 1.
///
/// The draws depend on the number of filters, the seed and the number of resamples alone: two recalls of the same
/// filters are resampled alike, which makes their difference a paired one.
public struct Bootstrap: Sendable {
    /// Fewer filters with a ground truth have no interval.
    public static let fewestFilters = 3
    /// A standard error below it is rounding.
    private static let smallestError = 1e-9

    /// How many filters are resampled.
    public let filters: Int
    /// How often the filters are drawn anew.
    public let resamples: Int
    /// How often an interval shall hold the recall of all filters that there could be.
    public var confidence: Double
    /// `[resamples, filters]` how often a filter was drawn.
    private let weights: [UInt16]

    /// Draws the resamples: `resamples` times `filters` of the filters, with replacement.
    /// - Parameter confidence: how often an interval shall hold the recall of all filters that there could be.
    public init(filters: Int, seed: UInt64, resamples: Int = 2000, confidence: Double = 0.95) {
        self.filters = filters
        self.resamples = resamples
        self.confidence = confidence
        var random = RandomSource(seed: seed, stream: "bootstrap")
        var weights = [UInt16](repeating: 0, count: resamples * filters)
        for resample in 0..<resamples {
            for _ in 0..<filters { weights[resample * filters + random.below(filters)] += 1 }
        }
        self.weights = weights
    }

    /// A recall with its interval.
    /// - Throws: `EvaluationError` when `sums` has another number of filters.
    public func estimate(_ sums: RecallSums) throws -> RecallEstimate {
        let recall = sums.recall
        let margin = try margin(filters: sums.filtersWithPairs, errors(sums))
        let interval = recall.flatMap { recall in margin.flatMap { Self.interval(ofShare: recall, margin: $0) } }
        return RecallEstimate(
            recall: recall, low: interval?.low, high: interval?.high, filters: sums.pairs.count,
            pairs: sums.pairs.reduce(0, +))
    }

    /// How much `a` exceeds `b` over the same draws of filters; nil when either has no pair.
    /// - Throws: `EvaluationError` when either has another number of filters.
    public func difference(_ a: RecallSums, _ b: RecallSums) throws -> RecallDifference? {
        let paired = try zip(errors(a), errors(b)).map { $0 - $1 }
        let margin = margin(filters: min(a.filtersWithPairs, b.filtersWithPairs), paired)
        guard let first = a.recall, let second = b.recall else { return nil }
        let difference = first - second
        return RecallDifference(
            difference: difference, low: margin.map { difference - $0 }, high: margin.map { difference + $0 })
    }

    /// What every filter adds to the error of a recall: Σ recall minus what as many pairs of the mean would have, a
    /// pair. Pairs are not drawn anew: where a few filters have most of them, resamples without these would exaggerate
    /// the error.
    /// - Throws: `EvaluationError` when `sums` has another number of filters.
    private func errors(_ sums: RecallSums) throws -> [Double] {
        guard sums.sums.count == filters, sums.pairs.count == filters else {
            throw EvaluationError.wrongShape("a bootstrap over \(filters) filters cannot resample \(sums.sums.count)")
        }
        guard let recall = sums.recall else { return [Double](repeating: 0, count: filters) }
        let pairs = Double(sums.pairs.reduce(0, +))
        return zip(sums.sums, sums.pairs).map { ($0 - recall * Double($1)) / pairs }
    }

    /// Student's t standard errors: the deviation of the errors' sum over resamples, without the share (n − 1) / n by
    /// which resamples of n filters vary less than samples. nil where there is no interval.
    /// - Parameter filters: those with a ground truth.
    private func margin(filters: Int, _ errors: [Double]) -> Double? {
        guard filters >= Self.fewestFilters else { return nil }
        let sums = (0..<resamples).map { resample in
            errors.indices.reduce(0.0) { $0 + Double(weights[resample * self.filters + $1]) * errors[$1] }
        }
        guard let summary = SeedSummary(sums) else { return nil }
        let error = summary.deviation * (Double(filters) / Double(filters - 1)).squareRoot()
        guard error > Self.smallestError else { return nil }
        return StudentsT.bound(confidence: confidence, degrees: filters - 1) * error
    }

    /// The bounds of a share whose own margin is `margin`, taken to the scale of log-odds (there it is divided by r (1
    /// − r)) and back.
    private static func interval(ofShare share: Double, margin: Double) -> (low: Double, high: Double)? {
        guard share > 0, share < 1 else { return nil }
        let odds = share / (1 - share), factor = exp(margin / (share * (1 - share)))
        return (odds / (odds + factor), 1 - 1 / (1 + odds * factor))
    }
}
