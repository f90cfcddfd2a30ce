import Glibc

/// A regular file open for reading; closed when it goes out of scope.
struct InputFile: ~Copyable {
    let path: String
    let size: Int
    private let descriptor: Int32

    /// - Throws: `DatasetError.unreadable`.
    init(_ path: String) throws {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path) }
        var information = stat()
        guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw DatasetError.unreadable(file: path, reason: "not a regular file")
        }
        size = Int(information.st_size)
    }

    deinit { close(descriptor) }

    /// Reads up to `count` bytes at `offset`; fewer only at the end of the file.
    func read(at offset: Int, into target: UnsafeMutableRawPointer, count: Int) throws -> Int {
        var filled = 0
        while filled < count {
            let got = pread(descriptor, target + filled, count - filled, off_t(offset + filled))
            if got < 0 {
                if errno == EINTR { continue }
                throw Self.failure(path)
            }
            if got == 0 { break }
            filled += got
        }
        return filled
    }

    private static func failure(_ path: String) -> DatasetError {
        .unreadable(file: path, reason: String(cString: strerror(errno)))
    }
}
