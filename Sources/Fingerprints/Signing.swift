import CCrypto

/// Whose word counts: an Ed25519 public key (RFC 8032), written `ed25519:` and 44 characters of base64.
public struct PublicKey: Sendable, Hashable, CustomStringConvertible {
    /// 32 bytes.
    public let bytes: [UInt8]

    private static let prefix = "ed25519:"

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// nil when `text` is anything else.
    public init?(_ text: String) {
        guard text.hasPrefix(Self.prefix), let bytes = base64Bytes(String(text.dropFirst(Self.prefix.count))),
            bytes.count == 32
        else { return nil }
        self.bytes = bytes
    }

    /// `ed25519:` and the 32 bytes in base64: what `init(_:)` reads.
    public var description: String { Self.prefix + base64(bytes) }

    /// Whether the owner of this key signed `message`.
    public func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard signature.count == 64, let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count)
        else { return false }
        defer { EVP_PKEY_free(key) }
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        return EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}

/// An Ed25519 key to sign with. Kept as a PEM file that `openssl pkey` reads too.
public struct SigningKey: Sendable {
    private let seed: [UInt8]
    /// What checks the signatures of this key.
    public let publicKey: PublicKey

    /// PKCS #8 of RFC 8410 up to the 32 bytes of the key.
    private static let header: [UInt8] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]
    private static let first = "-----BEGIN PRIVATE KEY-----", last = "-----END PRIVATE KEY-----"

    /// A new key of the system's randomness.
    public init() {
        var generator = SystemRandomNumberGenerator()
        let seed = (0..<4).flatMap { _ in withUnsafeBytes(of: generator.next() as UInt64, Array.init) }
        self.seed = seed
        publicKey = Self.publicKey(of: seed)
    }

    /// nil when `pem` holds no Ed25519 key, or an encrypted one.
    public init?(pem: String) {
        let lines = pem.split(whereSeparator: \.isNewline).map { $0.filter { !$0.isWhitespace } }.filter { !$0.isEmpty }
        guard lines.count >= 3, pem.contains(Self.first), pem.contains(Self.last) else { return nil }
        guard let bytes = base64Bytes(lines.dropFirst().dropLast().joined()), bytes.count == 48,
            bytes.starts(with: Self.header)
        else { return nil }
        seed = Array(bytes.suffix(32))
        publicKey = Self.publicKey(of: seed)
    }

    /// PKCS #8 (RFC 8410) between the lines of a PEM file, not encrypted: what `init(pem:)` reads.
    public var pem: String { "\(Self.first)\n\(base64(Self.header + seed))\n\(Self.last)\n" }

    /// The 64 bytes that say that the owner of this key stands by `message`.
    public func sign(_ message: [UInt8]) -> [UInt8] {
        let key = Self.open(seed), context = EVP_MD_CTX_new()
        defer {
            EVP_PKEY_free(key)
            EVP_MD_CTX_free(context)
        }
        var signature = [UInt8](repeating: 0, count: 64), count = 64
        let isDone =
            EVP_DigestSignInit(context, nil, nil, nil, key) == 1
            && EVP_DigestSign(context, &signature, &count, message, message.count) == 1
        precondition(isDone && count == 64, "libcrypto: no Ed25519")
        return signature
    }

    private static func publicKey(of seed: [UInt8]) -> PublicKey {
        let key = open(seed)
        defer { EVP_PKEY_free(key) }
        var bytes = [UInt8](repeating: 0, count: 32), count = 32
        precondition(EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1, "libcrypto: no Ed25519")
        return PublicKey(bytes: bytes)
    }

    private static func open(_ seed: [UInt8]) -> OpaquePointer {
        guard let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count) else {
            preconditionFailure("libcrypto: no Ed25519")
        }
        return key
    }
}

/// HMAC-SHA256 (RFC 2104).
package func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: 32), count: UInt32 = 32
    precondition(
        HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, &count) != nil, "libcrypto: no HMAC")
    return code
}

/// The text of `bytes` in base64, padded.
package func base64(_ bytes: [UInt8]) -> String {
    var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
    let count = EVP_EncodeBlock(&text, bytes, Int32(bytes.count))
    return String(decoding: text.prefix(Int(count)), as: UTF8.self)
}

/// What padded base64 stands for; nil for any other text.
package func base64Bytes(_ text: String) -> [UInt8]? {
    let symbols = Array(text.utf8), padding = symbols.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    guard !symbols.isEmpty, symbols.count % 4 == 0, padding <= 2 else { return nil }
    var decoded = [UInt8](repeating: 0, count: symbols.count / 4 * 3)
    guard EVP_DecodeBlock(&decoded, symbols, Int32(symbols.count)) == Int32(decoded.count) else { return nil }
    let bytes = Array(decoded.dropLast(padding))
    // One text to a value: libcrypto takes stray bits and blanks.
    return base64(bytes) == text ? bytes : nil
}
