/// A word that explains a filter.
public struct ExplanationWord: Sendable, Equatable, Codable {
    public var word: Int32
    /// How many of the filter's images have the word (times their weight under `weighByActivation`).
    public var frequency: Int
    /// Mean cosine over those images (weighted likewise).
    public var similarity: Double

    public init(word: Int32, frequency: Int, similarity: Double) {
        self.word = word
        self.frequency = frequency
        self.similarity = similarity
    }
}

extension Evaluation {
    /// A filter's words by frequency over its p images' s words; ties by higher mean cosine, then lower id (METHOD 6.5).
    ///
    /// - Parameters:
    ///   - filter: index into `summary.filters`.
    ///   - allowed: words to keep (an entity list), or nil for all.
    ///   - weighByActivation: the deviation of that name.
    /// - Returns: the ranked words; empty when the method was not asked for.
    public func explanation(
        filter: Int, method: ExplanationMethod, allowed: Set<Int32>? = nil, weighByActivation: Bool = false
    ) -> [ExplanationWord] {
        guard let said = self[method] else { return [] }
        var counts: [Int32: (frequency: Int, similarity: Double)] = [:]
        for rank in 0..<summary.imagesPerFilter {
            let place = filter * summary.imagesPerFilter + rank
            guard summary.topImages[place] >= 0 else { continue }
            let weight = weighByActivation ? summary.activationWeight(filter: filter, rank: rank) : 1
            for i in place * wordsPerImage..<(place + 1) * wordsPerImage where allowed?.contains(said.words[i]) ?? true {
                counts[said.words[i], default: (0, 0)].frequency += weight
                counts[said.words[i], default: (0, 0)].similarity += Double(weight) * Double(said.similarities[i])
            }
        }
        return counts
            .map { ExplanationWord(word: $0, frequency: $1.frequency, similarity: $1.similarity / Double($1.frequency)) }
            .sorted { ($1.frequency, $1.similarity, $0.word) < ($0.frequency, $0.similarity, $1.word) }
    }
}
