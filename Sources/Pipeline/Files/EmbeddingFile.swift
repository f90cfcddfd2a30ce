import HDF5
import Tensors

/// Reads the word embedding (`embedding.h5`): `/words` [V], `/vectors` [V, k] float32; and gives vectors to a
/// dataset's names of several
/// words (`WordList`), whose rows are from V on.
package struct EmbeddingFile: Sendable {
    package static let name = "embedding.h5"
    package static let wordsName = WordList.name

    package var words: [String] { list.words }
    package let width: Int
    private let vectors: HDF5Dataset<Float>
    private let list: WordList

    package init(_ path: String, concepts: [String]) throws {
        let file = try HDF5File.open(path)
        list = WordList(try file.readStrings("words"), concepts: concepts)
        vectors = try file.dataset("vectors", Float.self)
        width = vectors.shape[1]
    }

    /// Rows of `tokens`; every token of a preprocessed dataset has one.
    package func rows(of tokens: [String]) throws -> [Int32] {
        try tokens.map { token in
            guard let row = list.row(of: token) else {
                throw ExperimentError(
                    "the concept \"\(token)\" has no vector in the word embedding; run again with --force preprocess")
            }
            return row
        }
    }

    /// Vectors of some rows, `[rows.count, k]`.
    package func vectors(_ chosen: [Int32]) throws -> Tensor {
        var data: [Float] = []
        data.reserveCapacity(chosen.count * width)
        for row in chosen { data += try vector(row) }
        return Tensor(shape: [chosen.count, width], data: data)
    }

    /// The vectors of all words and names, `[words.count, k]`.
    package func allVectors() throws -> Tensor {
        var data = try vectors.read(rows: 0..<list.vectorCount)
        for row in list.vectorCount..<words.count { data += try vector(Int32(row)) }
        return Tensor(shape: [words.count, width], data: data)
    }

    /// A word's vector; for a name the mean of its words' vectors, added in their order as NumPy's `mean` does.
    private func vector(_ row: Int32) throws -> [Float] {
        let rows = list.vectorRows(of: row)
        let parts = try rows.map { try vectors.read(rows: Int($0)..<Int($0) + 1) }
        guard parts.count > 1 else { return parts.first ?? [] }
        return (0..<width).map { column in
            parts.dropFirst().reduce(parts[0][column]) { $0 + $1[column] } / Float(parts.count)
        }
    }
}
