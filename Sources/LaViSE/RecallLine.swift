/// One number of a recall table: a method or baseline at one cut-off.
public struct RecallLine: Sendable, Equatable, Codable {
    /// The baseline that says the training set's most frequent concepts of every image.
    public static let mostFrequent = "most-frequent"
    /// The baseline that says words drawn at random: the exact expectation.
    public static let random = "random"

    /// An `ExplanationMethod`, or one of the two baselines.
    public var method: String
    /// The cut-off: words of an image that count.
    public var k: Int
    /// The recall with its interval over filters.
    public var estimate: RecallEstimate
}

extension Evaluation {
    /// Every method and both baselines at every cut-off, in the table's order.
    ///
    /// - Parameters:
    ///   - frequent: ids of the training set's concepts, most frequent first.
    ///   - pool: what the baseline `random` draws from.
    ///   - concepts: only these count (the seen or the unseen ones); nil for all.
    /// - Throws: `EvaluationError` when the bootstrap is for another number of filters.
    public func recallLines(
        frequent: [Int32], pool: Set<Int32>, among concepts: Set<Int32>? = nil, bootstrap: Bootstrap
    ) throws -> [RecallLine] {
        func lines(_ name: String, _ sums: (Int) -> RecallSums) throws -> [RecallLine] {
            try ks.map { RecallLine(method: name, k: $0, estimate: try bootstrap.estimate(sums($0))) }
        }
        return try methods.flatMap { said in
            try lines(said.method.name) { recallSums(of: said, k: $0, among: concepts) }
        }
            + lines(RecallLine.mostFrequent) { mostFrequentSums(frequent, k: $0, among: concepts) }
            + lines(RecallLine.random) { randomSums(pool: pool, k: $0, among: concepts) }
    }
}
