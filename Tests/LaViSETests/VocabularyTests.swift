import LaViSE
import Tensors
import Testing

@Suite struct VocabularyTests {
    @Test func nearestByCosineNotByLength() throws {
        let vocabulary = try Vocabulary(vectors: Tensor(shape: [3, 2], data: [10, 0, 0, 0.1, 3, 3]), ids: [7, 8, 9])
        let found = try vocabulary.nearest([1, 2, -5, 0], s: 2)
        #expect(found.ids == [9, 8, 8, 9])
        let expected: [Float] = [3 / Float(10).squareRoot(), 2 / Float(5).squareRoot(), 0, -Float(0.5).squareRoot()]
        for (mine, hand) in zip(found.similarities, expected) { #expect(abs(mine - hand) < 1e-6) }
    }

    @Test func tiesGoToTheLowerId() throws {
        let vectors = Tensor(shape: [4, 1], data: [1, 2, 3, 4])
        let vocabulary = try Vocabulary(vectors: vectors, ids: [30, 10, 40, 20])
        #expect(try vocabulary.nearest([1], s: 3).ids == [10, 20, 30])
        #expect(try vocabulary.nearest([1], s: 9).ids == [10, 20, 30, 40])
    }

    /// More rows than one block: the running search equals a sort of all cosines.
    @Test func blocksGiveWhatASortGives() throws {
        var random = SystemLike(state: 3)
        let count = 9000, dimension = 16
        let rows = (0..<count * dimension).map { _ in random.value() + 0.01 }
        let queries = (0..<3 * dimension).map { _ in random.value() + 0.01 }
        let vocabulary = try Vocabulary(
            vectors: Tensor(shape: [count, dimension], data: rows), ids: (0..<Int32(count)).map { $0 })
        let found = try vocabulary.nearest(queries, s: 20)
        for query in 0..<3 {
            let q = queries[query * dimension..<(query + 1) * dimension].map(Double.init)
            let cosines = (0..<count).map { row -> Double in
                let v = rows[row * dimension..<(row + 1) * dimension].map(Double.init)
                let product = zip(q, v).reduce(0) { $0 + $1.0 * $1.1 }
                return product / (q.reduce(0) { $0 + $1 * $1 }.squareRoot() * v.reduce(0) { $0 + $1 * $1 }.squareRoot())
            }
            let best = cosines.indices.sorted { cosines[$0] > cosines[$1] }.prefix(20)
            #expect(found.ids[query * 20..<(query + 1) * 20].map(Int.init) == Array(best))
        }
    }

    @Test func badInputIsNamed() throws {
        #expect(throws: EvaluationError.self) {
            try Vocabulary(vectors: Tensor(shape: [2, 1], data: [1, 2]), ids: [1])
        }
        #expect(throws: EvaluationError.self) { try Vocabulary(vectors: Tensor(shape: [0, 3], data: []), ids: []) }
        #expect(throws: EvaluationError.notFinite("the vector of word 5")) {
            try Vocabulary(vectors: Tensor(shape: [1, 1], data: [.infinity]), ids: [5])
        }
        let vocabulary = try Vocabulary(vectors: Tensor(shape: [1, 1], data: [1]), ids: [5])
        #expect(throws: EvaluationError.notFinite("the explainer's output")) { try vocabulary.nearest([.nan], s: 1) }
    }
}
