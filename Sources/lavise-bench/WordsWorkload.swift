import Fingerprints
import HDF5
import LaViSE
import Tensors

/// The 20 nearest of 400,000 words by cosine for 512 predictions.
final class WordsWorkload: BenchWorkload {
    static let words = 400_000, width = 300, nearest = 20

    let name = "words"
    let title = "nearest 20 of 400,000 × 300 words, 512 queries"
    let items = 512
    let unit = "queries"
    let flop: Double, bytes: Double
    private let vectors: [Float]
    private let queries: [Float]
    private let vocabulary: Vocabulary
    private var found: [Vocabulary.Neighbours] = []

    init() throws {
        var random = RandomSource(seed: 0, stream: "bench/words")
        vectors = (0..<Self.words * Self.width).map { _ in Float(random.uniform(-1, 1)) }
        queries = (0..<512 * Self.width).map { _ in Float(random.uniform(-1, 1)) }
        vocabulary = try Vocabulary(
            vectors: Tensor(shape: [Self.words, Self.width], data: vectors), ids: (0..<Self.words).map { Int32($0) })
        flop = 2 * Double(items * Self.words * Self.width)
        bytes = 4 * Double(Self.words * Self.width)
    }

    func writeInputs(to file: HDF5File) throws {
        try file.write("vectors", vectors, shape: [Self.words, Self.width])
        try file.write("queries", queries, shape: [items, Self.width])
    }

    func writeOutputs(to file: HDF5File) throws {
        try file.write("ids", found.flatMap(\.ids), shape: [items, Self.nearest])
        try file.write("similarities", found.flatMap(\.similarities), shape: [items, Self.nearest])
    }

    func run() throws { found = [try vocabulary.nearest(queries, s: Self.nearest, threads: benchThreads)] }
}
