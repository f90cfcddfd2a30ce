import Glibc

/// A file read in pieces.
struct FileBytes {
    let path: String
    let size: Int
    private let descriptor: Int32

    /// Opens the file for the time of `body`.
    static func with<Result>(_ path: String, _ body: (FileBytes) throws -> Result) throws -> Result {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CheckpointError(path: path, reason: "cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
            throw CheckpointError(path: path, reason: "is not a file; name the file that holds the weights")
        }
        return try body(FileBytes(path: path, size: Int(information.st_size), descriptor: descriptor))
    }

    /// Bytes from `offset` on: `count`, or fewer where the file ends before.
    func read(at offset: Int, upTo count: Int) throws -> [UInt8] {
        let count = max(0, min(count, size - offset))
        return try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
            done = count
        }
    }

    /// Fills `destination` with the bytes from `offset` on.
    func read(at offset: Int, into destination: UnsafeMutableRawBufferPointer) throws {
        guard offset >= 0, destination.count <= size - offset else {
            throw CheckpointError(
                path: path,
                reason: "is cut off: \(size) bytes, but bytes \(offset)..<\(offset + destination.count) are needed")
        }
        var done = 0
        while done < destination.count {
            let got = pread(descriptor, destination.baseAddress! + done, destination.count - done, off_t(offset + done))
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else {
                throw CheckpointError(path: path, reason: "cannot be read: \(String(cString: strerror(errno)))")
            }
            done += got
        }
    }

    func int64(at offset: Int) throws -> Int {
        let bytes = try read(at: offset, upTo: 8)
        guard bytes.count == 8 else { throw CheckpointError(path: path, reason: "is cut off at byte \(size)") }
        return Int(bytes.withUnsafeBytes { Int64(littleEndian: $0.loadUnaligned(as: Int64.self)) })
    }
}
