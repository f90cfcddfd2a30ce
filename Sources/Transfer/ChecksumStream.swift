import CCrypto
import Fingerprints
import Glibc

/// The SHA-256 of bytes that arrive in pieces and, where the publisher gives no better one, their MD5.
struct ChecksumStream {
    private var sha256 = DigestStream()
    private var md5: MD5Stream?

    init(for expected: Checksum?) throws(TransferError) {
        if case .md5 = expected { md5 = try MD5Stream() }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        sha256.update(bytes)
        md5?.update(bytes)
    }

    mutating func finish() -> (sha256: Digest, md5: String?) { (sha256.finish(), md5?.finish()) }
}

/// One owner of one EVP context.
private final class MD5Stream {
    private let context: OpaquePointer

    init() throws(TransferError) {
        guard let context = EVP_MD_CTX_new() else { throw .library("libcrypto: out of memory") }
        self.context = context
        guard EVP_DigestInit_ex(context, EVP_md5(), nil) == 1 else { throw .library("libcrypto offers no MD5 here") }
    }

    deinit { EVP_MD_CTX_free(context) }

    func update(_ bytes: UnsafeRawBufferPointer) { EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) }

    func finish() -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        EVP_DigestFinal_ex(context, &bytes, nil)
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension Checksum {
    /// What was found in place of this checksum; nil when it is the same.
    func mismatch(_ found: (sha256: Digest, md5: String?)) -> String? {
        switch self {
        case .sha256(let expected):
            expected == found.sha256 ? nil : "sha256 expected \(expected.hex), got \(found.sha256.hex)"
        case .md5(let expected):
            expected == found.md5 ? nil : "md5 expected \(expected), got \(found.md5 ?? "none")"
        }
    }
}

/// Hashes a whole file; `each` is told after every MiB how many bytes are done.
func hashFile(
    _ path: String, for expected: Checksum?, each: (Int) throws -> Void
) throws -> (sha256: Digest, md5: String?) {
    let file = try OpenFile(path, O_RDONLY)
    var stream = try ChecksumStream(for: expected)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    var done = 0
    while case let count = try file.read(into: buffer, at: done), count > 0 {
        stream.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        done += count
        try each(done)
    }
    return stream.finish()
}
