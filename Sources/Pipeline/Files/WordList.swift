import Foundation

/// A word as bytes: `String`s compare by canonical equivalence, but "é" as one scalar and as two are two words of an embedding.
package struct Word: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (a: Word, b: Word) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

/// The words of an embedding in their order (`words.txt`): a word a line, each line ended by the byte 0x0A and by nothing else.
package struct WordList: Sendable {
    package static let name = "words.txt"

    package let words: [String]
    private let rows: [Word: Int32]

    package init(_ words: [String]) {
        self.words = words
        rows = Dictionary(words.enumerated().map { (Word($1), Int32($0)) }, uniquingKeysWith: { _, last in last })
    }

    /// - Throws: `ExperimentError` for a file that cannot be read.
    package init(contentsOf path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else { throw ExperimentError("\(path): the list of words cannot be read") }
        self.init(data.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) })
    }

    /// The row of a word; nil where it has no vector.
    package func row(of word: String) -> Int32? { rows[Word(word)] }

    package func write(to path: String) throws { try Data(words.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: path)) }
}
