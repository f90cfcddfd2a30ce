/// What one method, or another tool, says of every unit: words with weights, the first first.
public struct WordExplanations: Sendable, Equatable {
    /// A word of an explanation.
    public struct Word: Sendable, Equatable {
        /// nil for a word that is no concept of the dataset: no image shows it.
        public var concept: Int?
        /// What `simulation` multiplies the word's presence by.
        public var weight: Double

        /// - Parameter concept: nil for a word that is no concept of the dataset.
        public init(concept: Int?, weight: Double) {
            self.concept = concept
            self.weight = weight
        }
    }

    /// The method's or the other tool's, as tables show it.
    public var name: String
    /// `[U]`
    public var words: [[Word]]

    /// - Parameter words: `[U]`, each unit's first word first.
    public init(name: String, words: [[Word]]) {
        self.name = name
        self.words = words
    }

    /// `[U]` an explanation's score on some images: that of its first word, of `simulation` that of its words together.
    /// A unit without a word scores what a word does that no image shows.
    public func scores(_ metric: EvidenceMetric, _ matrix: ScoreMatrix, _ sums: EvidenceSums) -> [Double] {
        words.enumerated().map { unit, words in
            if metric == .simulation, words.count > 1 {
                return sums.simulation(
                    of: unit, words: words.compactMap { word in word.concept.map { ($0, word.weight) } })
            }
            return words.first?.concept.map { matrix[unit, $0] } ?? matrix.floors[unit]
        }
    }
}

extension WordExplanations {
    static let wordsKept = 5

    /// The concept with the highest score of every unit.
    static func highest(_ matrix: ScoreMatrix, units: Int, name: String) -> WordExplanations {
        WordExplanations(name: name, words: (0..<units).map { [Word(concept: matrix.best(of: $0), weight: 1)] })
    }

    /// The five largest weights of a linear explanation.
    static func linear(_ linear: LinearExplanation, units: Int, name: String) -> WordExplanations {
        WordExplanations(
            name: name,
            words: (0..<units).map { unit in
                linear.words(of: unit, count: wordsKept).map { Word(concept: $0.concept, weight: $0.weight) }
            })
    }

    /// One concept for all units.
    static func constant(_ concept: Int?, units: Int, name: String) -> WordExplanations {
        WordExplanations(name: name, words: [[Word]](repeating: [Word(concept: concept, weight: 1)], count: units))
    }
}
