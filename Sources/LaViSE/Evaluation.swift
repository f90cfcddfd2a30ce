/// The explanations of a layer's filters and their recall. U filters, p images a filter, s words an image, K cut-offs.
public struct Evaluation: Sendable, Equatable {
    /// What one method said.
    public struct Method: Sendable, Equatable {
        /// The method that said it.
        public var method: ExplanationMethod
        /// `[U, p, s]` ids of the nearest words, nearest first; −1 where there is no image.
        public var words: [Int32]
        /// `[U, p, s]` cosines of those words; NaN where there is no image.
        public var similarities: [Float]
        /// `[U, p, K]` recall@k; NaN where there is no ground truth.
        public var recall: [Float]

        /// - Parameters:
        ///   - words: `[U, p, s]` ids, −1 where there is no image.
        ///   - similarities: `[U, p, s]` cosines, NaN where there is no image.
        ///   - recall: `[U, p, K]`, NaN where there is no ground truth.
        public init(method: ExplanationMethod, words: [Int32], similarities: [Float], recall: [Float]) {
            self.method = method
            self.words = words
            self.similarities = similarities
            self.recall = recall
        }
    }

    /// Top images, maxima and thresholds.
    public var summary: MapSummary
    /// The K cut-offs.
    public var ks: [Int]
    /// s: words kept an image, for the largest cut-off and for explanations.
    public var wordsPerImage: Int
    /// `[U, p]` ground truths: ascending word ids, empty where none.
    public var groundTruth: [[Int32]]
    /// What each method said, in the order of the options.
    public var methods: [Method]
    /// How well every concept fits every filter; nil where the images have no annotations.
    public var scores: ConceptScores?

    /// - Parameters:
    ///   - ks: the K cut-offs, ascending.
    ///   - wordsPerImage: s.
    ///   - groundTruth: `[U, p]` ascending word ids, empty where none.
    ///   - scores: nil where the images have no annotations.
    public init(
        summary: MapSummary, ks: [Int], wordsPerImage: Int, groundTruth: [[Int32]], methods: [Method],
        scores: ConceptScores? = nil
    ) {
        self.summary = summary
        self.ks = ks
        self.wordsPerImage = wordsPerImage
        self.groundTruth = groundTruth
        self.methods = methods
        self.scores = scores
    }

    /// `[U, p]` number of concepts in each ground truth.
    public var groundTruthCount: [Int32] { groundTruth.map { Int32($0.count) } }

    /// What one method said, if it was asked for.
    public subscript(method: ExplanationMethod) -> Method? { methods.first { $0.method == method } }
}

/// |W ∩ G| / |G| for words W and a ground truth G (METHOD 7); NaN for an empty G.
func recall(of words: some Sequence<Int32>, truth: [Int32]) -> Double {
    truth.isEmpty ? .nan : Double(words.count { truth.contains($0) }) / Double(truth.count)
}
