import Glibc

/// A file that could not be hashed: which, and the system's reason.
public struct FileDigestError: Error, Sendable, CustomStringConvertible {
    /// The file as it was given; bytes that are no UTF-8 are replaced.
    public let path: String
    /// `errno` of the failed call.
    public let code: Int32

    /// `cannot read PATH: ` and the system's words for the code.
    public var description: String { "cannot read \(path): \(String(cString: strerror(code)))" }
}

extension Digest {
    /// The SHA-256 of a file's bytes, read in pieces of 1 MiB.
    /// - Parameter hashed: hears after each piece how many bytes it had; what it throws ends the reading.
    /// - Throws: `FileDigestError` when the file cannot be opened or read.
    public init(contentsOf path: String, hashed: (Int) throws -> Void = { _ in }) throws {
        self = try Digest(contentsOf: Array(path.utf8), hashed: hashed)
    }

    /// The same for a path that need not be UTF-8.
    /// - Throws: `FileDigestError` when the file cannot be opened or read, and what `hashed` throws.
    public init(contentsOf pathBytes: [UInt8], hashed: (Int) throws -> Void = { _ in }) throws {
        let path = String(decoding: pathBytes, as: UTF8.self)
        let descriptor = (pathBytes + [0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { open($0.baseAddress!, O_RDONLY | O_CLOEXEC) }
        }
        guard descriptor >= 0 else { throw FileDigestError(path: path, code: errno) }
        defer { close(descriptor) }
        _ = posix_fadvise(descriptor, 0, 0, Int32(POSIX_FADV_SEQUENTIAL))
        var stream = DigestStream()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileDigestError(path: path, code: errno)
            }
            stream.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            try hashed(count)
        }
        self = stream.finish()
    }
}
