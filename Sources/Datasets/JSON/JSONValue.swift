import CJSON

/// A parser of one JSON value at a time. Its values are valid until its next `parse`.
struct JSONParser: ~Copyable {
    private let handle: OpaquePointer

    init() throws {
        guard let handle = cjson_parser_new() else { throw JSONProblem("out of memory") }
        self.handle = handle
    }

    deinit { cjson_parser_free(handle) }

    /// The value that `text` spells; `CJSON_PADDING` readable bytes must follow it.
    /// - Throws: `JSONProblem`.
    func parse(_ text: UnsafeRawBufferPointer) throws -> JSONValue {
        var root = CJSONValue()
        guard let reason = cjson_parse(handle, text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count, &root)
        else {
            return JSONValue(raw: root)
        }
        let problem = JSONProblem("not valid JSON: " + String(cString: reason))
        guard let mended = Self.withoutNonNumbers(text) else { throw problem }
        let isRead = mended.withUnsafeBytes {
            cjson_parse(
                handle, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count - Int(CJSON_PADDING), &root)
                == nil
        }
        guard isRead else { throw problem }
        return JSONValue(raw: root)
    }

    /// Python writes NaN and Infinity, which are no JSON: the text with null in their place and padding after it, so
    /// that they are a problem only where a number is wanted; nil when it has none.
    private static func withoutNonNumbers(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        let words = ["NaN", "-Infinity", "Infinity"].map { Array($0.utf8) }
        var out: [UInt8] = [], at = 0, inString = false, isMended = false
        out.reserveCapacity(text.count + Int(CJSON_PADDING))
        while at < text.count {
            let byte = text[at]
            if inString, byte == UInt8(ascii: "\\"), at + 1 < text.count {
                out += [byte, text[at + 1]]
                at += 2
                continue
            }
            if byte == UInt8(ascii: "\"") { inString.toggle() }
            if !inString, let word = words.first(where: { text[at...].starts(with: $0) }) {
                out += Array("null".utf8)
                at += word.count
                isMended = true
                continue
            }
            out.append(byte)
            at += 1
        }
        return isMended ? out + [UInt8](repeating: 0x20, count: Int(CJSON_PADDING)) : nil
    }
}

/// Why a JSON value is not what its reader needs; the reader of the file adds where.
struct JSONProblem: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

/// A value of a parsed JSON text.
struct JSONValue {
    fileprivate let raw: CJSONValue

    /// The member `key` of an object, nil when it has none.
    func optional(_ key: StaticString) -> JSONValue? {
        var member = CJSONValue()
        let found = key.withUTF8Buffer { key in
            key.withMemoryRebound(to: CChar.self) { cjson_member(raw, $0.baseAddress, $0.count, &member) }
        }
        return found == 1 ? JSONValue(raw: member) : nil
    }

    /// The member `key` of an object.
    func member(_ key: StaticString) throws -> JSONValue {
        guard let member = optional(key) else {
            throw JSONProblem(isObject ? "no \"\(key)\"" : "expected an object with \"\(key)\", found \(kind)")
        }
        return member
    }

    var isObject: Bool { cjson_kind(raw) == CJSON_OBJECT }
    var isArray: Bool { cjson_kind(raw) == CJSON_ARRAY }
    var isString: Bool { cjson_kind(raw) == CJSON_STRING }
    var isNull: Bool { cjson_kind(raw) == CJSON_NULL }

    /// The member `key` as a number that names something.
    func identifier(_ key: StaticString) throws -> Int { try member(key).integer(key) }

    /// A whole number; some exports write numbers as strings.
    func integer(_ name: StaticString) throws -> Int {
        var value: Int64 = 0
        if cjson_int(raw, &value) == 1 { return Int(value) }
        // Some writers put 640.0 for 640.
        var number = 0.0
        if cjson_double(raw, &number) == 1, let whole = Int(exactly: number) { return whole }
        if isString, let whole = Int(try string(name)) { return whole }
        throw JSONProblem("\"\(name)\": expected an integer, found \(kind)")
    }

    /// A number, as a string too.
    func number(_ name: StaticString) throws -> Double {
        var value = 0.0
        if cjson_double(raw, &value) == 1 { return value }
        if isString, let number = Double(try string(name)), number.isFinite { return number }
        throw JSONProblem("\"\(name)\": expected a number, found \(kind)")
    }

    /// Calls `body` with the bytes of a string.
    func withString<T>(_ name: StaticString, _ body: (UnsafeRawBufferPointer) throws -> T) throws -> T {
        var text: UnsafePointer<CChar>?
        var count = 0
        guard cjson_string(raw, &text, &count) == 1 else {
            throw JSONProblem("\"\(name)\": expected a string, found \(kind)")
        }
        return try body(UnsafeRawBufferPointer(start: text, count: count))
    }

    func string(_ name: StaticString) throws -> String {
        try withString(name) { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether it says nothing: null, or a string, list or object with nothing in it.
    var isEmpty: Bool {
        get throws {
            var isEmpty = true
            switch cjson_kind(raw) {
            case CJSON_NULL: break
            case CJSON_STRING: try withString("") { isEmpty = $0.isEmpty }
            case CJSON_ARRAY: try forEach("") { _ in isEmpty = false }
            case CJSON_OBJECT: isEmpty = try optional("counts").map { try $0.isEmpty } ?? (optional("size") == nil)
            default: isEmpty = false
            }
            return isEmpty
        }
    }

    /// Calls `body` with every element of an array, in order.
    func forEach(_ name: StaticString, _ body: (JSONValue) throws -> Void) throws {
        var iterator = CJSONIterator()
        guard cjson_array(raw, &iterator) == 1 else {
            throw JSONProblem("\"\(name)\": expected an array, found \(kind)")
        }
        var element = CJSONValue()
        while cjson_next(&iterator, &element) == 1 { try body(JSONValue(raw: element)) }
    }

    private var kind: String {
        switch cjson_kind(raw) {
        case CJSON_NULL: "null"
        case CJSON_BOOL: "true or false"
        case CJSON_NUMBER: "a number"
        case CJSON_STRING: "a string"
        case CJSON_ARRAY: "an array"
        default: "an object"
        }
    }
}
