import Synchronization
import Tensors

/// The words an explanation may use, searched by cosine.
public struct Vocabulary: Sendable {
    /// The s nearest words of every query, nearest first.
    public struct Neighbours: Sendable, Equatable {
        /// `[count, s]`
        public var ids: [Int32]
        /// `[count, s]` cosines.
        public var similarities: [Float]
        /// s: what was asked for, or the size of the vocabulary when that is smaller.
        public var perQuery: Int
    }

    /// Rows multiplied at once: a block of similarities takes 16 KB a query.
    private static let rowsPerBlock = 4096
    /// Queries of a block, which one thread searches for.
    private static let queriesPerBlock = 256

    /// Id of every row.
    public let ids: [Int32]
    /// Length of a vector.
    public let dimension: Int
    /// `[V, dimension]` rows of length 1.
    private let rows: [Float]

    /// - Parameters:
    ///   - vectors: `[V, dimension]`, as read from the embedding.
    ///   - ids: word id of each row; they decide ties.
    /// - Throws: `EvaluationError` when there is no word, shapes disagree or a number is not finite.
    public init(vectors: consuming Tensor, ids: [Int32]) throws {
        guard vectors.shape.count == 2, vectors.shape[0] == ids.count, !ids.isEmpty, vectors.shape[1] > 0 else {
            throw EvaluationError.wrongShape(
                "a vocabulary of \(ids.count) words needs vectors of shape [\(ids.count), n], not \(vectors.shape)")
        }
        self.ids = ids
        dimension = vectors.shape[1]
        var rows = vectors.data
        vectors.data = []  // so that the rows are not copied
        for (row, id) in ids.enumerated() {
            guard Self.normalise(&rows, row: row, dimension: dimension) else {
                throw EvaluationError.notFinite("the vector of word \(id)")
            }
        }
        self.rows = rows
    }

    /// Number of words V.
    public var count: Int { ids.count }

    /// Scales a row to length 1, as `torch.nn.functional.normalize` with ε = 1e-12; false when it is not finite.
    private static func normalise(_ rows: inout [Float], row: Int, dimension: Int) -> Bool {
        let range = row * dimension..<(row + 1) * dimension
        let norm = dot(rows[range], rows[range]).squareRoot()
        for i in range { rows[i] /= max(norm, 1e-12) }
        return norm.isFinite
    }

    /// The `s` words nearest to each query by cosine; ties go to the lower id.
    ///
    /// - Parameters:
    ///   - queries: `[count, dimension]`, of any length each.
    ///   - threads: the result does not depend on it.
    /// - Throws: `EvaluationError` when a query is not finite.
    public func nearest(_ queries: [Float], s: Int, threads: Int = 1) throws -> Neighbours {
        let queryCount = queries.count / dimension, size = min(s, count)
        var unit = queries
        for query in 0..<queryCount where !Self.normalise(&unit, row: query, dimension: dimension) {
            throw EvaluationError.notFinite("the explainer's output")
        }
        let blocks = stride(from: 0, to: queryCount, by: Self.queriesPerBlock).map { $0..<min($0 + Self.queriesPerBlock, queryCount) }
        let found = Mutex([[RunningNearest]](repeating: [], count: blocks.count))
        try concurrently(blocks.count, threads: threads) { [unit] block in
            let range = blocks[block]
            let best = nearest(Array(unit[range.lowerBound * dimension..<range.upperBound * dimension]), count: range.count, size: size)
            found.withLock { $0[block] = best }
        }
        let best = found.withLock { $0.flatMap { $0 } }
        return Neighbours(ids: best.flatMap(\.ids), similarities: best.flatMap(\.similarities), perQuery: size)
    }

    /// The nearest words of a block of queries of length 1.
    private func nearest(_ unit: [Float], count queryCount: Int, size: Int) -> [RunningNearest] {
        var best = [RunningNearest](repeating: RunningNearest(size: size), count: queryCount)
        var block = [Float](repeating: 0, count: queryCount * min(Self.rowsPerBlock, count))
        for first in stride(from: 0, to: count, by: Self.rowsPerBlock) {
            let width = min(Self.rowsPerBlock, count - first)
            rows[(first * dimension)...].withUnsafeBufferPointer { rows in
                guard let rows = rows.baseAddress else { return }
                gemm(
                    transposeA: false, transposeB: true, m: queryCount, n: width, k: dimension, alpha: 1,
                    a: unit, lda: dimension, b: rows, ldb: dimension, beta: 0, c: &block, ldc: width)
            }
            for query in 0..<queryCount {
                for column in 0..<width where best[query].mayTake(block[query * width + column]) {
                    best[query].offer(ids[first + column], similarity: block[query * width + column])
                }
            }
        }
        return best
    }
}

/// The nearest words of one query so far.
private struct RunningNearest {
    let size: Int
    var ids: [Int32] = []
    var similarities: [Float] = []
    /// What a further word must reach.
    private var bound = -Float.infinity

    init(size: Int) { self.size = size }

    func mayTake(_ similarity: Float) -> Bool { similarity >= bound }

    mutating func offer(_ id: Int32, similarity: Float) {
        var place = ids.count
        while place > 0, (similarity, ids[place - 1]) > (similarities[place - 1], id) { place -= 1 }
        guard place < size else { return }
        ids.insert(id, at: place)
        similarities.insert(similarity, at: place)
        if ids.count > size {
            ids.removeLast()
            similarities.removeLast()
        }
        if ids.count == size { bound = similarities[size - 1] }
    }
}
