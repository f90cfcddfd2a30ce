import Glibc

/// A word-vector file in GloVe's text format (Pennington, Socher and Manning 2014): a word and its numbers a line,
/// separated by single spaces, UTF-8, lines ending in `\n`. Read as a stream: memory does not grow with the file.
public struct GloveReader: Sendable {
    /// The file as it was given.
    public let path: String

    /// Bytes read at a time, and the longest line that is taken for one.
    private static let capacity = 1 << 20

    /// The file at `path`. Throws GloveError if it cannot be opened.
    public init(_ path: String) throws {
        self.path = path
        close(try open())
    }

    /// Gives every word with its vector, in the order of the file; the vector is valid only within the call.
    ///
    /// A number is the Float nearest to its decimal text, as C's `strtof` gives it.
    /// Throws GloveError with file and line for a line that is no word with as many finite numbers as the first line's,
    /// for a word that is not UTF-8, for a line over 1 MiB and for a file without words; and what `body` throws.
    public func forEach(_ body: (String, UnsafeBufferPointer<Float>) throws -> Void) throws {
        let file = try open()
        defer { close(file) }
        let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.capacity + 1)
        defer { buffer.deallocate() }
        var held = 0, line = 0, vector: [Float] = [], length: Int?
        while true {
            let count = read(file, buffer + held, Self.capacity - held)
            if count < 0 {
                if errno == EINTR { continue }
                throw GloveError(path: path, line: line + 1, reason: "cannot be read: \(String(cString: strerror(errno)))")
            }
            held += count
            let isLast = count == 0
            if isLast, held > 0 {
                buffer[held] = UInt8(ascii: "\n")
                held += 1
            }
            var start = 0
            while let end = memchr(buffer + start, 0x0A, held - start) {
                line += 1
                let bytes = UnsafeBufferPointer(start: buffer + start, count: end - UnsafeMutableRawPointer(buffer + start))
                let word = try parse(bytes, line: line, length: length, into: &vector)
                length = vector.count
                try vector.withUnsafeBufferPointer { try body(word, $0) }
                start += bytes.count + 1
            }
            if isLast { break }
            held -= start
            if held == Self.capacity {
                throw GloveError(path: path, line: line + 1, reason: "no line end within \(held) bytes: is this a text file of word vectors?")
            }
            memmove(buffer, buffer + start, held)
        }
        if line == 0 { throw GloveError(path: path, line: nil, reason: "holds no words; expected a word and its numbers a line") }
    }

    /// The word of one line; its numbers go into `vector`. `length` is that of the lines before, if there were any.
    private func parse(_ bytes: UnsafeBufferPointer<UInt8>, line: Int, length: Int?, into vector: inout [Float]) throws -> String {
        let space = UInt8(ascii: " ")
        let wordEnd = bytes.firstIndex(of: space) ?? bytes.count
        guard wordEnd > 0 else { throw GloveError(path: path, line: line, reason: "expected a word, found none") }
        guard let word = String(validating: bytes[..<wordEnd], as: UTF8.self) else {
            throw GloveError(path: path, line: line, reason: "the word is not valid UTF-8")
        }
        vector.removeAll(keepingCapacity: true)
        var start = wordEnd + 1
        while start <= bytes.count, wordEnd < bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != space { end += 1 }
            let text = UnsafeBufferPointer(rebasing: bytes[start..<end])
            guard let value = float(fromDecimal: text) else {
                let found = String(decoding: text.prefix(24), as: UTF8.self)
                throw GloveError(path: path, line: line, reason: "expected a number as value \(vector.count + 1) of '\(word)', found '\(found)'")
            }
            vector.append(value)
            start = end + 1
        }
        let expected = length.map(String.init) ?? "at least 1"
        guard vector.count == length ?? max(1, vector.count) else {
            throw GloveError(path: path, line: line, reason: "expected \(expected) numbers for '\(word)', found \(vector.count)")
        }
        return word
    }

    /// A file descriptor to read from; the caller closes it.
    private func open() throws -> Int32 {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw GloveError(path: path, line: nil, reason: "cannot be opened: \(String(cString: strerror(errno)))")
        }
        return file
    }
}
