import Datasets
import Fingerprints
import Foundation
import HDF5

/// The words that explanations may use, as the file `evaluate.entities` lists them: a word a line.
///
/// A line names a word of the vocabulary that equals it, or else the one that equals it without the blanks, carriage
/// returns and byte order marks around it. Of others the words are compared as `dataset.words` says, and a name of
/// several means what `dataset.names` makes of it: one concept, or a concept each. Blank lines name nothing.
package struct EntityList: Sendable {
    /// How lines are compared with words: `dataset.words` and `dataset.names`.
    package struct Matching: Sendable, Encodable {
        let words: WordMatching
        let names: NameConcepts

        package init(words: WordMatching, names: NameConcepts) { (self.words, self.names) = (words, names) }
    }

    private struct Line: Sendable {
        let number: Int
        let text: String
        let trimmed: String
    }

    private let lines: [Line]

    /// - Throws: `ExperimentError` for a file that is no UTF-8, Foundation's for one that cannot be read.
    package init(contentsOf path: String) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        guard String(validating: data, as: UTF8.self) != nil else {
            throw ExperimentError("\(path): expected words in UTF-8, one a line")
        }
        let texts = data.split(separator: 0x0A, omittingEmptySubsequences: false)
        // Windows' line ends, unless a line without one shows that the carriage returns are the words'.
        let ending = texts.allSatisfy { $0.isEmpty || $0.last == 0x0D } ? 1 : 0
        lines = texts.enumerated().compactMap { index, text in
            let text = String(decoding: text.dropLast(ending), as: UTF8.self), trimmed = Self.trimmed(text)
            return trimmed.isEmpty ? nil : Line(number: index + 1, text: text, trimmed: trimmed)
        }
    }

    private static func trimmed(_ text: String) -> String {
        func isAround(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace || scalar == "\u{FEFF}" }
        let scalars = text.unicodeScalars.drop(while: isAround)
        return String(String.UnicodeScalarView(scalars.reversed().drop(while: isAround).reversed()))
    }

    /// Of a vocabulary's words those that the list names, by their places, and the lines that name none.
    package func chosen(
        of vocabulary: [String], _ matching: Matching
    ) -> (places: [Int], unmatched: UnmatchedEntities) {
        let known = Set(vocabulary.map(Word.init))
        /// Nothing where the line names no word, or only some of its words are known.
        func words(of line: Line) -> [Word] {
            if let word = [line.text, line.trimmed].map(Word.init).first(where: known.contains) { return [word] }
            let parts =
                matching.words == .folded
                ? ConceptWords.folded(line.trimmed)
                : line.trimmed.utf8.split(separator: UInt8(ascii: " ")).map { String(Substring($0)) }
            let whole = Word(parts.joined(separator: " "))
            if known.contains(whole) { return [whole] }
            let words = parts.map(Word.init)
            return matching.names == .split && words.allSatisfy(known.contains) ? words : []
        }
        var named: Set<Word> = [], strays: [Line] = []
        for line in lines {
            let words = words(of: line)
            if words.isEmpty { strays.append(line) } else { named.formUnion(words) }
        }
        let hints = strays.isEmpty ? nil : Hints(vocabulary)
        let unmatched = strays.enumerated().map { place, line in
            UnmatchedEntities.Line(
                number: line.number, text: line.trimmed,
                match: hints?.match(line.trimmed, isNear: place < UnmatchedEntities.named) ?? "")
        }
        return (
            vocabulary.indices.filter { named.contains(Word(vocabulary[$0])) },
            UnmatchedEntities(of: lines.count, lines: unmatched)
        )
    }

    /// What a line may have meant: the same word written otherwise, or one a few letters away.
    private struct Hints {
        private let words: [String]
        private let byFolded: [String: String]

        init(_ words: [String]) {
            self.words = words
            byFolded = Dictionary(words.map { (Self.folded($0), $0) }, uniquingKeysWith: { first, _ in first })
        }

        func match(_ text: String, isNear: Bool) -> String? {
            let folded = Self.folded(text)
            if let same = byFolded[folded] ?? byFolded[folded.split(separator: " ").joined()] { return same }
            // Of a whole embedding's words only those that begin alike can be compared in a moment.
            let first = folded.unicodeScalars.first, length = folded.utf8.count
            let candidates =
                words.count < 2_000
                ? words
                : words.filter { $0.unicodeScalars.first == first && abs($0.utf8.count - length) <= 2 }
            return isNear ? nearest(to: text, among: candidates) : nil
        }

        private static func folded(_ text: String) -> String {
            text.lowercased().split { $0 == "_" || $0 == "-" || $0.isWhitespace }.joined(separator: " ")
        }
    }
}

/// Lines of an entity list that name no word, as `evaluation.h5` keeps them and as they are told:
/// `/entities/{count, line int64 [U], text, match string [U]}`; absent where every line names one.
package struct UnmatchedEntities: Sendable, Equatable {
    package struct Line: Sendable, Equatable {
        package let number: Int
        package let text: String
        /// The word that may have been meant, or "".
        package let match: String

        package init(number: Int, text: String, match: String) {
            (self.number, self.text, self.match) = (number, text, match)
        }
    }

    /// So many are told by name.
    static let named = 10
    private static let group = "entities"

    /// How many lines the list has.
    package let count: Int
    package let lines: [Line]

    package init(of count: Int, lines: [Line]) { (self.count, self.lines) = (count, lines) }

    /// One sentence about them; nil where there are none.
    package var note: String? {
        guard !lines.isEmpty else { return nil }
        let told = lines.prefix(Self.named).map { line in
            "line \(line.number) \"\(printable(line.text))\""
                + (line.match.isEmpty ? "" : " (did you mean \(printable(line.match))?)")
        }
        let rest = lines.count - told.count
        return "\(lines.count) of \(count) lines of evaluate.entities name no word of the vocabulary: "
            + told.joined(separator: ", ")
            + (rest > 0 ? ", and \(rest) more (/entities in evaluation.h5)" : "")
    }

    package func write(to file: HDF5File) throws {
        guard !lines.isEmpty else { return }
        try file.write("\(Self.group)/count", [Int64(count)])
        try file.write("\(Self.group)/line", lines.map { Int64($0.number) })
        try file.write("\(Self.group)/text", strings: lines.map(\.text))
        try file.write("\(Self.group)/match", strings: lines.map(\.match))
    }

    package init(from file: HDF5File) throws {
        guard try file.children().contains(Self.group) else { self.init(of: 0, lines: []); return }
        let counts: [Int64] = try file.read("\(Self.group)/count"),
            numbers: [Int64] = try file.read("\(Self.group)/line")
        let texts = try file.readStrings("\(Self.group)/text"), matches = try file.readStrings("\(Self.group)/match")
        self.init(
            of: Int(counts.first ?? 0),
            lines: zip(numbers, zip(texts, matches)).map {
                Line(number: Int($0), text: $1.0, match: $1.1)
            })
    }
}
