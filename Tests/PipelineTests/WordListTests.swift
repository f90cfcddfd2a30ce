import Foundation
import HDF5
import Datasets
import Pipeline
import Tensors
import Testing

@Suite struct WordListTests {
    /// A line ends at the byte 0x0A alone: Swift takes CR LF for one character, which once joined two words and shifted
    /// all behind them.
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

    /// A dataset's names of several words stand behind the words, in their order.
    @Test func namesOfSeveralWords() {
        let list = WordList(
            ["table", "dining", "tea pot", "b"],
            concepts: ["b", "dining table", "table dining table", "tea pot", "tea table", "x"])
        #expect(
            list.words == ["table", "dining", "tea pot", "b", "dining table", "table dining table"]
                && list.vectorCount == 4)
        #expect(list.row(of: "dining table") == 4 && list.row(of: "tea pot") == 2 && list.row(of: "tea table") == nil)
        #expect(
            list.vectorRows(of: 4) == [1, 0] && list.vectorRows(of: 5) == [0, 1, 0] && list.vectorRows(of: 2) == [2])
    }

    /// The vector of a name is the mean of its words', as NumPy's float32 `mean` gives it.
    @Test func vectorsOfNames() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "embedding-\(UUID().uuidString).h5").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let vectors: [Float] = [1, 2, 0.1, -4, 7, 0.2, 3, 3, 0.7]
        let file = try HDF5File.create(path)
        try file.write("words", strings: ["table", "dining", "room"])
        try file.write("vectors", vectors, shape: [3, 3])
        try file.close()
        let embedding = try EmbeddingFile(path, concepts: ["dining room table", "dining table"])
        #expect(try embedding.rows(of: ["dining table", "room", "dining room table"]) == [4, 2, 3])
        let table: [Float] = [-1.5, 4.5, (0.1 + 0.2) / 2], room: [Float] = [0, 4, (0.2 + 0.7 + 0.1) / 3]
        #expect(try embedding.vectors([4, 1, 3]) == Tensor(shape: [3, 3], data: table + vectors[3..<6] + room))
        #expect(try embedding.allVectors() == Tensor(shape: [5, 3], data: vectors + room + table))
        #expect(throws: ExperimentError.self) { try EmbeddingFile(path, concepts: []).rows(of: ["dining table"]) }
    }

    /// As one scalar and as two: the same `String`, two words.
    @Test func wordsAreBytes() {
        #expect("e\u{301}" == "é" && Word("e\u{301}") != Word("é"))
        #expect(Set([Word("e\u{301}"), Word("é"), Word("é")]).count == 2)
    }
}
