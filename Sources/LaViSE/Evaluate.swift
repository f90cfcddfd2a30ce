import Synchronization
import Tensors

/// Explains every filter by its top images and scores the words against the annotations (METHOD 6 and 7).
///
/// Reads all maps twice (`MapSummary`) and then the top images once more. The result does not depend on `threads`.
/// - Throws: `EvaluationError`, or what `data` and `progress` throw.
public func evaluate(
    _ data: any EvaluationData, vocabulary: Vocabulary, options: EvaluationOptions,
    progress: @escaping ProgressHandler = { _ in }
) throws -> Evaluation {
    let summary = try MapSummary(of: data, options: options, progress: progress)
    return try explain(data, summary: summary, vocabulary: vocabulary, options: options, progress: progress)
}

/// Explains the (filter, image) pairs of a summary, which may name other images than those its thresholds come from:
/// that is how a filter is shown a user's own picture. `options.filters` and `options.topImages` are not read.
/// - Throws: `EvaluationError`, or what `data` and `progress` throw.
public func explain(
    _ data: any EvaluationData, summary: MapSummary, vocabulary: Vocabulary, options: EvaluationOptions,
    progress: @escaping ProgressHandler = { _ in }
) throws -> Evaluation {
    _ = try options.validatedFilters(channels: data.channels)
    let pairs = summary.pairs
    let explanation = PairExplanation(
        data: data, summary: summary, vocabulary: vocabulary, options: options,
        counter: ProgressCounter(.explanations, total: pairs.count, handler: progress))
    let blocks = stride(from: 0, to: pairs.count, by: PairExplanation.pairsPerBlock).map {
        Array(pairs[$0..<min($0 + PairExplanation.pairsPerBlock, pairs.count)])
    }
    let finished = Mutex([[PairExplanation.Result]](repeating: [], count: blocks.count))
    try concurrently(blocks.count, threads: options.threads) { block in
        let results = try explanation.results(of: blocks[block])
        finished.withLock { $0[block] = results }
    }
    return explanation.collect(pairs, finished.withLock { $0.flatMap { $0 } })
}

/// A filter and one of its top images.
struct Pair: Sendable {
    /// Index into `MapSummary.filters`.
    let filter: Int
    /// Index into the filter's top images.
    let rank: Int
    /// Row of the image.
    let image: Int
}

extension MapSummary {
    /// All pairs, image after image, so that each map is read few times.
    var pairs: [Pair] {
        var pairs: [Pair] = []
        for filter in filters.indices {
            for rank in 0..<imagesPerFilter where topImages[filter * imagesPerFilter + rank] >= 0 {
                pairs.append(Pair(filter: filter, rank: rank, image: Int(topImages[filter * imagesPerFilter + rank])))
            }
        }
        return pairs.sorted { ($0.image, $0.filter, $0.rank) < ($1.image, $1.filter, $1.rank) }
    }
}
