import CCrypto

/// SHA-256 of bytes: the name of every artifact, trace and fingerprint.
public struct Digest: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The 32 bytes as four big-endian words, so that comparing and hashing need no loop.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The SHA-256 of `bytes`.
    public init(hashing bytes: UnsafeRawBufferPointer) {
        var stream = DigestStream()
        stream.update(bytes)
        self = stream.finish()
    }

    /// The SHA-256 of `bytes`.
    public init(hashing bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { Digest(hashing: $0) }
    }

    /// The SHA-256 of the UTF-8 bytes of `text`.
    public init(hashing text: String) {
        var text = text
        self = text.withUTF8 { Digest(hashing: UnsafeRawBufferPointer($0)) }
    }

    /// The digest written as 64 hex digits, upper or lower case; nil when `hex` is anything else.
    public init?(hex: String) {
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in hex.utf8 {
            guard let value = Digest.value(ofHexDigit: digit) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        guard bytes.count == 32, high == nil else { return nil }
        self = bytes.withUnsafeBytes { Digest(raw: $0) }
    }

    /// The digest whose own 32 bytes are given; nil when there are not 32.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self = bytes.withUnsafeBytes { Digest(raw: $0) }
    }

    init(raw bytes: UnsafeRawBufferPointer) {
        func word(_ index: Int) -> UInt64 {
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
        }
        words = (word(0), word(1), word(2), word(3))
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for word in [words.0, words.1, words.2, words.3] {
            withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    /// 64 lower-case hex digits.
    public var hex: String {
        String(unsafeUninitializedCapacity: 64) { text in
            var at = 0
            for word in [words.0, words.1, words.2, words.3] {
                for shift in stride(from: 60, through: 0, by: -4) {
                    let digit = UInt8(truncatingIfNeeded: word >> UInt64(shift)) & 15
                    text[at] = digit < 10 ? 48 + digit : 87 + digit
                    at += 1
                }
            }
            return 64
        }
    }

    /// The first 8 hex digits, for people.
    public var short: String { String(hex.prefix(8)) }

    /// As `hex`.
    public var description: String { hex }

    /// Whether all 32 bytes are equal.
    public static func == (a: Digest, b: Digest) -> Bool { a.words == b.words }

    /// By the bytes, the first one counting most: the order of `hex`.
    public static func < (a: Digest, b: Digest) -> Bool { a.words < b.words }

    /// The first 8 bytes alone: of a digest they are spread as evenly as all 32.
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

    private static func value(ofHexDigit digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - 87
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - 55
        default: nil
        }
    }
}

/// A digest is coded as its hex string.
extension Digest: Codable {
    /// Reads what `encode` wrote; upper-case digits are taken too.
    /// - Throws: `DecodingError` for anything but a string of 64 hex digits.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let digest = Digest(hex: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected 64 hex digits, found \"\(text)\"")
        }
        self = digest
    }

    /// Writes the 64 lower-case hex digits as a string.
    /// - Throws: the encoder's error.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}
