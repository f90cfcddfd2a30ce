/// What a filter adds to a recall: the resampling of filters needs no more.
public struct RecallSums: Sendable, Equatable, Codable {
    /// Σ recall over the filter's pairs with a ground truth, a number a filter.
    public var sums: [Double]
    /// Number of those pairs, a number a filter.
    public var pairs: [Int]

    /// - Parameters:
    ///   - sums: Σ recall over each filter's pairs with a ground truth.
    ///   - pairs: how many these are.
    public init(sums: [Double], pairs: [Int]) {
        self.sums = sums
        self.pairs = pairs
    }

    /// The mean over all pairs (METHOD 7); nil when no pair has a ground truth.
    public var recall: Double? {
        let count = pairs.reduce(0, +)
        return count == 0 ? nil : sums.reduce(0, +) / Double(count)
    }

    /// Filters that have a pair with a ground truth.
    var filtersWithPairs: Int { pairs.count { $0 > 0 } }
}

extension Evaluation {
    /// What a method's recall@k is made of.
    ///
    /// - Parameter concepts: only these count, in the ground truth and in the words: the unseen concepts, say.
    public func recallSums(of said: Method, k: Int, among concepts: Set<Int32>? = nil) -> RecallSums {
        sums(among: concepts) { place, truth in
            recall(of: said.words[place * wordsPerImage..<(place + 1) * wordsPerImage].prefix(k), truth: truth)
        }
    }

    /// The baseline `most-frequent`: the same words for every pair.
    ///
    /// - Parameter words: ids of the training set's concepts, most frequent first.
    public func mostFrequentSums(_ words: [Int32], k: Int, among concepts: Set<Int32>? = nil) -> RecallSums {
        sums(among: concepts) { _, truth in recall(of: words.prefix(k), truth: truth) }
    }

    /// The baseline `random`: the exact expectation for k different words drawn from `pool`.
    public func randomSums(pool: Set<Int32>, k: Int, among concepts: Set<Int32>? = nil) -> RecallSums {
        let chance = pool.isEmpty ? 0 : Double(min(k, pool.count)) / Double(pool.count)
        return sums(among: concepts) { _, truth in
            chance * Double(truth.count { pool.contains($0) }) / Double(truth.count)
        }
    }

    private func sums(among concepts: Set<Int32>?, _ recall: (_ place: Int, _ truth: [Int32]) -> Double) -> RecallSums {
        var result = RecallSums(
            sums: [Double](repeating: 0, count: summary.filters.count),
            pairs: [Int](repeating: 0, count: summary.filters.count))
        for (place, all) in groundTruth.enumerated() {
            let truth = concepts.map { concepts in all.filter(concepts.contains) } ?? all
            guard !truth.isEmpty else { continue }
            result.sums[place / summary.imagesPerFilter] += recall(place, truth)
            result.pairs[place / summary.imagesPerFilter] += 1
        }
        return result
    }
}
