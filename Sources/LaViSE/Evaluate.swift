import Synchronization
import Tensors

/// Explains every filter by its top images and scores the words against the annotations (METHOD 6 and 7).
///
/// Reads all maps twice (`MapSummary`) and then the top images once more. The result does not depend on `threads`.
/// - Parameter threads: how many may be used for the explanations now, in place of `options.threads`.
/// - Throws: `EvaluationError`, or what `data` and `progress` throw.
public func evaluate(
    _ data: any EvaluationData, vocabulary: Vocabulary, options: EvaluationOptions,
    progress: @escaping ProgressHandler = { _ in }, threads: (@Sendable () -> Int)? = nil
) throws -> Evaluation {
    let summary = try MapSummary(of: data, options: options, progress: progress)
    return try explain(
        data, summary: summary, vocabulary: vocabulary, options: options, progress: progress, threads: threads)
}

/// Explains the (filter, image) pairs of a summary, which may name other images than those its thresholds come from:
/// that is how a filter is shown a user's own picture. `options.filters` and `options.topImages` are not read.
/// - Parameter threads: as of `evaluate`.
/// - Throws: `EvaluationError`, or what `data` and `progress` throw.
public func explain(
    _ data: any EvaluationData, summary: MapSummary, vocabulary: Vocabulary, options: EvaluationOptions,
    progress: @escaping ProgressHandler = { _ in }, threads: (@Sendable () -> Int)? = nil
) throws -> Evaluation {
    let work = try ExplanationWork(data, summary: summary, vocabulary: vocabulary, options: options, progress: progress)
    let finished = Mutex([[PairResult]](repeating: [], count: work.blocks))
    try concurrently(work.blocks, growing: threads ?? { options.threads }) { block in
        let results = try work.results(ofBlock: block)
        finished.withLock { $0[block] = results }
    }
    return work.evaluation(finished.withLock { $0.flatMap { $0 } })
}

/// The explanations of a summary's pairs in blocks, which anyone can compute in any order.
public struct ExplanationWork: Sendable {
    private let pairs: [Pair]
    private let explanation: PairExplanation

    /// - Throws: `EvaluationError` for settings out of range.
    public init(
        _ data: any EvaluationData, summary: MapSummary, vocabulary: Vocabulary, options: EvaluationOptions,
        progress: @escaping ProgressHandler
    ) throws {
        _ = try options.validatedFilters(channels: data.channels)
        pairs = summary.pairs
        explanation = PairExplanation(
            data: data, summary: summary, vocabulary: vocabulary, options: options,
            counter: ProgressCounter(.explanations, total: pairs.count, handler: progress))
    }

    /// How many blocks there are.
    public var blocks: Int { Self.blocks(pairs: pairs.count) }

    /// How many blocks so many pairs are.
    public static func blocks(pairs: Int) -> Int {
        (pairs + PairExplanation.pairsPerBlock - 1) / PairExplanation.pairsPerBlock
    }

    private func slice(_ block: Int) -> Range<Int> {
        let first = block * PairExplanation.pairsPerBlock
        return first..<min(first + PairExplanation.pairsPerBlock, pairs.count)
    }

    /// What comes of a block's pairs, in their order.
    /// - Throws: `EvaluationError`, or what the data and `progress` throw.
    public func results(ofBlock block: Int) throws -> [PairResult] {
        try explanation.results(of: Array(pairs[slice(block)]))
    }

    /// Tells of pairs that an earlier attempt has explained.
    /// - Throws: what `progress` throws.
    public func skip(block: Int) throws { try explanation.counter.advance(by: slice(block).count) }

    /// The evaluation, of the results of all blocks in their order.
    public func evaluation(_ results: [PairResult]) -> Evaluation { explanation.collect(pairs, results) }
}
