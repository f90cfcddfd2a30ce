import Glibc

/// A file of word vectors: a word and its numbers a line, UTF-8, as GloVe writes it (Pennington, Socher and Manning
/// 2014), and as word2vec and fastText do, with a first line of the two counts; or word2vec's binary format. A `.gz`,
/// or a `.zip` with one text in it or the one that is named, is read as what it holds. Read as a stream: memory does not
/// grow with the file.
///
/// Lines end in `\n`, with or without `\r` and blanks before it; fields stand apart by blanks. A word may have blanks:
/// the last k fields are its numbers.
public struct GloveReader: Sendable {
    /// The file as it was given.
    public let path: String
    private let member: String?

    /// Bytes read at a time, and the longest line that is taken for one.
    private static let capacity = 1 << 20

    /// The file at `path`.
    /// - Parameter member: which text of a `.zip`; nil for the only one.
    /// - Throws: `GloveError` where it cannot be opened.
    public init(_ path: String, member: String? = nil) throws {
        self.path = path
        self.member = member
        _ = try VectorSource(path, member: member)
    }

    /// Gives every word with its vector, in the order of the file; the vector is valid only within the call.
    ///
    /// A number is the Float nearest to its decimal text, as C's `strtof` gives it.
    /// - Throws: `GloveError` with file and line for a line that is no word with as many finite numbers as the first
    ///   line's, for a word that is not UTF-8, for a line over 1 MiB and for a file without words; and what `body` throws.
    public func forEach(_ body: (String, UnsafeBufferPointer<Float>) throws -> Void) throws {
        let source = try VectorSource(path, member: member)
        let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.capacity + 1)
        defer { buffer.deallocate() }
        var held = 0, line = 0, format = Format.unknown, vector: [Float] = [], words = 0, blankLine: Int?
        while true {
            let count = try source.read(into: buffer + held, count: Self.capacity - held)
            held += count
            let isLast = count == 0
            // The byte order mark that some editors write is no part of the first word.
            if case .unknown = format, held >= 3, buffer[0] == 0xEF, buffer[1] == 0xBB, buffer[2] == 0xBF {
                held -= 3
                memmove(buffer, buffer + 3, held)
            }
            if case .unknown = format, held > 0, isLast || held >= Self.capacity / 2 {
                if isLast, buffer[held - 1] != 0x0A { buffer[held] = 0x0A }
                format = try firstLine(
                    UnsafeBufferPointer(start: buffer, count: held + (isLast && buffer[held - 1] != 0x0A ? 1 : 0)))
            }
            if isLast, held > 0, buffer[held - 1] != 0x0A, !format.isBinary {
                buffer[held] = 0x0A
                held += 1
            }
            if case .unknown = format, !isLast { continue }
            var start = 0
            switch format {
            case .unknown: break
            case .binary(let words, let width, let headerLength):
                start = line == 0 ? headerLength : 0
                try binaryWords(
                    UnsafeBufferPointer(start: buffer, count: held), from: &start, width: width, words: words,
                    line: &line, &vector, body)
                if isLast, line < words || start < held {
                    throw GloveError(
                        path: path, line: nil,
                        reason: "word2vec's binary format with \(words) words announced, but it ends after \(line)")
                }
            case .text(let width, let announced):
                while let end = memchr(buffer + start, 0x0A, held - start) {
                    line += 1
                    let bytes = UnsafeBufferPointer(
                        start: buffer + start, count: end - UnsafeMutableRawPointer(buffer + start))
                    start += bytes.count + 1
                    if line == 1, announced != nil { continue }
                    // Lines with nothing in them may end a file.
                    if line > 1, Self.trimmed(bytes).isEmpty {
                        blankLine = blankLine ?? line
                        continue
                    }
                    if let blankLine { throw GloveError(path: path, line: blankLine, reason: Self.noWord) }
                    let word = try parse(bytes, line: line, width: width, into: &vector)
                    words += 1
                    try vector.withUnsafeBufferPointer { try body(word, $0) }
                }
                if isLast, let announced, words < announced {
                    throw GloveError(
                        path: path, line: nil,
                        reason: "ends after \(words) of the \(announced) words that its first line announces: "
                            + "fetch it again, or mend that line")
                }
            }
            if isLast { break }
            held -= start
            if held == Self.capacity {
                throw GloveError(
                    path: path, line: line + 1,
                    reason: "no line end within \(held) bytes: is this a text file of word vectors?")
            }
            memmove(buffer, buffer + start, held)
        }
        if line == 0 {
            throw GloveError(path: path, line: nil, reason: "holds no words; expected a word and its numbers a line")
        }
    }

    private static let noWord = "expected a word, found none"

    /// What a file turned out to be.
    private enum Format {
        case unknown
        /// - announced: how many words the first line says there are; nil where it is a word's.
        case text(width: Int, announced: Int?)
        case binary(words: Int, width: Int, headerLength: Int)

        var isBinary: Bool { if case .binary = self { true } else { false } }
    }

    /// Tells the formats apart by the first two lines.
    private func firstLine(_ bytes: UnsafeBufferPointer<UInt8>) throws -> Format {
        // fastText's own format begins with this number.
        if bytes.count >= 4, bytes[0] == 0xBA, bytes[1] == 0x16, bytes[2] == 0x4F, bytes[3] == 0x2F {
            throw GloveError(
                path: path, line: nil,
                reason:
                    "a fastText model (.bin); its vectors are in the .vec file beside it, or `fasttext print-word-vectors` writes them"
            )
        }
        // A word may look like the beginning of another kind of file; a number behind it tells.
        let start = Self.trimmed(UnsafeBufferPointer(rebasing: bytes[..<(bytes.firstIndex(of: 0x0A) ?? bytes.count)]))
        let word = Self.fields(start).first.flatMap { String(validating: start[$0], as: UTF8.self) }
        if word == nil || Self.trailingNumbers(start, atMost: 1) == 0, let reason = Self.otherKind(bytes) {
            throw GloveError(path: path, line: nil, reason: reason)
        }
        guard let end = bytes.firstIndex(of: 0x0A) else {
            throw GloveError(
                path: path, line: 1,
                reason: "no line end within \(bytes.count) bytes: is this a text file of word vectors?")
        }
        let first = Self.trimmed(UnsafeBufferPointer(rebasing: bytes[..<end])), fields = Self.fields(first)
        let rest = UnsafeBufferPointer(rebasing: bytes[(end + 1)...])
        if fields.count == 2, let words = Self.whole(first, fields[0]), let width = Self.whole(first, fields[1]),
            words > 0, 1...100_000 ~= width
        {
            // A header: what follows has that width as text, or else is word2vec's binary format.
            let second = Self.trimmed(UnsafeBufferPointer(rebasing: rest[..<(rest.firstIndex(of: 0x0A) ?? rest.count)]))
            let numbers = Self.trailingNumbers(second, atMost: width), fields = Self.fields(second).count
            // A number that is none is said at its line: a line of text with as many fields as are announced is no
            // binary one.
            let isText = String(validating: second, as: UTF8.self) != nil && !second.contains { $0 < 9 || $0 == 0x7F }
            if numbers == width && fields > width || isText && fields == width + 1 {
                return .text(width: width, announced: words)
            }
            if let space = rest.prefix(1024).firstIndex(of: 0x20), rest.count >= space + 1 + 4 * width,
                String(validating: rest[..<space], as: UTF8.self) != nil,
                rest[(space + 1)...].prefix(4 * width).contains(where: { $0 < 9 || $0 > 126 })
            {
                return .binary(words: words, width: width, headerLength: end + 1)
            }
        }
        // All behind the word are its numbers, unless words stand before them: then the word has blanks.
        let numbers = Self.trailingNumbers(first, atMost: max(0, fields.count - 1))
        let hasBlanks =
            numbers > 0 && !fields.dropFirst().dropLast(numbers).contains { Self.isMeantAsNumber(first, $0) }
        return .text(width: max(1, hasBlanks ? numbers : fields.count - 1), announced: nil)
    }

    /// What comes in place of word vectors, and what to do about it.
    private static func otherKind(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        let head = bytes.prefix(32), text = String(decoding: head, as: UTF8.self).lowercased()
        if text.hasPrefix("version https://git-lfs") {
            return
                "a Git LFS pointer, which stands for a file that was not fetched: run `git lfs pull` in its repository"
        }
        if ["<!doctype", "<html", "<?xml"].contains(where: text.hasPrefix) {
            return "a web page or XML, no word vectors: the server answered with a page; download the file itself"
        }
        if ["{\"", "[{", "[["].contains(where: text.hasPrefix) {
            return "JSON, no word vectors; write a word and its numbers a line"
        }
        if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) {
            return "text in UTF-16; save it as UTF-8"
        }
        let packed: [[UInt8]] = [
            [0x42, 0x5A, 0x68], [0xFD, 0x37, 0x7A, 0x58, 0x5A], [0x28, 0xB5, 0x2F, 0xFD], [0x37, 0x7A, 0xBC, 0xAF],
        ]
        if packed.contains(where: head.starts) { return "packed by bzip2, xz, zstd or 7-Zip; unpack it first" }
        if head.starts(with: [0x93] + Array("NUMPY".utf8)) {
            return "a NumPy array, which has no words; write a word and its numbers a line"
        }
        if head.count > 1, head[0] == 0x80, 2...5 ~= head[1] {
            return "a Python pickle, as gensim saves its own; save it by save_word2vec_format"
        }
        return nil
    }

    /// Reads words of word2vec's binary format: the word, a blank, its numbers as little-endian floats, and sometimes a
    /// line end.
    private func binaryWords(
        _ bytes: UnsafeBufferPointer<UInt8>, from start: inout Int, width: Int, words: Int, line: inout Int,
        _ vector: inout [Float],
        _ body: (String, UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        while line < words {
            var at = start
            while at < bytes.count, bytes[at] == 0x0A { at += 1 }
            guard let space = bytes[at...].firstIndex(of: 0x20), bytes.count - space > 4 * width else { break }
            guard let word = String(validating: bytes[at..<space], as: UTF8.self), space > at else {
                throw GloveError(
                    path: path, line: nil,
                    reason: "word \(line + 1) of word2vec's binary format is not UTF-8 or empty; is it damaged?")
            }
            // A word with a blank in it, which this format cannot say, shifts all that follows into numbers' bytes.
            guard !bytes[at..<space].contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                throw GloveError(
                    path: path, line: nil,
                    reason: "word \(line + 1) of word2vec's binary format has control characters: is there a blank in "
                        + "the word before it, or is the file damaged?")
            }
            vector.removeAll(keepingCapacity: true)
            let numbers = UnsafeRawBufferPointer(
                rebasing: UnsafeRawBufferPointer(bytes)[(space + 1)..<(space + 1 + 4 * width)])
            for index in 0..<width {
                let number = Float(
                    bitPattern: UInt32(littleEndian: numbers.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)))
                guard number.isFinite else {
                    throw GloveError(
                        path: path, line: nil,
                        reason:
                            "value \(index + 1) of word \(line + 1), '\(Self.shown(word))', is \(number); expected a finite number"
                    )
                }
                vector.append(number)
            }
            line += 1
            start = space + 1 + 4 * width
            try vector.withUnsafeBufferPointer { try body(word, $0) }
        }
        while start < bytes.count, line == words, bytes[start] == 0x0A { start += 1 }
    }

    /// The word of one line; its numbers go into `vector`.
    private func parse(_ line: UnsafeBufferPointer<UInt8>, line number: Int, width: Int, into vector: inout [Float])
        throws -> String
    {
        let bytes = Self.trimmed(line)
        guard let first = bytes.first, !Self.isBlank(first) else {
            throw GloveError(path: path, line: number, reason: Self.noWord)
        }
        vector.removeAll(keepingCapacity: true)
        let fields = Self.fields(bytes)
        guard let wordEnd = fields.first?.upperBound else {
            throw GloveError(path: path, line: number, reason: Self.noWord)
        }
        guard let plain = String(validating: bytes[..<wordEnd], as: UTF8.self) else {
            throw GloveError(path: path, line: number, reason: "the word is not valid UTF-8")
        }
        let extra = fields.count - 1 - width
        func mismatch(_ found: Int) -> GloveError {
            let expected = number == 1 ? "at least 1" : "\(width)"
            let hint = found == 0 && plain.contains(",") ? "; numbers stand apart by blanks, not commas" : ""
            return GloveError(
                path: path, line: number,
                reason: "expected \(expected) numbers for '\(Self.shown(plain))', found \(found)\(hint)")
        }
        // Fields before the last k belong to a word with blanks, unless they are numbers: then the line has another
        // width.
        for field in fields.dropFirst().prefix(max(0, extra)) where Self.isMeantAsNumber(bytes, field) {
            throw mismatch(fields.count - 1)
        }
        for field in fields.suffix(from: min(fields.count, 1 + max(0, extra))) {
            guard let value = Self.number(bytes, field) else {
                let text = String(decoding: bytes[field].prefix(24), as: UTF8.self)
                let hint = text.contains(",") ? "; numbers have a decimal point, not a comma" : ""
                throw GloveError(
                    path: path, line: number,
                    reason:
                        "expected a number as value \(vector.count + 1) of '\(Self.shown(plain))', found '\(Self.shown(text))'\(hint)"
                )
            }
            vector.append(value)
        }
        guard vector.count == width else { throw mismatch(vector.count) }
        guard extra > 0 else { return plain }
        guard let word = String(validating: bytes[..<fields[extra].upperBound], as: UTF8.self) else {
            throw GloveError(path: path, line: number, reason: "the word is not valid UTF-8")
        }
        return word
    }

    /// A line without the blanks and the carriage return at its end.
    private static func trimmed(_ line: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        var length = line.count
        while length > 0, isBlank(line[length - 1]) || line[length - 1] == 0x0D { length -= 1 }
        return UnsafeBufferPointer(rebasing: line[..<length])
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Where the fields of a line are, blanks around them left out.
    private static func fields(_ line: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        var fields: [Range<Int>] = []
        var start = 0
        while start < line.count {
            if isBlank(line[start]) {
                start += 1
                continue
            }
            var end = start + 1
            while end < line.count, !isBlank(line[end]) { end += 1 }
            fields.append(start..<end)
            start = end
        }
        return fields
    }

    private static func number(_ line: UnsafeBufferPointer<UInt8>, _ field: Range<Int>) -> Float? {
        float(fromDecimal: UnsafeBufferPointer(rebasing: line[field]))
    }

    /// Whether a field was written as a number, though it may not be one that is read: `0,5`, `nan`, `-inf`, `1.2.3`.
    private static func isMeantAsNumber(_ line: UnsafeBufferPointer<UInt8>, _ field: Range<Int>) -> Bool {
        let text = String(decoding: line[field], as: UTF8.self), digits = text.drop { "+-.,".contains($0) }
        if ["nan", "NaN", "NAN", "inf", "Inf", "INF", "infinity", "Infinity"].contains(digits) { return true }
        return digits.first.map { "0"..."9" ~= $0 } ?? false
            && text.allSatisfy { "0"..."9" ~= $0 || "+-.,eE".contains($0) }
    }

    private static func whole(_ line: UnsafeBufferPointer<UInt8>, _ field: Range<Int>) -> Int? {
        Int(String(decoding: line[field], as: UTF8.self))
    }

    /// How many fields at the end of a line are numbers.
    private static func trailingNumbers(_ line: UnsafeBufferPointer<UInt8>, atMost most: Int) -> Int {
        var count = 0
        for field in fields(line).reversed() {
            guard count < most, number(line, field) != nil else { break }
            count += 1
        }
        return count
    }

    /// A word as a message may show it: without characters that a terminal obeys.
    private static func shown(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(40).flatMap { scalar -> [Unicode.Scalar] in
                    scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
                        ? Array("\\u{\(String(scalar.value, radix: 16))}".unicodeScalars) : [scalar]
                }))
    }
}
