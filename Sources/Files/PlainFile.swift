import Glibc

/// A regular file open for reading at any place; closed with its owner. Any number of threads may read.
public final class PlainFile: Sendable {
    /// As it was given.
    public let path: String
    /// Bytes when it was opened.
    public let size: Int
    private let descriptor: Int32

    /// - Parameter followsLinks: false refuses a path whose last part is a symbolic link.
    /// - Throws: `FileError` for what cannot be opened, or is no regular file.
    public init(_ path: String, followsLinks: Bool = true) throws(FileError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW))
        guard descriptor >= 0 else { throw FileError(path, code: errno) }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else {
            let code = errno
            close(descriptor)
            throw FileError(path, code: code)
        }
        guard information.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw FileError(path, problem: "not a regular file")
        }
        size = Int(information.st_size)
    }

    deinit { close(descriptor) }

    /// Fills `buffer` from `offset` on; returns the number of bytes read, fewer only at the end of the file.
    /// - Throws: `FileError` for a disk that fails.
    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) -> Int {
        guard let start = buffer.baseAddress else { return 0 }
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, start + done, buffer.count - done, off_t(offset + done))
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(path, code: errno)
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// The bytes from `offset` on: `count`, or fewer where the file ends before.
    /// - Throws: `FileError` for a disk that fails.
    public func bytes(at offset: Int = 0, upTo count: Int) throws(FileError) -> [UInt8] {
        let count = max(0, min(count, size - offset))
        var bytes = [UInt8](repeating: 0, count: count), filled = 0
        do {
            try bytes.withUnsafeMutableBytes { filled = try read(into: $0, at: offset) }
        } catch let error as FileError { throw error } catch { throw FileError(path, problem: "\(error)") }
        bytes.removeLast(count - filled)
        return bytes
    }
}

/// Why a file cannot be read.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file as it was given.
    public let path: String
    /// The system's words for the code, or what else is wrong; without the path.
    public let problem: String
    /// The system's error number; nil where it is not the system that refused.
    public let code: Int32?

    init(_ path: String, code: Int32) {
        (self.path, self.code, problem) = (path, code, String(cString: strerror(code)))
    }

    init(_ path: String, problem: String) { (self.path, self.problem, code) = (path, problem, nil) }

    /// `PATH: ` and the problem.
    public var description: String { "\(path): \(problem)" }
}
