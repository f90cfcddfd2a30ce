/// The lift of words (METHOD 10): Σ over a filter's images of a word's cosine where it is among the image's s nearest,
/// minus the mean of that sum over all filters.
public struct WordLift: Sendable {
    /// Of every filter.
    private let sums: [[Int32: Double]]
    private let means: [Int32: Double]

    /// - Parameter filter: index into `summary.filters`.
    public func lift(_ word: Int32, filter: Int) -> Double { (sums[filter][word] ?? 0) - (means[word] ?? 0) }

    /// - Returns: nil where the method was not evaluated.
    public init?(_ evaluation: Evaluation, method: ExplanationMethod) {
        guard let said = evaluation[method] else { return nil }
        let size = evaluation.summary.imagesPerFilter * evaluation.wordsPerImage
        sums = evaluation.summary.filters.indices.map { filter in
            var sums: [Int32: Double] = [:]
            for i in filter * size..<(filter + 1) * size where said.words[i] >= 0 {
                sums[said.words[i], default: 0] += Double(said.similarities[i])
            }
            return sums
        }
        var totals: [Int32: Double] = [:]
        // In the order of the filters, and so the same for any order of a dictionary.
        for filter in sums { for (word, sum) in filter { totals[word, default: 0] += sum } }
        means = totals.mapValues { $0 / Double(max(1, evaluation.summary.filters.count)) }
    }
}
