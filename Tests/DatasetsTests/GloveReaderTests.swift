import Datasets
import Foundation
import Testing

/// Reads `bytes` as a word-vector file.
private func parsed(_ bytes: [UInt8]) throws -> [(word: String, vector: [Float])] {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("vectors-\(UUID().uuidString).txt").path
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    var out: [(word: String, vector: [Float])] = []
    try GloveReader(path).forEach { out.append(($0, Array($1))) }
    return out
}

private func parsed(_ text: String) throws -> [(word: String, vector: [Float])] { try parsed(Array(text.utf8)) }

/// What reading `bytes` reports, the file's path shortened to "vectors".
private func message(_ bytes: [UInt8]) -> String {
    do {
        return "read \(try parsed(bytes).count) words"
    } catch let error as GloveError {
        return error.description.replacingOccurrences(of: error.path, with: "vectors")
    } catch {
        return "\(error)"
    }
}

/// `text` as the gzip command packs it.
private func gzipped(_ text: String) throws -> [UInt8] {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("vectors-\(UUID().uuidString).txt").path
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    defer { for ending in ["", ".gz"] { try? FileManager.default.removeItem(atPath: path + ending) } }
    let gzip = Process()
    gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    gzip.arguments = ["gzip", "-k", path]
    try gzip.run()
    gzip.waitUntilExit()
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + ".gz")))
}

@Suite struct GloveReaderTests {
    @Test func readsWordsAndNumbersInOrder() throws {
        let read = try parsed("the -0.25 1 3e-2\n#$% 0 .5 +7\ncafé\u{a0}x -0 1. 12345678\n")
        #expect(read.map(\.word) == ["the", "#$%", "café\u{a0}x"])
        #expect(read.map(\.vector) == [[-0.25, 1, 0.03], [0, 0.5, 7], [0, 1, 12345678]])
        #expect(read[2].vector[0].sign == .minus)
        #expect(try parsed("a 1 2\nb 3 4").map(\.vector) == [[1, 2], [3, 4]], "the last line may lack its end")
    }

    /// What other tools write, plain and as `.gz`.
    @Test(arguments: [
        ("3 2\nthe 1 2\nof 3 4\nand 5 6\n", ["the", "of", "and"]),  // word2vec and fastText: the counts first
        ("the 1 2\r\nof 3 4\r\nand 5 6\r\n", ["the", "of", "and"]),
        ("the 1 2 \nof 3 4\t\nand\t5  6 \r\n", ["the", "of", "and"]),
        ("the 1 2\n. . . 3 4\nat name@domain.com 5 6\n", ["the", ". . .", "at name@domain.com"]),
        ("at name@domain.com 1 2\nof 3 4\nand 5 6\n", ["at name@domain.com", "of", "and"]),
        // A carriage return within a line is the word's.
        ("the\r 1 2\nof 3 4\ncafe\u{301} 5 6\n", ["the\r", "of", "cafe\u{301}"]),
        ("3 2\r\n1 1 2\r\n2 3 4\r\n3 5 6", ["1", "2", "3"]),
        ("the 1 2\nof 3 4\nand 5 6\n\n \r\n", ["the", "of", "and"]),  // blank lines at the end
    ])
    func readsWhatOtherToolsWrite(_ text: String, _ words: [String]) throws {
        for bytes in [Array(text.utf8), try gzipped(text)] {
            let read = try parsed(bytes)
            #expect(read.map { Array($0.word.utf8) } == words.map { Array($0.utf8) })
            #expect(read.map(\.vector) == [[1, 2], [3, 4], [5, 6]])
        }
    }

