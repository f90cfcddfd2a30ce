import CJSON
import Files
import Glibc

/// Where an element of a JSON file stands.
struct JSONPlace { let offset: Int, count: Int }

/// Reads the elements of the top-level arrays of a JSON file one at a time, so that memory holds one element only:
/// of `[…]` the elements themselves, of `{"a": […], "b": […]}` those of every array, with its key.
struct JSONElementStream: ~Copyable {
    /// No element of a real annotation file comes near this.
    private static let largestElement = 64 << 20
    private static let chunk = 1 << 20

    private static let others: [([UInt8], String)] = [
        ([0xFF, 0xFE], "this is UTF-16 text; save it as UTF-8"),
        ([0xFE, 0xFF], "this is UTF-16 text; save it as UTF-8"),
        ([0x1F, 0x8B], "this is packed by gzip; unpack it first (gunzip)"),
        ([0x50, 0x4B], "this is a zip archive; unpack it first"),
    ]

    private let file: PlainFile
    private var buffer: UnsafeMutableRawPointer
    private var capacity: Int
    private var base = 0  // offset in the file of the buffer's first byte
    private var at = 0  // next byte in the buffer
    private var end = 0  // bytes in the buffer
    private let parser: JSONParser

    /// - Throws: `DatasetError.unreadable`.
    init(_ path: String) throws {
        let file = try inputFile(path)
        let parser = try JSONParser()
        self.file = file
        self.parser = parser
        capacity = Self.chunk
        buffer = .allocate(byteCount: capacity + Int(CJSON_PADDING), alignment: 64)
    }

    deinit { buffer.deallocate() }

    typealias Body = (_ key: String, _ number: Int, JSONValue, JSONPlace) throws -> Void
    typealias Refused = (_ key: String, _ number: Int, JSONProblem) throws -> Void

    /// Passes over the byte order mark that some editors write.
    /// - Throws: `JSONProblem` for what is known to be something else by its first bytes.
    private mutating func skipMark() throws {
        _ = try refill()
        let start = UnsafeRawBufferPointer(start: buffer, count: min(end, 2))
        for (mark, found) in Self.others where start.elementsEqual(mark) { throw JSONProblem(found) }
        if end >= 3, UnsafeRawBufferPointer(start: buffer, count: 3).elementsEqual([0xEF, 0xBB, 0xBF]) { at = 3 }
    }

    /// Calls `body` with the key ("" for a file that is one array), its number from 1, the element and its place, in
    /// the file's order. Elements of arrays whose key is not `wanted`, and members that are no arrays, are passed over.
    /// An element that is no JSON, or of which `body` throws a `JSONProblem`, goes to `refused` with its key and
    /// number.
    /// - Throws: `DatasetError.malformed` with the byte and line of what is no JSON, or of what `refused` threw as
    ///   `JSONProblem`.
    mutating func forEach(wanted: (String) -> Bool = { _ in true }, refused: Refused = { throw $2 }, _ body: Body)
        throws
    {
        do {
            try skipMark()
            switch try next() {
            case UInt8(ascii: "["): try elements(key: "", wanted: true, refused, body)
            case UInt8(ascii: "{"): try members(wanted, refused, body)
            default: throw JSONProblem("expected { or [")
            }
            if try skipSpace() != nil { throw JSONProblem("text after the end of the JSON value") }
        } catch let problem as JSONProblem {
            throw DatasetError.malformed(file: file.path, place: place(of: base + at), reason: problem.reason)
        }
    }

    private mutating func members(_ wanted: (String) -> Bool, _ refused: Refused, _ body: Body) throws {
        if try skipSpace() == UInt8(ascii: "}") { at += 1; return }
        while true {
            guard let quote = try skipSpace() else { throw cut() }
            guard quote == UInt8(ascii: "\"") else { throw unexpected("a key") }
            let length = try valueLength()
            let key = String(decoding: UnsafeRawBufferPointer(start: buffer + at + 1, count: length - 2), as: UTF8.self)
            at += length
            try expect(":")
            if try skipSpace() == UInt8(ascii: "[") {
                at += 1
                try elements(key: key, wanted: wanted(key), refused, body)
            } else {
                at += try valueLength()
            }
            guard try more(closing: "}") else { return }
        }
    }

