import Fingerprints

/// A mean recall with its interval.
public struct RecallEstimate: Sendable, Equatable, Codable {
    /// nil, like its bounds, when no pair has a ground truth.
    public var recall: Double?
    public var low: Double?
    public var high: Double?
    /// Number of filters evaluated.
    public var filters: Int
    /// Number of (filter, image) pairs with a ground truth.
    public var pairs: Int

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
    public var difference: Double
    public var low: Double
    public var high: Double
}

/// The percentile bootstrap over filters (METHOD 7).
///
/// The draws depend on the number of filters, the seed and the number of resamples alone: two recalls of the same filters
/// are resampled alike, which makes their difference a paired one.
public struct Bootstrap: Sendable {
    public let filters: Int
    public let resamples: Int
    public let confidence: Double
    /// `[resamples, filters]` how often a filter was drawn.
    private let weights: [UInt16]

    /// - Parameters:
    ///   - confidence: the share of the resamples inside the interval.
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
        let interval = try interval { try resampled(sums, $0) }
        return RecallEstimate(
            recall: sums.recall, low: interval?.low, high: interval?.high, filters: sums.pairs.count,
            pairs: sums.pairs.reduce(0, +))
    }

    /// How much `a` exceeds `b` over the same draws of filters; nil when either has no pair.
    /// - Throws: `EvaluationError` when either has another number of filters.
    public func difference(_ a: RecallSums, _ b: RecallSums) throws -> RecallDifference? {
        let interval = try interval { resample in
            guard let a = try resampled(a, resample), let b = try resampled(b, resample) else { return nil }
            return a - b
        }
        guard let first = a.recall, let second = b.recall, let interval else { return nil }
        return RecallDifference(difference: first - second, low: interval.low, high: interval.high)
    }

    /// The recall of one resample; nil when it drew no pair.
    private func resampled(_ sums: RecallSums, _ resample: Int) throws -> Double? {
        guard sums.sums.count == filters, sums.pairs.count == filters else {
            throw EvaluationError.wrongShape("a bootstrap over \(filters) filters cannot resample \(sums.sums.count)")
        }
        var total = 0.0, pairs = 0
        for filter in 0..<filters {
            let weight = weights[resample * filters + filter]
            total += Double(weight) * sums.sums[filter]
            pairs += Int(weight) * sums.pairs[filter]
        }
        return pairs == 0 ? nil : total / Double(pairs)
    }

    /// The percentiles of a statistic over the resamples that have one.
    private func interval(_ statistic: (Int) throws -> Double?) rethrows -> (low: Double, high: Double)? {
        let values = try (0..<resamples).compactMap(statistic).sorted()
        guard !values.isEmpty else { return nil }
        let tail = (1 - confidence) / 2
        return (Self.percentile(values, tail), Self.percentile(values, 1 - tail))
    }

    /// Linear interpolation between order statistics; `sorted` is not empty.
    package static func percentile(_ sorted: [Double], _ share: Double) -> Double {
        let position = share * Double(sorted.count - 1)
        let low = Int(position), high = min(low + 1, sorted.count - 1)
        return sorted[low] + (position - Double(low)) * (sorted[high] - sorted[low])
    }
}
