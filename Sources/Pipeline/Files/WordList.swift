import Datasets
import Foundation

/// The words of an embedding in their order (`words.txt`): a word a line, each line ended by the byte 0x0A and by
/// nothing else.
package struct WordList: Sendable {
    package static let name = "words.txt"

    package private(set) var words: [String]
    /// How many of them have a vector of their own; those behind are names of several words.
    package let vectorCount: Int
    private var rows: [Word: Int32]

    /// - Parameter concepts: of a dataset. Those that are no words themselves, but several with a blank between, stand
    ///   behind the words in
    ///   their order: their vector is the mean of their words' vectors.
    package init(_ words: [String], concepts: [String] = []) {
        self.words = words
        vectorCount = words.count
        rows = Dictionary(words.enumerated().map { (Word($1), Int32($0)) }, uniquingKeysWith: { _, last in last })
        for name in concepts where row(of: name) == nil && parts(of: name) != nil {
            rows[Word(name)] = Int32(self.words.count)
            self.words.append(name)
        }
    }

    /// Rows of the words that a name is made of; nil where it is one word, or one of them has no vector.
    private func parts(of name: String) -> [Int32]? {
        let parts = name.utf8.split(separator: UInt8(ascii: " ")).map { row(of: String(Substring($0))) }
        return parts.count < 2 || parts.contains(nil) ? nil : parts.compactMap { $0 }
    }

    /// The rows whose vectors' mean is the vector of a row: itself, or those of a name's words.
    package func vectorRows(of row: Int32) -> [Int32] {
        Int(row) < vectorCount ? [row] : parts(of: words[Int(row)]) ?? []
    }

    /// - Throws: `ExperimentError` for a file that cannot be read.
    package init(contentsOf path: String, concepts: [String] = []) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ExperimentError("\(path): the list of words cannot be read")
        }
        self.init(data.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }, concepts: concepts)
    }

    /// The row of a word; nil where it has no vector.
    package func row(of word: String) -> Int32? { rows[Word(word)] }

    package func write(to path: String) throws {
        try Data(words.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: path))
    }
}