    private mutating func elements(key: String, wanted: Bool, _ refused: Refused, _ body: Body) throws {
        if try skipSpace() == UInt8(ascii: "]") { at += 1; return }
        var number = 0
        while true {
            guard try skipSpace() != nil else { throw cut() }
            let length = try valueLength()
            number += 1
            if wanted {
                do {
                    let value = try parser.parse(UnsafeRawBufferPointer(start: buffer + at, count: length))
                    try body(key, number, value, JSONPlace(offset: base + at, count: length))
                } catch let problem as JSONProblem {
                    try refused(key, number, problem)
                }
            }
            at += length
            guard try more(closing: "]") else { return }
        }
    }

    /// After a value: true for a comma, false for `closing`.
    private mutating func more(closing: StaticString) throws -> Bool {
        let byte = try next()
        if byte == UInt8(ascii: ",") { return true }
        if byte == closing.utf8Start.pointee { return false }
        at -= 1
        throw unexpected(", or \(closing)")
    }

    private mutating func expect(_ what: StaticString) throws {
        guard try next() == what.utf8Start.pointee else {
            at -= 1
            throw unexpected("\(what)")
        }
    }

    private mutating func next() throws -> UInt8 {
        guard let byte = try skipSpace() else { throw cut() }
        at += 1
        return byte
    }

    private func unexpected(_ wanted: String) -> JSONProblem { JSONProblem("expected \(wanted)") }

    private func cut() -> JSONProblem {
        JSONProblem("the file ends in the middle of its JSON (\(file.size) bytes); fetch it again")
    }

    /// The next byte that is no white space, not consumed; nil at the end of the file.
    private mutating func skipSpace() throws -> UInt8? {
        while true {
            while at < end {
                let byte = buffer.load(fromByteOffset: at, as: UInt8.self)
                if byte != 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09 { return byte }
                at += 1
            }
            if try !refill() { return nil }
        }
    }

    /// Length of the value that starts at `at`; afterwards the buffer holds all of it. Brackets inside it are only
    /// counted: the parser checks the rest.
    private mutating func valueLength() throws -> Int {
        var position = 0, depth = 0
        var inString = false, escaped = false
        while true {
            let bytes = UnsafePointer(buffer.assumingMemoryBound(to: UInt8.self)) + at
            let available = end - at
            while position < available {
                let byte = bytes[position]
                position += 1
                if inString {
                    if escaped { escaped = false; continue }
                    if byte == UInt8(ascii: "\\") { escaped = true; continue }
                    guard byte == UInt8(ascii: "\"") else { continue }
                    inString = false
                    if depth == 0 { return position }
                    continue
                }
                switch byte {
                case UInt8(ascii: "\""): inString = true
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    if depth == 0 { return try scalar(position - 1) }
                    depth -= 1
                    if depth == 0 { return position }
                case UInt8(ascii: ","), UInt8(ascii: ":"), 0x20, 0x0A, 0x0D, 0x09:
                    if depth == 0 { return try scalar(position - 1) }
                default: break
                }
            }
            if try !refill() {
                at = end
                throw cut()
            }
        }
    }

    private func scalar(_ length: Int) throws -> Int {
        guard length > 0 else { throw unexpected("a value") }
        return length
    }

    /// Reads on, keeping the bytes from `at`; false at the end of the file.
    private mutating func refill() throws -> Bool {
        let kept = end - at
        if kept > Self.largestElement { throw JSONProblem("an element of more than \(Self.largestElement) bytes") }
        if kept + Self.chunk > capacity {
            let larger = UnsafeMutableRawPointer.allocate(byteCount: 2 * capacity + Int(CJSON_PADDING), alignment: 64)
            larger.copyMemory(from: buffer + at, byteCount: kept)
            buffer.deallocate()
            buffer = larger
            capacity *= 2
        } else if at > 0 {
            memmove(buffer, buffer + at, kept)
        }
        base += at
        at = 0
        let room = UnsafeMutableRawBufferPointer(start: buffer + kept, count: Self.chunk)
        let got: Int
        do { got = try file.read(into: room, at: base + kept) } catch { throw DatasetError(error) }
        end = kept + got
        return got > 0
    }

    /// "line 3, byte 1234": line breaks are counted only once something is wrong.
    private func place(of offset: Int) -> String {
        var lines = 1, read = 0
        while read < offset {
            guard let block = try? file.bytes(at: read, upTo: min(Self.chunk, offset - read)), !block.isEmpty
            else { break }
            for byte in block where byte == 0x0A { lines += 1 }
            read += block.count
        }
        return "line \(lines), byte \(offset)"
    }
}
