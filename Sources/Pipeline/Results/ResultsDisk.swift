import Engine
import Fingerprints
import Glibc

/// What stands under a path; links are not followed.
package enum DiskEntry: Equatable, Sendable {
    case file, folder, other
    /// A symbolic link, and what it says.
    case link(String)
}

/// All that writing a results folder asks of a disk, so that tests can fill it up or stop it between any two steps.
/// Paths are absolute. Every method throws `FileSystemError`.
package protocol ResultsDisk: Sendable {
    /// nil when there is nothing at `path`.
    func entry(_ path: String) throws -> DiskEntry?
    /// Names in a folder, sorted; none when it is absent.
    func names(in folder: String) throws -> [String]
    /// The bytes of a small file; nil when it is absent.
    func read(_ path: String) throws -> [UInt8]?
    /// Creates or replaces a file.
    func write(_ bytes: [UInt8], to path: String) throws
    /// Makes a folder and those above it; fine when it is there.
    func makeFolder(_ path: String) throws
    /// Lets a folder be entered and written to by whom another may be.
    func copyMode(of folder: String, to new: String) throws
    /// The file or link under a second name: the same file where the disk can, else a copy.
    func link(_ path: String, to new: String) throws
    /// Swaps two folders in one step.
    /// - Returns: false where the disk cannot.
    func exchange(_ a: String, _ b: String) throws -> Bool
    /// Atomic. Replaces a file; never a folder that is not empty.
    func rename(_ path: String, to new: String) throws
    /// Removes a file, or a folder with all in it; fine when it is absent. Does not follow links.
    func remove(_ path: String) throws
    /// Makes all below a folder, and itself, survive a power cut; or its own names alone.
    func sync(_ folder: String, namesOnly: Bool) throws
    /// The lock kept on the file `path`, or nil when another holds it. It ends with its holder's process.
    func lock(_ path: String) throws -> (any FileLock)?
    /// Passes a moment, for who waits for a lock.
    func pause()
    /// A name that no other process or call is given.
    func uniqueName() -> String
}

/// The disk of this machine.
package struct LocalResultsDisk: ResultsDisk {
    private let files = LocalFileSystem()

    package init() {}

    package func entry(_ path: String) throws -> DiskEntry? {
        var info = stat()
        guard lstat(path, &info) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw FileSystemError("look at", path, code: errno)
        }
        switch info.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        case S_IFLNK: return .link(try target(of: path))
        default: return .other
        }
    }

    private func target(of link: String) throws -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { readlink(link, $0.baseAddress!, $0.count) }
        }
        guard count >= 0 else { throw FileSystemError("read", link, code: errno) }
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    package func names(in folder: String) throws -> [String] { try files.names(in: folder) }
    package func read(_ path: String) throws -> [UInt8]? { try files.read(path) }
    package func write(_ bytes: [UInt8], to path: String) throws { try files.write(bytes, to: path) }
    package func makeFolder(_ path: String) throws { try files.makeFolder(path) }

    package func copyMode(of folder: String, to new: String) throws {
        var info = stat()
        guard stat(folder, &info) == 0 else { throw FileSystemError("look at", folder, code: errno) }
        // The group is kept where this user may give it; the mode after it, as a change of group clears bits.
        _ = chown(new, uid_t.max, info.st_gid)
        guard chmod(new, info.st_mode & 0o7777) == 0 else { throw FileSystemError("protect", new, code: errno) }
    }

    package func link(_ path: String, to new: String) throws {
        if case .link(let target)? = try entry(path) {
            guard symlink(target, new) == 0 else { throw FileSystemError("write", new, code: errno) }
        } else if Glibc.link(path, new) != 0 {
            // Some disks, and files of other users, know no second name.
            if errno == ENOSPC || errno == EDQUOT { throw FileSystemError("write", new, code: errno) }
            try files.clone(path, to: new)
        }
    }

    package func exchange(_ a: String, _ b: String) throws -> Bool {
        typealias RenameAt =
            @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
        // Glibc has it, Swift's view of Glibc has not.
        guard let symbol = dlsym(nil, "renameat2") else { return false }
        let exchange: UInt32 = 2
        if unsafeBitCast(symbol, to: RenameAt.self)(AT_FDCWD, a, AT_FDCWD, b, exchange) == 0 { return true }
        if [EINVAL, ENOSYS, ENOTSUP].contains(errno) { return false }
        throw FileSystemError("move", a, code: errno)
    }

    package func rename(_ path: String, to new: String) throws { try files.rename(path, to: new) }
    package func remove(_ path: String) throws { try files.remove(path) }
    package func sync(_ folder: String, namesOnly: Bool) throws {
        try namesOnly ? files.sync(folder) : files.syncTree(folder)
    }

    package func lock(_ path: String) throws -> (any FileLock)? {
        try files.lock(path, exclusive: true, label: "\(getpid())")
    }

    package func pause() { usleep(20_000) }
    package func uniqueName() -> String { files.uniqueName() }
}
