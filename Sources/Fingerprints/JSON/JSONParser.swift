/// Why a text is not JSON, and where.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Line (ended by LF, CR or CRLF) and column (in Unicode scalars), both from 1.
    public let line: Int, column: Int
    /// What was expected or found there, without the place.
    public let message: String

    /// `line L, column C: ` and the message.
    public var description: String { "line \(line), column \(column): \(message)" }
}

extension Value {
    /// Reads JSON text (RFC 8259), strictly: no comments, no trailing commas, no key twice, valid UTF-8, at most
    /// `maximumDepth` nested arrays and objects. Integers that do not fit `Int` become doubles.
    /// - Throws: `JSONError` with the place of the first fault.
    public init(json bytes: UnsafeRawBufferPointer, maximumDepth: Int = 128) throws(JSONError) {
        var parser = JSONParser(bytes: bytes, source: "", maximumDepth: maximumDepth)
        self = try parser.document().value
    }

    /// The same for an array of bytes.
    /// - Throws: `JSONError` with the place of the first fault.
    public init(json bytes: [UInt8], maximumDepth: Int = 128) throws(JSONError) {
        self = try bytes.withUnsafeBufferPointer { (bytes) throws(JSONError) in
            try Value(json: UnsafeRawBufferPointer(bytes), maximumDepth: maximumDepth)
        }
    }

    /// The same for a string.
    /// - Throws: `JSONError` with the place of the first fault.
    public init(json text: String, maximumDepth: Int = 128) throws(JSONError) {
        try self.init(json: Array(text.utf8), maximumDepth: maximumDepth)
    }
}

struct JSONParser {
    let bytes: UnsafeRawBufferPointer
    private let source: String
    var at = 0
    private let maximumDepth: Int
    private var depthLeft: Int
    /// Of the byte at `counted`: what is asked for the place of is never before it.
    private var line = 1, column = 1, counted = 0

    fileprivate init(bytes: UnsafeRawBufferPointer, source: String, maximumDepth: Int) {
        self.bytes = bytes
        self.source = source
        self.maximumDepth = maximumDepth
        depthLeft = maximumDepth
    }

    static func parse(_ bytes: [UInt8], source: String) throws(JSONError) -> JSONNode {
        try bytes.withUnsafeBufferPointer { (bytes) throws(JSONError) in
            var parser = JSONParser(bytes: UnsafeRawBufferPointer(bytes), source: source, maximumDepth: 128)
            return try parser.document()
        }
    }

    fileprivate mutating func document() throws(JSONError) -> JSONNode {
        try refuseMarks()
        let node = try self.node()
        skipSpace()
        if at < bytes.count { throw error("expected the end, found \(found)") }
        return node
    }

