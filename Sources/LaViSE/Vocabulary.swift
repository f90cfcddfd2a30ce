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

    /// Words compared at once, so that a block's similarities stay in the cache.
    private static let wordsPerBlock = 1024
    /// Queries of a block, which one thread searches for.
    private static let queriesPerBlock = 256

    /// Id of every row.
    public let ids: [Int32]
    /// Length of a vector.
    public let dimension: Int
    /// `[dimension, V]`, columns of length 1.
    private let columns: PackedMatrix
    private let products = MatrixProducts()

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
        columns = rows.withUnsafeBufferPointer { [dimension] rows in
            PackedMatrix(
                MatrixView(rows.baseAddress!, rowStride: dimension).transposed, terms: dimension, columns: ids.count)
        }
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
        let blocks = stride(from: 0, to: queryCount, by: Self.queriesPerBlock).map {
            $0..<min($0 + Self.queriesPerBlock, queryCount)
        }
        let found = Mutex([[RunningNearest]](repeating: [], count: blocks.count))
        try concurrently(blocks.count, threads: threads) { [unit] block in
            let best = nearest(to: blocks[block], of: unit, size: size)
            found.withLock { $0[block] = best }
        }
        let best = found.withLock { $0.flatMap { $0 } }
        return Neighbours(ids: best.flatMap(\.ids), similarities: best.flatMap(\.similarities), perQuery: size)
    }

    /// The nearest words of some of the queries, which have length 1.
    private func nearest(to queries: Range<Int>, of unit: [Float], size: Int) -> [RunningNearest] {
        var best = [RunningNearest](repeating: RunningNearest(size: size), count: queries.count)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: queries.count * Self.wordsPerBlock) { block in
            guard let similarities = block.baseAddress else { return }
            for first in stride(from: 0, to: count, by: Self.wordsPerBlock) {
                let words = first..<min(first + Self.wordsPerBlock, count)
                unit.withUnsafeBufferPointer { unit in
                    products.multiply(
                        MatrixView(unit.baseAddress! + queries.lowerBound * dimension, rowStride: dimension),
                        by: columns, columns: words,
                        rows: queries.count, into: similarities, rowStride: Self.wordsPerBlock)
                }
                for query in best.indices {
                    best[query].offer(
                        UnsafeBufferPointer(start: similarities + query * Self.wordsPerBlock, count: words.count),
                        ids[words])
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

    /// Takes those of some words that are near enough.
    mutating func offer(_ block: UnsafeBufferPointer<Float>, _ words: ArraySlice<Int32>) {
        let vectors = UnsafeRawBufferPointer(block), whole = block.count / 16 * 16
        for start in stride(from: 0, to: whole, by: 16)
        where any(vectors.loadUnaligned(fromByteOffset: start * 4, as: SIMD16<Float>.self) .>= bound) {
            for place in start..<start + 16 { offer(words[words.startIndex + place], similarity: block[place]) }
        }
        for place in whole..<block.count { offer(words[words.startIndex + place], similarity: block[place]) }
    }

    private mutating func offer(_ id: Int32, similarity: Float) {
        guard similarity >= bound else { return }
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