    /// What an editor on Windows leaves is no part of the first word, nor hides a header.
    @Test(arguments: ["dog 1 2\ncat 3 4\n", "2 2\r\ndog 1 2\r\ncat 3 4\r\n", "dog 1 2\ncat 3 4"])
    func aByteOrderMarkIsPassedOver(text: String) throws {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF], words = try parsed(mark + Array(text.utf8))
        #expect(
            words.map { Array($0.word.utf8) } == ["dog", "cat"].map { Array($0.utf8) }
                && words.map(\.vector) == [[1, 2], [3, 4]])
        #expect(message(mark).contains("holds no words"))
    }

    @Test(arguments: [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "a Git LFS pointer"),
        ("<!DOCTYPE html>\n<html></html>\n", "a web page"),
        ("<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>\n", "a web page or XML"),
        ("{\"dog\": [1, 2]}\n", "JSON, no word vectors"), ("<html><body>", "a web page"),
        ("BZh91AY&SY", "packed by bzip2"),
    ]) func whatComesInPlaceOfVectorsIsNamed(text: String, what: String) throws {
        #expect(message(Array(text.utf8)).hasPrefix("vectors: \(what)"), "\(message(Array(text.utf8)))")
        #expect(message([0xFF, 0xFE] + Array("d\0o\0g\0 \01\0\n\0".utf8)).contains("text in UTF-16"))
        // What xz packs has a line of a word and a number only by chance.
        #expect(message([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0x20, 0x37, 10]).contains("packed by bzip2, xz"))
        #expect(message([0x93] + Array("NUMPY\u{1}\0v".utf8)).contains("a NumPy array"))
        #expect(message([0x80, 4, 0x95, 10, 0, 0, 0, 10]).contains("a Python pickle"))
        // A word that begins so is one.
        #expect(try parsed("<html> 1 2\n").map(\.word) == ["<html>"])
    }

    @Test func readsWord2vecsBinaryFormat() throws {
        func vector(_ index: Int) -> [Float] { (0..<3).map { (k: Int) -> Float in Float(index) + Float(k) / 8 - 0.3 } }
        func file(_ words: [String], ending: String) -> [UInt8] {
            var bytes = Array("\(words.count) 3\n".utf8)
            for (index, word) in words.enumerated() {
                bytes += Array("\(word) ".utf8)
                for number in vector(index) { withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes += $0 } }
                bytes += Array(ending.utf8)
            }
            return bytes
        }
        // More than the reader holds at a time.
        let words = (0..<60_000).map { "word\($0)" }
        for ending in ["\n", ""] {
            let read = try parsed(file(words, ending: ending))
            #expect(read.map(\.word) == words)
            #expect(read.map(\.vector) == words.indices.map(vector))
        }
        #expect(
            message(Array(file(words, ending: "\n").dropLast(5))).contains(
                "with 60000 words announced, but it ends after 59999"))
        #expect(
            message(file(["a", "new york", "b", "c"], ending: "\n")).contains("word 3 of word2vec's binary format"))
        var damaged = file(["a", "b"], ending: "")
        damaged.replaceSubrange(
            damaged.count - 4..<damaged.count, with: withUnsafeBytes(of: Float.nan.bitPattern) { Array($0) })
        #expect(message(damaged) == "vectors: value 3 of word 2, 'b', is nan; expected a finite number")
    }

    @Test func packedFilesThatAreDamaged() throws {
        let whole = try gzipped((0..<5000).map { "word\($0) 1 2\n" }.joined())
        #expect(message(Array(whole.dropLast(9))) == "vectors: cannot be read: it is cut short; take another copy")
        #expect(
            message([0xBA, 0x16, 0x4F, 0x2F] + [UInt8](repeating: 0, count: 64)).hasPrefix(
                "vectors: a fastText model (.bin)"))
    }

    /// Of a zip with several texts (`glove.6B.zip` has four) the one that is named; one that is cut off says so.
    @Test func aTextOfAZip() throws {
        let folder = TemporaryFolder()
        for (name, text) in [("a.txt", "dog 1 2\n"), ("b.txt", "cat 3 4\n")] { _ = folder.write(name, text) }
        let zip = Process()
        zip.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        zip.arguments = ["-m", "zipfile", "-c", "two.zip", "a.txt", "b.txt"]
        zip.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        try zip.run()
        zip.waitUntilExit()
        let path = folder.path + "/two.zip"
        func words(_ path: String, _ member: String?) -> String {
            var words: [String] = []
            do { try GloveReader(path, member: member).forEach { word, _ in words.append(word) } } catch {
                return "\(error)".replacingOccurrences(of: folder.path + "/", with: "")
            }
            return words.joined(separator: " ")
        }
        #expect(words(path, "a.txt") == "dog" && words(path, "b.txt") == "cat")
        #expect(words(path, "c.txt") == "two.zip: a zip without 'c.txt'; it has a.txt, b.txt")
        #expect(words(path, nil).hasSuffix("where one text of word vectors was expected; name one in embedding.member"))
        #expect(words(folder.path + "/a.txt", "a.txt").contains("no zip archive"))
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let cut = folder.write("cut.zip", Array(whole.dropLast(30)))
        #expect(
            words(cut, nil)
                == "cut.zip: a zip that cannot be opened: cut off: it has \(whole.count - 30) bytes, and its end, "
                + "where its members are listed, is missing; fetch it again, and compare its size with what its source says"
        )
    }

    @Test func numbersAreTheNearestFloats() throws {
        var random = SystemRandomNumberGenerator()
        var texts = [
            "16777217", "0.1", "-0.0384194", "3.4028235e38", "1e-45", "0.000000000001", "16777216.5", "8388609.5",
            "1.00000017881393432617187499", "0.30000001192092896", "123456789012345678901234567890",
            "0.00000000149011612",
        ]
        for _ in 0..<20_000 {
            let digits = Int.random(in: 1...11, using: &random)
            let number = UInt64.random(in: 0..<UInt64(pow(10, Double(digits))), using: &random)
            let point = Int.random(in: 0...digits, using: &random)
            var text = String(number)
            text = String(repeating: "0", count: max(0, digits - text.count)) + text
            text.insert(".", at: text.index(text.startIndex, offsetBy: point))
            texts.append((Bool.random(using: &random) ? "-" : "") + text)
        }
        let vector = try parsed("w " + texts.joined(separator: " ") + "\n")[0].vector
        #expect(vector.count == texts.count)
        for (text, value) in zip(texts, vector) where value.bitPattern != strtof(text, nil).bitPattern {
            Issue.record("\(text) read as \(value)")
        }
    }

    @Test func linesAcrossReadsAreWhole() throws {
        let row = (0..<300).map { "0.\($0 + 100)" }.joined(separator: " ")
        let text = (0..<2_000).map { "word\($0) \(row)\n" }.joined()
        #expect(text.utf8.count > 3 << 20)
        let read = try parsed(text)
        #expect(read.map(\.word) == (0..<2_000).map { "word\($0)" })
        #expect(Set(read.map(\.vector)) == [(0..<300).map { strtof("0.\($0 + 100)", nil) }])
    }

    @Test(arguments: [
        ("a 1 2\nb 3 4 5\n", "vectors:2: expected 2 numbers for 'b', found 3"),
        ("a 1 2\nb 3\n", "vectors:2: expected 2 numbers for 'b', found 1"),
        ("a 1 2\nb\n", "vectors:2: expected 2 numbers for 'b', found 0"),
        ("a\n", "vectors:1: expected at least 1 numbers for 'a', found 0"),
        (
            "a,1,2\n",
            "vectors:1: expected at least 1 numbers for 'a,1,2', found 0; numbers stand apart by blanks, not commas"
        ),
        ("a 1 2\nb 3 x4\n", "vectors:2: expected a number as value 2 of 'b', found 'x4'"),
        (
            "a 1 2\nb 3,5 4\n",
            "vectors:2: expected a number as value 1 of 'b', found '3,5'; numbers have a decimal point, not a comma"
        ),
        ("a 1 2\nb\u{1B}[31m 3 x\u{7}\n", "vectors:2: expected a number as value 2 of 'b\\u{1b}[31m', found 'x\\u{7}'"),
        ("a 1 2\nb c 3 4 5\n", "vectors:2: expected 2 numbers for 'b', found 4"),
        ("a nan 1\nb 2 3\n", "vectors:1: expected a number as value 1 of 'a', found 'nan'"),
        ("a -inf 1\n", "vectors:1: expected a number as value 1 of 'a', found '-inf'"),
        (
            "a 0,5 1\nb 0,25 3\n",
            "vectors:1: expected a number as value 1 of 'a', found '0,5'; numbers have a decimal point, not a comma"
        ),
        ("2 2\na nan 1\nb 2 3\n", "vectors:2: expected a number as value 1 of 'a', found 'nan'"),
        (
            "2 2\na 1 2\né -0,5 3\n",
            "vectors:3: expected a number as value 1 of 'é', found '-0,5'; numbers have a decimal point, not a comma"
        ),
        ("a 1 2\nb 1,5 3 4\n", "vectors:2: expected 2 numbers for 'b', found 3"),
        ("a 1 nan\n", "vectors:1: expected a number as value 2 of 'a', found 'nan'"),
        ("a 1 0x10\n", "vectors:1: expected a number as value 2 of 'a', found '0x10'"),
        ("a 1 1e99\n", "vectors:1: expected a number as value 2 of 'a', found '1e99'"),
        ("a 1 -\n", "vectors:1: expected a number as value 2 of 'a', found '-'"),
        ("a 1 1.2.3\n", "vectors:1: expected a number as value 2 of 'a', found '1.2.3'"),
        ("a 1 2\n 3 4\n", "vectors:2: expected a word, found none"),
        ("a 1 2\n\nb 3 4\n", "vectors:2: expected a word, found none"),
        ("a 1 2\nb 3 4\n\n\nc 5 6\n", "vectors:3: expected a word, found none"),
        (
            "9 2\na 1 2\nb 3 4\n",
            "vectors: ends after 2 of the 9 words that its first line announces: fetch it again, or mend that line"
        ),
        ("", "vectors: holds no words; expected a word and its numbers a line"),
    ])
    func wrongFilesAreNamedByLine(_ text: String, _ expected: String) {
        #expect(message(Array(text.utf8)) == expected)
    }

    @Test func invalidUTF8AndEndlessLines() {
        #expect(
            message(Array("a 1\n".utf8) + [0x66, 0xC3, 0x28] + Array(" 2\n".utf8))
                == "vectors:2: the word is not valid UTF-8")
        let endless = [UInt8](repeating: UInt8(ascii: "1"), count: 3 << 20)
        #expect(
            message(Array("a 1\n".utf8) + endless)
                == "vectors:2: no line end within 1048576 bytes: is this a text file of word vectors?")
    }

    @Test func missingFileAndFolder() throws {
        let missing = #expect(throws: GloveError.self) { try GloveReader("/nonexistent/glove.txt") }
        #expect(missing?.description == "/nonexistent/glove.txt: cannot be opened: No such file or directory")
        let folder = FileManager.default.temporaryDirectory.path
        let notAFile = #expect(throws: GloveError.self) { try GloveReader(folder).forEach { _, _ in } }
        #expect(notAFile?.description == "\(folder): cannot be read: Is a directory")
    }

    @Test func errorsOfTheCallerPassThrough() throws {
        struct Enough: Error {}
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("vectors-\(UUID().uuidString).txt")
            .path
        try Data("a 1\nb 2\n".utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        var seen = 0
        #expect(throws: Enough.self) {
            try GloveReader(path).forEach { _, _ in
                seen += 1; throw Enough()
            }
        }
        #expect(seen == 1)
    }

    // Needs the reference data (LAVISE_REFERENCE, by default ../shared); skipped where it is absent.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: sample)))
    func theRealSampleReadsAsStandardParsingDoes() throws {
        let lines = try String(contentsOfFile: Self.sample, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: true)
        var row = 0, differing = 0
        try GloveReader(Self.sample).forEach { word, vector in
            let fields = lines[row].split(separator: " ", omittingEmptySubsequences: false)
            let same =
                fields[0] == word && fields.count == 301 && vector.count == 300
                && zip(fields.dropFirst(), vector).allSatisfy { strtof(String($0), nil).bitPattern == $1.bitPattern }
            if !same { differing += 1 }
            row += 1
        }
        #expect(row == lines.count && row > 1000)
        #expect(differing == 0)
    }

    private static let sample =
        (ProcessInfo.processInfo.environment["LAVISE_REFERENCE"] ?? "../shared") + "/data/glove.6B.300d.sample.txt"
}