    /// What editors of some systems put before a text.
    private func refuseMarks() throws(JSONError) {
        let start = Array(bytes.prefix(3))
        if start == [0xEF, 0xBB, 0xBF] {
            throw error("the text begins with a byte order mark; save it as UTF-8 without one")
        }
        if start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF]) || start.prefix(2).contains(0) {
            throw error("the text is not UTF-8 but UTF-16 or UTF-32; save it as UTF-8")
        }
    }

    private mutating func node() throws(JSONError) -> JSONNode {
        skipSpace()
        let place = self.place()
        guard let byte = peek else { throw error("the text ends where a value should be") }
        let content: JSONNode.Content =
            switch byte {
            case UInt8(ascii: "{"): .object(try object())
            case UInt8(ascii: "["): .array(try array())
            case UInt8(ascii: "\""): .string(try string())
            case UInt8(ascii: "t"): try word("true", .bool(true))
            case UInt8(ascii: "f"): try word("false", .bool(false))
            case UInt8(ascii: "n"): try word("null", .null)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
            default: throw error("expected a value, found \(found)")
            }
        return JSONNode(content, at: place)
    }

    private mutating func object() throws(JSONError) -> [JSONNode.Member] {
        try enter()
        var members: [JSONNode.Member] = []
        var keys: Set<String> = []
        if !take("}") {
            repeat {
                skipSpace()
                let start = at, place = self.place()
                guard peek == UInt8(ascii: "\"") else { throw error("expected a key in quotes, found \(found)") }
                let key = try string()
                guard keys.insert(key).inserted else { throw error("the key \"\(key)\" stands twice", at: start) }
                guard take(":") else { throw error("expected ':' after \"\(key)\", found \(found)") }
                members.append(JSONNode.Member(key: key, place: place, value: try node()))
            } while take(",")
            guard take("}") else { throw error("expected ',' or '}', found \(found)") }
        }
        depthLeft += 1
        return members
    }

    private mutating func array() throws(JSONError) -> [JSONNode] {
        try enter()
        var nodes: [JSONNode] = []
        if !take("]") {
            repeat { nodes.append(try node()) } while take(",")
            guard take("]") else { throw error("expected ',' or ']', found \(found)") }
        }
        depthLeft += 1
        return nodes
    }

    private mutating func enter() throws(JSONError) {
        guard depthLeft > 0 else {
            throw error("nested too deeply: at most \(maximumDepth) arrays and objects within each other are read")
        }
        depthLeft -= 1
        at += 1
    }

    private mutating func word(_ text: StaticString, _ value: JSONNode.Content) throws(JSONError) -> JSONNode.Content {
        for offset in 0..<text.utf8CodeUnitCount {
            guard peek == text.utf8Start[offset] else { throw error("expected \(text), found \(found)") }
            at += 1
        }
        return value
    }

    private mutating func number() throws(JSONError) -> JSONNode.Content {
        let start = at
        if peek == UInt8(ascii: "-") { at += 1 }
        let whole = at
        guard digits() > 0 else { throw error("expected a digit, found \(found)") }
        if at - whole > 1, bytes[whole] == UInt8(ascii: "0") { throw error("a number has no leading zero", at: whole) }
        var isInteger = true
        if peek == UInt8(ascii: ".") {
            isInteger = false
            at += 1
            guard digits() > 0 else { throw error("expected a digit, found \(found)") }
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            isInteger = false
            at += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { at += 1 }
            guard digits() > 0 else { throw error("expected a digit, found \(found)") }
        }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        if isInteger, let value = Int(text) { return .int(value) }
        guard let value = Double(text), value.isFinite else {
            throw error("the number \(text) is too large", at: start)
        }
        return .double(value)
    }

    private mutating func digits() -> Int {
        let start = at
        while let byte = peek, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { at += 1 }
        return at - start
    }

    private mutating func string() throws(JSONError) -> String {
        let start = at
        at += 1
        let content = at
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { at += 1 }
        if peek == UInt8(ascii: "\"") {
            at += 1
            let plain = UnsafeRawBufferPointer(rebasing: bytes[content..<at - 1])
            // Bytes below 128 are UTF-8 as they are.
            if plain.allSatisfy({ $0 < 128 }) { return String(decoding: plain, as: UTF8.self) }
            return try text(Array(plain), from: start)
        }
        var units = Array(bytes[content..<at])
        while let byte = peek {
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return try text(units, from: start)
            case UInt8(ascii: "\\"): try escape(into: &units)
            case 0..<0x20: throw error("a control character in a string must be escaped", at: at - 1)
            default: units.append(byte)
            }
        }
        throw error("this string has no end", at: start)
    }

    /// - Parameter start: of the string in the text, where its first bytes that are not UTF-8 are looked for.
    private func text(_ units: [UInt8], from start: Int) throws(JSONError) -> String {
        if let text = String(validating: units, as: UTF8.self) { return text }
        var rest = bytes[start..<at].makeIterator(), place = start
        var parser = Unicode.UTF8.ForwardParser()
        while case .valid(let scalar) = parser.parseScalar(from: &rest) { place += scalar.count }
        throw error("this string is not UTF-8", at: place)
    }

    private mutating func escape(into units: inout [UInt8]) throws(JSONError) {
        let start = at - 1
        guard let byte = peek else { throw error("the text ends in an escape") }
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(byte)
        case UInt8(ascii: "b"): units.append(8)
        case UInt8(ascii: "f"): units.append(12)
        case UInt8(ascii: "n"): units.append(10)
        case UInt8(ascii: "r"): units.append(13)
        case UInt8(ascii: "t"): units.append(9)
        case UInt8(ascii: "u"):
            var code = try hexUnit()
            if (0xD800..<0xDC00).contains(code), peek == UInt8(ascii: "\\") {
                at += 1
                guard peek == UInt8(ascii: "u") else { throw error("half of a surrogate pair", at: start) }
                at += 1
                let low = try hexUnit()
                guard (0xDC00..<0xE000).contains(low) else { throw error("half of a surrogate pair", at: start) }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw error("half of a surrogate pair", at: start) }
            units.append(contentsOf: Array(String(Character(scalar)).utf8))
        default: throw error("unknown escape", at: start)
        }
    }

    private mutating func hexUnit() throws(JSONError) -> UInt32 {
        guard at + 4 <= bytes.count, let unit = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16),
            bytes[at] != UInt8(ascii: "+"), bytes[at] != UInt8(ascii: "-")
        else { throw error("expected four hex digits") }
        at += 4
        return unit
    }

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private var found: String {
        guard let byte = peek else { return "the end" }
        var rest = bytes[at...].makeIterator()
        var parser = Unicode.UTF8.ForwardParser()
        guard byte >= 0x20, byte != 0x7f, case .valid(let scalar) = parser.parseScalar(from: &rest) else {
            return "byte \(byte)"
        }
        return "'\(Character(Unicode.UTF8.decode(scalar)))'"
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard peek == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 32 || byte == 10 || byte == 13 || byte == 9 { at += 1 }
    }

    /// The place of the next byte.
    private mutating func place() -> TextPlace {
        count(to: at)
        return TextPlace(source, line: line, column: column)
    }

    private mutating func count(to end: Int) {
        while counted < end {
            let byte = bytes[counted]
            counted += 1
            if byte == 10 || byte == 13 && !(counted < bytes.count && bytes[counted] == 10) {
                (line, column) = (line + 1, 1)
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
    }

    private func error(_ message: String, at place: Int? = nil) -> JSONError {
        var counter = JSONParser(bytes: bytes, source: source, maximumDepth: 0)
        counter.count(to: place ?? at)
        return JSONError(line: counter.line, column: counter.column, message: message)
    }
}
