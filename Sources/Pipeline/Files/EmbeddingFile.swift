import HDF5
import Tensors

/// Reads the word embedding (`embedding.h5`): `/words` [V], `/vectors` [V, k] float32; and gives vectors to a
/// dataset's names of several
/// words (`WordList`), whose rows are from V on.
package struct EmbeddingFile: Sendable {
    package static let name = "embedding.h5"

    package var words: [String] { list.words }
    package let width: Int
    private let vectors: HDF5Dataset<Float>
    private let list: WordList

    /// Writes the words and gives what takes their vectors.
    static func create(_ path: String, words: [String], width: Int) throws -> Writer {
        let file = try HDF5File.create(path)
        try file.write("words", strings: words)
        let vectors = try file.createDataset("vectors", Float.self, shape: [words.count, width], chunk: nil)
        return Writer(file: file, vectors: vectors, width: width)
    }

    /// Writes vectors in the order of the words.
    struct Writer {
        fileprivate let file: HDF5File
        fileprivate let vectors: HDF5Dataset<Float>
        fileprivate let width: Int
        private(set) var count = 0

        fileprivate init(file: HDF5File, vectors: HDF5Dataset<Float>, width: Int) {
            self.file = file
            self.vectors = vectors
            self.width = width
        }

        /// - Parameter block: `[n, width]`
        mutating func append(_ block: [Float]) throws {
            let rows = block.count / width
            guard rows > 0 else { return }
            try vectors.write(rows: count..<count + rows, block)
            count += rows
        }

        func close() throws { try file.close() }
    }

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
