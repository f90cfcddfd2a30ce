/// The paper's measures of people's agreement with annotations in the place of people (METHOD 12).
public struct Agreement: Sendable {
    /// p of the paper's experiment with people: images a filter.
    public static let images = 15

    /// What is measured over (filter, image) pairs; the raw value is the paper's name, as tables show it.
    public enum Measure: String, CaseIterable, Sendable {
        /// Whether a filter's first word is in the ground truth of an image.
        case precisionOfOne = "P-A@1"
        /// The share of its first five words that are.
        case precisionOfFive = "P-A@5"
        /// The share of the ground truth that is among its first five words.
        case recallOfFive = "R-A@5"
    }
}

extension Evaluation {
    /// A measure's sums over a filter's images that have a ground truth, as recall's are: their mean is over (filter,
    /// image) pairs, their interval over filters.
    /// - Parameter words: `[U]` a filter's words, the first first. One without words agrees with nothing.
    public func agreementSums(_ measure: Agreement.Measure, words: [[Int32]]) -> RecallSums {
        let p = summary.imagesPerFilter
        var result = RecallSums(
            sums: [Double](repeating: 0, count: summary.filters.count),
            pairs: [Int](repeating: 0, count: summary.filters.count))
        for unit in summary.filters.indices {
            let said = words[unit].prefix(measure == .precisionOfOne ? 1 : 5)
            for rank in 0..<min(p, Agreement.images) {
                let truth = groundTruth[unit * p + rank]
                guard !truth.isEmpty else { continue }
                let hits = Double(said.count { truth.contains($0) })
                result.pairs[unit] += 1
                result.sums[unit] +=
                    measure == .recallOfFive ? hits / Double(truth.count) : said.isEmpty ? 0 : hits / Double(said.count)
            }
        }
        return result
    }
}
