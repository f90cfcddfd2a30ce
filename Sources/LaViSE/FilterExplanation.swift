/// How a filter's words are ordered (METHOD 10).
public enum WordRanking: String, Sendable, CaseIterable, Codable {
    /// By how much nearer a word is to this filter's images than to those of the layer's other filters: a word that is
    /// near everywhere leads nowhere.
    case lift
    /// By the number of the filter's images that have the word (paper A).
    case frequency
}

/// A word that explains a filter.
public struct ExplanationWord: Sendable, Equatable, Codable {
    /// The word's id.
    public var word: Int32
    /// How many of the filter's images have the word (times their weight under `weighByActivation`).
    public var frequency: Int
    /// Mean cosine over those images (weighted likewise).
    public var similarity: Double
    /// Σ of the cosine over those images, minus the mean of that sum over all filters of the layer.
    public var lift: Double

    init(word: Int32, frequency: Int, similarity: Double, lift: Double) {
        self.word = word
        self.frequency = frequency
        self.similarity = similarity
        self.lift = lift
    }
}

/// The words of all filters by one method, from the s nearest words of each of their images (METHOD 6.5 and 10).
public struct LayerWords: Sendable {
    private struct Tally {
        var frequency = 0
        var similarity = 0.0
    }

    /// Of every filter.
    private let tallies: [[Int32: Tally]]
    /// The mean of `similarity` over all filters.
    private let usual: [Int32: Double]

    /// - Parameters:
    ///   - wordsPerImage: s, at most what the evaluation kept.
    ///   - weighByActivation: the deviation of that name.
    /// - Returns: no words where the method was not evaluated.
    public init(
        _ evaluation: Evaluation, method: ExplanationMethod, wordsPerImage: Int, weighByActivation: Bool = false
    ) {
        let summary = evaluation.summary, kept = evaluation.wordsPerImage, s = min(wordsPerImage, kept)
        let tallies = summary.filters.indices.map { filter -> [Int32: Tally] in
            guard let said = evaluation[method] else { return [:] }
            var tallies: [Int32: Tally] = [:]
            for rank in 0..<summary.imagesPerFilter {
                let place = filter * summary.imagesPerFilter + rank
                guard summary.topImages[place] >= 0 else { continue }
                let weight = weighByActivation ? summary.activationWeight(filter: filter, rank: rank) : 1
                for i in place * kept..<place * kept + s {
                    tallies[said.words[i], default: Tally()].frequency += weight
                    tallies[said.words[i], default: Tally()].similarity += Double(weight) * Double(said.similarities[i])
                }
            }
            return tallies
        }
        var sums: [Int32: Double] = [:]
        // A filter adds to a word once, so that the order of a dictionary changes no sum.
        for filter in tallies { for (word, tally) in filter { sums[word, default: 0] += tally.similarity } }
        self.tallies = tallies
        usual = sums.mapValues { $0 / Double(tallies.count) }
    }

    /// The words of the filter at `index`, the first first; ties by higher mean cosine, then lower id.
    public func words(ofFilter index: Int, by ranking: WordRanking) -> [ExplanationWord] {
        tallies[index].map { word, tally in
            ExplanationWord(
                word: word, frequency: tally.frequency, similarity: tally.similarity / Double(tally.frequency),
                lift: tally.similarity - (usual[word] ?? 0))
        }.sorted { a, b in
            let (x, y) =
                switch ranking {
                case .lift: (a.lift, b.lift)
                case .frequency: (Double(a.frequency), Double(b.frequency))
                }
            return (y, b.similarity, a.word) < (x, a.similarity, b.word)
        }
    }
}
