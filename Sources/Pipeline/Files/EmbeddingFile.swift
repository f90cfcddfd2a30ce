import HDF5
import Tensors

/// Reads the word embedding (`embedding.h5`): `/words` [V], `/vectors` [V, k] float32.
struct EmbeddingFile: Sendable {
    static let name = "embedding.h5"
    static let wordsName = WordList.name

    var words: [String] { list.words }
    let width: Int
    private let vectors: HDF5Dataset<Float>
    private let list: WordList

    init(_ path: String) throws {
        let file = try HDF5File.open(path)
        list = WordList(try file.readStrings("words"))
        vectors = try file.dataset("vectors", Float.self)
        width = vectors.shape[1]
    }

    /// Rows of `tokens`; every token of a preprocessed dataset has one.
    func rows(of tokens: [String]) throws -> [Int32] {
        try tokens.map { token in
            guard let row = list.row(of: token) else {
                throw ExperimentError("the concept \"\(token)\" has no vector in the word embedding; run again with --force preprocess")
            }
            return row
        }
    }

    /// Vectors of some rows, `[rows.count, k]`.
    func vectors(_ chosen: [Int32]) throws -> Tensor {
        var data: [Float] = []
        data.reserveCapacity(chosen.count * width)
        for row in chosen { data += try vectors.read(rows: Int(row)..<Int(row) + 1) }
        return Tensor(shape: [chosen.count, width], data: data)
    }

    /// All vectors, `[V, k]`.
    func allVectors() throws -> Tensor {
        Tensor(shape: [words.count, width], data: try vectors.read(rows: 0..<words.count))
    }
}
