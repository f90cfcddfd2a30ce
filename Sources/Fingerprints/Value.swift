/// A plain JSON value: the parameters of a stage, a trace, a table cell.
///
/// JSON knows one kind of number: `1` and `1.0` are equal, encode to the same canonical bytes and have the same digest.
public indirect enum Value: Sendable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case array([Value])
    case object([String: Value])
}

extension Value: Hashable {
    /// Numbers by what they are worth (`1` equals `1.0`), and NaN equals NaN; anything else by its kind and content.
    public static func == (a: Value, b: Value) -> Bool {
        switch (a.canonicalNumber, b.canonicalNumber) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.double(let a), .double(let b)): a == b || a.isNaN && b.isNaN
        case (.string(let a), .string(let b)): a == b
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        default: false
        }
    }

    /// The same for equal values: numbers by what they are worth, every NaN alike.
    public func hash(into hasher: inout Hasher) {
        switch canonicalNumber {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .int(let value): hasher.combine(value)
        case .double(let value): hasher.combine(value.isNaN ? Double.nan : value)
        case .string(let value): hasher.combine(value)
        case .array(let value): hasher.combine(value)
        case .object(let value): hasher.combine(value)
        }
    }

    /// A double that is exactly an `Int` as that `Int`; everything else unchanged.
    private var canonicalNumber: Value {
        if case .double(let number) = self, let whole = Int(exactly: number) { return .int(whole) }
        return self
    }
}

extension Value {
    /// The member `key` of an object; nil for anything else.
    public subscript(key: String) -> Value? {
        if case .object(let members) = self { return members[key] }
        return nil
    }

    /// The integer; a double that is exactly an integer counts.
    public var intValue: Int? { if case .int(let value) = canonicalNumber { value } else { nil } }

    /// The number; an integer counts.
    public var doubleValue: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// The text; nil for anything but a string.
    public var stringValue: String? { if case .string(let value) = self { value } else { nil } }
    /// The truth value; nil for anything but `true` and `false`.
    public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The elements; nil for anything but an array.
    public var arrayValue: [Value]? { if case .array(let value) = self { value } else { nil } }
    /// The members; nil for anything but an object.
    public var objectValue: [String: Value]? { if case .object(let value) = self { value } else { nil } }
}

extension Value {
    /// An encoding that is the same everywhere and different for different values: a tag, a length where one is needed,
    /// the content; members of an object sorted by the UTF-8 bytes of their keys. What fingerprints are made of.
    public var canonicalBytes: [UInt8] {
        var bytes: [UInt8] = []
        appendCanonical(to: &bytes)
        return bytes
    }

    /// The SHA-256 of the canonical bytes.
    public var digest: Digest { Digest(hashing: canonicalBytes) }

    private func appendCanonical(to bytes: inout [UInt8]) {
        switch canonicalNumber {
        case .null:
            bytes.append(UInt8(ascii: "n"))
        case .bool(let value):
            bytes.append(UInt8(ascii: value ? "t" : "f"))
        case .int(let value):
            bytes.append(UInt8(ascii: "i"))
            Value.append(UInt64(bitPattern: Int64(value)), to: &bytes)
        case .double(let value):
            bytes.append(UInt8(ascii: "d"))
            Value.append((value.isNaN ? Double.nan : value).bitPattern, to: &bytes)
        case .string(let value):
            bytes.append(UInt8(ascii: "s"))
            Value.append(value, to: &bytes)
        case .array(let values):
            bytes.append(UInt8(ascii: "a"))
            Value.append(UInt64(values.count), to: &bytes)
            for value in values { value.appendCanonical(to: &bytes) }
        case .object(let members):
            bytes.append(UInt8(ascii: "o"))
            Value.append(UInt64(members.count), to: &bytes)
            for (key, value) in Value.sorted(members) {
                Value.append(key, to: &bytes)
                value.appendCanonical(to: &bytes)
            }
        }
    }

    private static func append(_ word: UInt64, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        append(UInt64(text.utf8.count), to: &bytes)
        bytes.append(contentsOf: text.utf8)
    }

    /// Members in the order of their keys' UTF-8 bytes: Swift's own `<` on strings depends on Unicode tables.
    static func sorted(_ members: [String: Value]) -> [(key: String, value: Value)] {
        members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }
}

extension Value: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// `nil` is JSON's `null`.
    public init(nilLiteral: ()) { self = .null }
    /// `true` or `false`.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A whole number.
    public init(integerLiteral value: Int) { self = .int(value) }
    /// A number; NaN and the infinities, which JSON does not have, only ever come of a computation.
    public init(floatLiteral value: Double) { self = .double(value) }
    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An array of the values in their order.
    public init(arrayLiteral elements: Value...) { self = .array(elements) }
    /// A key that is given twice keeps its last value.
    public init(dictionaryLiteral elements: (String, Value)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
    }
}

extension Value: Codable {
    /// Reads any JSON value; a number that is an `Int` becomes one.
    /// - Throws: `DecodingError` for what is no JSON value.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .int(value)
        } else if let value = try? container.decode(Double.self) {
            self = .double(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([Value].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: Value].self))
        }
    }

    /// Writes the plain JSON value.
    /// - Throws: `EncodingError`, also for a number that is not finite.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .int(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
