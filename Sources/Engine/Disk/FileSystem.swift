import Fingerprints
import Glibc

/// A failed operation on a file: which, where, and the system's reason.
public struct FileSystemError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was attempted, as a verb: `write`, `rename`, …
    public let operation: String
    /// What could not be read or changed.
    public let path: String
    /// The system's error number.
    public let code: Int32

    /// - Parameters:
    ///   - operation: a verb: `write`, `rename`, …
    ///   - code: `errno` of the failed call.
    public init(_ operation: String, _ path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// `cannot VERB PATH: `, the system's words for the code and, where something helps, what to do.
    public var description: String {
        let advice =
            switch code {
            case ENOSPC, EDQUOT: "; free some space and run again: finished work is kept"
            case EACCES, EPERM, EROFS: "; check who owns it and its permissions"
            case EILSEQ: "; expected text in UTF-8"
            case EXDEV: "; all folders of a store must lie on one disk"
            case EIO: "; the disk or network reports damage"
            default: ""
            }
        return "cannot \(operation) \(path): \(String(cString: strerror(code)))\(advice)"
    }
}

/// All that the engine asks of a disk, so that tests can put one in memory, break it or pull its plug.
/// Paths are absolute. Every method throws `FileSystemError`.
public protocol FileSystem: Sendable {
    /// `path` made absolute and free of `.` and `//`.
    /// - Throws: `FileSystemError`, also where the current folder is gone or is not UTF-8.
    func absolute(_ path: String) throws -> String
    /// nil when there is nothing at `path`.
    /// - Throws: `FileSystemError`.
    func status(of path: String) throws -> FileStatus?
    /// Names in a folder, sorted; none when it is absent.
    /// - Throws: `FileSystemError`.
    func names(in folder: String) throws -> [String]
    /// All files below a folder.
    /// - Parameter asInput: without what systems and editors drop there, and without links that lead nowhere.
    /// - Throws: `FileSystemError`.
    func scan(_ folder: String, threads: Int, asInput: Bool) throws -> FolderScan
    /// The bytes of a small file; nil when it is absent.
    /// - Throws: `FileSystemError`.
    func read(_ path: String) throws -> [UInt8]?
    /// The SHA-256 of a file.
    /// - Parameter hashed: hears how many more bytes are done; what it throws ends the reading.
    /// - Throws: `FileSystemError`, and what `hashed` throws.
    func digest(of path: String, hashed: (Int) throws -> Void) throws -> Digest
    /// The same for a file below a folder, whose name need not be UTF-8.
    /// - Throws: `FileSystemError`, and what `hashed` throws.
    func digest(of name: ArraySlice<UInt8>, in folder: String, hashed: (Int) throws -> Void) throws -> Digest
    /// Creates or replaces a file; not yet durable. The folder must exist.
    /// - Throws: `FileSystemError`.
    func write(_ bytes: [UInt8], to path: String) throws
    /// Adds to the end of a file, creating it.
    /// - Throws: `FileSystemError`.
    func append(_ bytes: [UInt8], to path: String) throws
    /// Makes a file's bytes, or a folder's entries, durable.
    /// - Throws: `FileSystemError`.
    func sync(_ path: String) throws
    /// Makes everything below `path`, and itself, durable.
    /// - Throws: `FileSystemError`.
    func syncTree(_ path: String) throws
    /// Makes a folder and those above it; fine when it is there.
    /// - Throws: `FileSystemError`.
    func makeFolder(_ path: String) throws
    /// Atomic. Replaces a file; never a folder that is not empty.
    /// - Throws: `FileSystemError`.
    func rename(_ path: String, to new: String) throws
    /// Removes a file, or a folder with all in it; fine when it is absent. Does not follow links.
    /// - Throws: `FileSystemError`.
    func remove(_ path: String) throws
    /// Takes all permission to write from a file or everything in a folder.
    /// - Throws: `FileSystemError`.
    func protect(_ path: String) throws
    /// Gives a file its owner's x-bit.
    /// - Throws: `FileSystemError`.
    func makeExecutable(_ path: String) throws
    /// Copies a file, sharing its blocks where the disk can (reflink), else byte by byte; the copy may be written to.
    /// - Throws: `FileSystemError`, also where there is something at `new`.
    func clone(_ path: String, to new: String) throws
    /// The lock kept on the file `path` (created when absent), or nil when another holds it. A lock ends with its
    /// holder's process.
    /// - Parameter label: written into the file by an exclusive holder, for those who wait.
    /// - Throws: `FileSystemError` for what cannot be locked at all; a lock that another holds is no error.
    func lock(_ path: String, exclusive: Bool, label: String) throws -> (any FileLock)?
    /// A name that no other process or call is given.
    func uniqueName() -> String
    /// Creates a file with these bytes in one step; false when there is one already. Holds between hosts too
    /// (`O_EXCL`).
    /// - Throws: `FileSystemError`.
    func create(_ bytes: [UInt8], at path: String) throws -> Bool
    /// Whether a lock here may not be seen by other hosts: a network disk.
    func isShared(_ path: String) -> Bool
}

extension FileSystem {
    /// All files below a folder, with whatever systems and editors have dropped there.
    /// - Throws: `FileSystemError`.
    public func scan(_ folder: String, threads: Int) throws -> FolderScan {
        try scan(folder, threads: threads, asInput: false)
    }

    /// For a disk whose names are all UTF-8.
    /// - Throws: `FileSystemError`, and what `hashed` throws.
    public func digest(of name: ArraySlice<UInt8>, in folder: String, hashed: (Int) throws -> Void) throws -> Digest {
        try digest(of: "\(folder)/\(String(decoding: name, as: UTF8.self))", hashed: hashed)
    }
}

/// A held lock.
public protocol FileLock: AnyObject, Sendable {
    /// Gives the lock back. Twice is fine.
    /// - Parameter removing: takes the file away as well, so that locks leave nothing behind.
    func release(removing: Bool)
    /// Whether another took it although it was not given back: this process slept for longer than its lease.
    var isLost: Bool { get }
}

extension FileLock {
    /// false: a lock that no other can take while its holder lives.
    public var isLost: Bool { false }
}

/// The clock: behind an interface so that tests can set it back.
public protocol TimeSource: Sendable {
    /// Nanoseconds since 1970.
    func now() -> Int
    /// Nanoseconds of a clock that never goes back.
    func monotonic() -> Int
    func sleep(nanoseconds: Int)
}

/// The machine's own clock.
public struct SystemTime: TimeSource {
    /// The clocks need no preparation.
    public init() {}

    /// CLOCK_REALTIME, which an administrator may set.
    public func now() -> Int { read(CLOCK_REALTIME) }

    /// CLOCK_MONOTONIC, which stands still while the machine sleeps.
    public func monotonic() -> Int { read(CLOCK_MONOTONIC) }

    /// Lets the calling thread wait, unless a signal comes.
    public func sleep(nanoseconds: Int) {
        var time = timespec(tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
        nanosleep(&time, nil)
    }

    private func read(_ clock: clockid_t) -> Int {
        var time = timespec()
        clock_gettime(clock, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
