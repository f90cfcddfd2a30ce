/// Why a text is not JSON, and where.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Line and column (in bytes), both from 1.
    public let line: Int, column: Int
    public let message: String

    public var description: String { "line \(line), column \(column): \(message)" }
}

extension Value {
    /// Reads JSON text (RFC 8259), strictly: no comments, no trailing commas, no key twice, valid UTF-8, at most
    /// `maximumDepth` nested arrays and objects. Integers that do not fit `Int` become doubles.
    /// - Throws: `JSONError` with the place of the first fault.
    public init(json bytes: UnsafeRawBufferPointer, maximumDepth: Int = 128) throws(JSONError) {
        var parser = JSONParser(bytes: bytes, depthLeft: maximumDepth)
        self = try parser.document()
    }

    /// The same for an array of bytes.
    public init(json bytes: [UInt8], maximumDepth: Int = 128) throws(JSONError) {
        self = try bytes.withUnsafeBufferPointer { (bytes) throws(JSONError) in
            try Value(json: UnsafeRawBufferPointer(bytes), maximumDepth: maximumDepth)
        }
    }

    /// The same for a string.
    public init(json text: String, maximumDepth: Int = 128) throws(JSONError) {
        try self.init(json: Array(text.utf8), maximumDepth: maximumDepth)
    }
}

private struct JSONParser {
    let bytes: UnsafeRawBufferPointer
    var at = 0
    var depthLeft: Int

    init(bytes: UnsafeRawBufferPointer, depthLeft: Int) {
        self.bytes = bytes
        self.depthLeft = depthLeft
    }

    mutating func document() throws(JSONError) -> Value {
        let value = try self.value()
        skipSpace()
        if at < bytes.count { throw error("expected the end, found \(found)") }
        return value
    }

    mutating func value() throws(JSONError) -> Value {
        skipSpace()
        guard let byte = peek else { throw error("the text ends where a value should be") }
        switch byte {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw error("expected a value, found \(found)")
        }
    }

    mutating func object() throws(JSONError) -> Value {
        try enter()
        var members: [String: Value] = [:]
        if !take("}") {
            repeat {
                skipSpace()
                let start = at
                guard peek == UInt8(ascii: "\"") else { throw error("expected a key in quotes, found \(found)") }
                let key = try string()
                guard take(":") else { throw error("expected ':' after \"\(key)\", found \(found)") }
                guard members.updateValue(try value(), forKey: key) == nil else {
                    throw error("the key \"\(key)\" stands twice", at: start)
                }
            } while take(",")
            guard take("}") else { throw error("expected ',' or '}', found \(found)") }
        }
        depthLeft += 1
        return .object(members)
    }

    mutating func array() throws(JSONError) -> Value {
        try enter()
        var values: [Value] = []
        if !take("]") {
            repeat { values.append(try value()) } while take(",")
            guard take("]") else { throw error("expected ',' or ']', found \(found)") }
        }
        depthLeft += 1
        return .array(values)
    }

    mutating func enter() throws(JSONError) {
        guard depthLeft > 0 else { throw error("nested too deeply") }
        depthLeft -= 1
        at += 1
    }

    mutating func word(_ text: StaticString, _ value: Value) throws(JSONError) -> Value {
        for offset in 0..<text.utf8CodeUnitCount {
            guard peek == text.utf8Start[offset] else { throw error("expected \(text), found \(found)") }
            at += 1
        }
        return value
    }

    mutating func number() throws(JSONError) -> Value {
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
        guard let value = Double(text), value.isFinite else { throw error("the number \(text) is too large", at: start) }
        return .double(value)
    }

    mutating func digits() -> Int {
        let start = at
        while let byte = peek, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { at += 1 }
        return at - start
    }

    mutating func string() throws(JSONError) -> String {
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

    func text(_ units: [UInt8], from start: Int) throws(JSONError) -> String {
        guard let text = String(validating: units, as: UTF8.self) else { throw error("this string is not UTF-8", at: start) }
        return text
    }

    mutating func escape(into units: inout [UInt8]) throws(JSONError) {
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

    mutating func hexUnit() throws(JSONError) -> UInt32 {
        guard at + 4 <= bytes.count, let unit = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16),
            bytes[at] != UInt8(ascii: "+"), bytes[at] != UInt8(ascii: "-")
        else { throw error("expected four hex digits") }
        at += 4
        return unit
    }

    var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    var found: String {
        guard let byte = peek else { return "the end" }
        return byte >= 0x20 && byte < 0x7f ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard peek == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    mutating func skipSpace() {
        while let byte = peek, byte == 32 || byte == 10 || byte == 13 || byte == 9 { at += 1 }
    }

    func error(_ message: String, at place: Int? = nil) -> JSONError {
        let before = bytes[..<(place ?? at)]
        let line = before.count { $0 == 10 } + 1
        let column = before.count - ((before.lastIndex(of: 10) ?? -1) + 1) + 1
        return JSONError(line: line, column: column, message: message)
    }
}
