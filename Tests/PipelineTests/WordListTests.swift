import Foundation
import Testing

import Pipeline

@Suite struct WordListTests {
    /// A line ends at the byte 0x0A alone: Swift takes CR LF for one character, which once joined two words and shifted all behind them.
    @Test func linesEndAtOneByte() throws {
        let words = ["a", "b\r", "\r", "c\u{2028}d", "e\u{301}", "é", "f\u{0B}"]
        let path = FileManager.default.temporaryDirectory.appending(path: "words-\(UUID().uuidString).txt").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try WordList(words).write(to: path)
        let read = try WordList(contentsOf: path)
        #expect(read.words.map { Array($0.utf8) } == words.map { Array($0.utf8) })
        for (row, word) in words.enumerated() { #expect(read.row(of: word) == Int32(row)) }
        #expect(read.row(of: "b") == nil && read.row(of: "E\u{301}") == nil)
    }

    /// As one scalar and as two: the same `String`, two words.
    @Test func wordsAreBytes() {
        #expect("e\u{301}" == "é" && Word("e\u{301}") != Word("é"))
        #expect(Set([Word("e\u{301}"), Word("é"), Word("é")]).count == 2)
    }
}
