import CCrypto

/// SHA-256 of bytes that arrive in pieces. A copy goes on from the same state, independently.
public struct DigestStream {
    private var context: Context

    /// Nothing hashed yet.
    public init() { context = Context() }

    /// Appends `bytes` to what is hashed.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        if !isKnownUniquelyReferenced(&context) { context = Context(copying: context) }
        let status = EVP_DigestUpdate(context.pointer, bytes.baseAddress, bytes.count)
        precondition(status == 1, "libcrypto: EVP_DigestUpdate failed")
    }

    /// Appends `bytes` to what is hashed.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The digest of all bytes so far; the stream starts anew.
    public mutating func finish() -> Digest {
        if !isKnownUniquelyReferenced(&context) { context = Context(copying: context) }
        let digest = withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { out in
            let status = EVP_DigestFinal_ex(context.pointer, out.bindMemory(to: UInt8.self).baseAddress, nil)
            precondition(status == 1, "libcrypto: EVP_DigestFinal_ex failed")
            return Digest(raw: UnsafeRawBufferPointer(out))
        }
        context = Context()
        return digest
    }

    /// Owner of one EVP context. libcrypto fails here only when out of memory or without SHA-256.
    private final class Context {
        let pointer: OpaquePointer

        init() {
            guard let pointer = EVP_MD_CTX_new() else { preconditionFailure("libcrypto: out of memory") }
            self.pointer = pointer
            precondition(EVP_DigestInit_ex(pointer, EVP_sha256(), nil) == 1, "libcrypto has no SHA-256")
        }

        init(copying other: Context) {
            guard let pointer = EVP_MD_CTX_new() else { preconditionFailure("libcrypto: out of memory") }
            self.pointer = pointer
            precondition(EVP_MD_CTX_copy_ex(pointer, other.pointer) == 1, "libcrypto: out of memory")
        }

        deinit { EVP_MD_CTX_free(pointer) }
    }
}
