import Fingerprints
import Glibc
import Synchronization

/// The disk of this machine, network mounts included: files, `rename` and `flock`, nothing else.
public struct LocalFileSystem: FileSystem {
    /// Nothing is opened beforehand.
    public init() {}

    /// Joined to the current folder; `..` stays, for it means what the disk makes of it.
    /// - Throws: `FileSystemError` where the current folder is gone or is not UTF-8.
    public func absolute(_ path: String) throws -> String {
        var text = path
        if path.utf8.first != UInt8(ascii: "/") {
            guard let folder = getcwd(nil, 0) else { throw FileSystemError("find", "the current folder", code: errno) }
            defer { free(folder) }
            // Another name would be another folder.
            guard let here = String(validatingCString: folder) else {
                throw FileSystemError("find", "the current folder", code: EILSEQ)
            }
            text = here + "/" + path
        }
        let parts = text.utf8.split(separator: UInt8(ascii: "/")).map(Substring.init).filter { $0 != "." }
        return "/" + parts.joined(separator: "/")
    }

    /// `stat`.
    /// - Throws: `FileSystemError`, unless nothing is there.
    public func status(of path: String) throws -> FileStatus? {
        var info = stat()
        if stat(path, &info) == 0 { return FileStatus(info) }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw FileSystemError("look at", path, code: errno)
    }

    /// `readdir`, sorted by bytes.
    /// - Throws: `FileSystemError`, unless the folder is absent.
    public func names(in folder: String) throws -> [String] {
        guard let stream = opendir(folder) else {
            if errno == ENOENT { return [] }
            throw FileSystemError("list", folder, code: errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = DirectoryEntry(entry)
            if !name.isDots { names.append(String(decoding: name.bytes, as: UTF8.self)) }
        }
        if errno != 0 { throw FileSystemError("list", folder, code: errno) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Several threads list at once.
    /// - Throws: `FileSystemError`.
    public func scan(_ folder: String, threads: Int, asInput: Bool) throws -> FolderScan {
        try LocalScan.run(folder, threads: threads, asInput: asInput)
    }

    /// The whole file at once.
    /// - Throws: `FileSystemError`, unless the file is absent.
    public func read(_ path: String) throws -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw FileSystemError("read", path, code: errno)
        }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw FileSystemError("read", path, code: errno) }
        var bytes: [UInt8] = []
        var room = max(Int(info.st_size), 0) + 1
        while true {
            let count = try bytes.append(upTo: room) { buffer in
                let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                if count < 0, errno != EINTR { throw FileSystemError("read", path, code: errno) }
                return count
            }
            if count == 0 { return bytes }
            room = max(room - max(count, 0), 4096)
        }
    }

    /// Read in pieces of 1 MiB.
    /// - Throws: `FileSystemError`, and what `hashed` throws.
    public func digest(of path: String, hashed: (Int) throws -> Void) throws -> Digest {
        do {
            return try Digest(contentsOf: path, hashed: hashed)
        } catch let error as FileDigestError {
            throw FileSystemError("read", path, code: error.code)
        }
    }

    /// Read in pieces of 1 MiB.
    /// - Throws: `FileSystemError`, and what `hashed` throws.
    public func digest(of name: ArraySlice<UInt8>, in folder: String, hashed: (Int) throws -> Void) throws -> Digest {
        do {
            return try Digest(contentsOf: Array("\(folder)/".utf8) + name, hashed: hashed)
        } catch let error as FileDigestError {
            throw FileSystemError("read", error.path, code: error.code)
        }
    }

    /// Truncates what is there.
    /// - Throws: `FileSystemError`, also for what a network disk could not keep when the file was closed.
    public func write(_ bytes: [UInt8], to path: String) throws {
        try put(bytes, to: path, flags: O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC)
    }

    /// O_APPEND: several processes may add at once.
    /// - Throws: `FileSystemError`.
    public func append(_ bytes: [UInt8], to path: String) throws {
        try put(bytes, to: path, flags: O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC)
    }

    /// O_EXCL.
    /// - Throws: `FileSystemError`, unless there is a file already.
    public func create(_ bytes: [UInt8], at path: String) throws -> Bool {
        do {
            try put(bytes, to: path, flags: O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC)
            return true
        } catch let error as FileSystemError where error.code == EEXIST {
            return false
        }
    }

    /// By the kind of file system under the nearest mount point; unknown kinds count as local.
    public func isShared(_ path: String) -> Bool {
        let network: Set<String> = [
            "nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "lustre", "gpfs", "beegfs", "orangefs", "9p",
            "glusterfs", "fuse.sshfs",
            "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone",
        ]
        guard let bytes = try? read("/proc/self/mounts") else { return false }
        let real =
            realpath(path, nil).map { text in
                defer { free(text) }
                return String(cString: text)
            } ?? path
        return mountKind(of: real, mounts: bytes).map(network.contains) ?? false
    }

    private func put(_ bytes: [UInt8], to path: String, flags: Int32) throws {
        let descriptor = open(path, flags, 0o644)
        guard descriptor >= 0 else { throw FileSystemError("write", path, code: errno) }
        do {
            try bytes.withUnsafeBytes { try write($0, to: descriptor, path) }
        } catch {
            close(descriptor)
            throw error
        }
        // close reports what the server of a network disk could not keep.
        guard close(descriptor) == 0 else { throw FileSystemError("write", path, code: errno) }
    }

    /// `fsync`.
    /// - Throws: `FileSystemError`.
    public func sync(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileSystemError("flush", path, code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileSystemError("flush", path, code: errno) }
    }

    /// `fsync` of every file, eight at a time, then of the folders from the inside out.
    /// - Throws: `FileSystemError` of the first that failed.
    public func syncTree(_ path: String) throws {
        guard try status(of: path)?.kind == .folder else { return try sync(path) }
        var folders: [String] = []
        var files: [String] = []
        try walk(path) { entry, isFolder in
            if isFolder { folders.append(entry) } else { files.append(entry) }
        }
        // Several at once share one commit of the disk's journal.
        _ = try inParallel(files.count, threads: 8) { [files] in try sync(files[$0]) }
        for folder in folders.reversed() { try sync(folder) }
    }

    /// `mkdir`, of those above it too.
    /// - Throws: `FileSystemError`.
    public func makeFolder(_ path: String) throws {
        if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex else {
            throw FileSystemError("make the folder", path, code: errno)
        }
        try makeFolder(String(path[..<slash]))
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw FileSystemError("make the folder", path, code: errno)
        }
    }

    /// `rename`; a read-only folder is made writable for it.
    /// - Throws: `FileSystemError`.
    public func rename(_ path: String, to new: String) throws {
        if Glibc.rename(path, new) == 0 { return }
        var code = errno
        var info = stat()
        // A read-only folder cannot change its parent.
        if code == EACCES, lstat(path, &info) == 0, info.st_mode & S_IFMT == S_IFDIR, chmod(path, 0o755) == 0 {
            if Glibc.rename(path, new) == 0 { return }
            code = errno
        }
        throw FileSystemError("move", path, code: code)
    }

    /// Folders are made writable before, so that protected artifacts go too.
    /// - Throws: `FileSystemError`.
    public func remove(_ path: String) throws {
        var info = stat()
        guard lstat(path, &info) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return }
            throw FileSystemError("remove", path, code: errno)
        }
        if info.st_mode & S_IFMT == S_IFDIR {
            chmod(path, 0o755)
            for name in try names(in: path) { try remove("\(path)/\(name)") }
            guard rmdir(path) == 0 || errno == ENOENT else { throw FileSystemError("remove", path, code: errno) }
        } else {
            guard unlink(path) == 0 || errno == ENOENT else { throw FileSystemError("remove", path, code: errno) }
        }
    }

    /// Mode 444, or 555 for folders and what its owner may execute.
    /// - Throws: `FileSystemError`.
    public func protect(_ path: String) throws {
        try walk(path) { entry, isFolder in
            var info = stat()
            guard stat(entry, &info) == 0 else { throw FileSystemError("look at", entry, code: errno) }
            let mode: mode_t = isFolder || info.st_mode & 0o100 != 0 ? 0o555 : 0o444
            guard chmod(entry, mode) == 0 else { throw FileSystemError("protect", entry, code: errno) }
        }
    }

    /// Mode 755.
    /// - Throws: `FileSystemError`.
    public func makeExecutable(_ path: String) throws {
        guard chmod(path, 0o755) == 0 else { throw FileSystemError("make executable", path, code: errno) }
    }

    /// Calls `body` for `path` and everything below, a folder before what it holds; links are not followed.
    private func walk(_ path: String, _ body: (String, Bool) throws -> Void) throws {
        var info = stat()
        guard lstat(path, &info) == 0 else { throw FileSystemError("look at", path, code: errno) }
        let isFolder = info.st_mode & S_IFMT == S_IFDIR
        guard isFolder || info.st_mode & S_IFMT == S_IFREG else { return }
        try body(path, isFolder)
        if isFolder { for name in try names(in: path) { try walk("\(path)/\(name)", body) } }
    }

    /// FICLONE, or else a copy in pieces of 1 MiB.
    /// - Throws: `FileSystemError`, also where there is something at `new`.
    public func clone(_ path: String, to new: String) throws {
        let source = open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw FileSystemError("read", path, code: errno) }
        defer { close(source) }
        let target = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard target >= 0 else { throw FileSystemError("write", new, code: errno) }
        defer { close(target) }
        let reflink: UInt = 0x4004_9409  // FICLONE, a macro that Swift cannot see
        if ioctl(target, reflink, source) == 0 { return }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = Glibc.read(source, buffer.baseAddress, buffer.count)
            if count == 0 { return }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw FileSystemError("read", path, code: errno)
            }
            try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: target, new)
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw FileSystemError("write", path, code: errno)
            }
        }
    }

    /// Of the process, a random token and a count.
    public func uniqueName() -> String { UniqueName.next() }

    /// `flock`, so that the system ends it with the process.
    /// - Throws: `FileSystemError`, unless another holds it.
    public func lock(_ path: String, exclusive: Bool, label: String) throws -> (any FileLock)? {
        while true {
            var descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            var code = errno
            // Who may only look can still be told whether another holds it.
            if descriptor < 0, !exclusive, FileSystemError("lock", path, code: code).isReadOnly {
                descriptor = open(path, O_RDONLY | O_CLOEXEC)
                if descriptor < 0, errno != ENOENT { code = errno }
            }
            guard descriptor >= 0 else { throw FileSystemError("lock", path, code: code) }
            guard flock(descriptor, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 else {
                code = errno
                close(descriptor)
                if code == EWOULDBLOCK { return nil }
                if code == EINTR { continue }
                // A disk without flock (Lustre mounted so): this host's locks are kept here, other hosts have leases.
                if [ENOSYS, EOPNOTSUPP, ENOLCK].contains(code), let here = localLock(for: path) {
                    return try lock(here, exclusive: exclusive, label: label)
                }
                throw FileSystemError("lock", path, code: code)
            }
            // The last holder may have taken the file away between open and flock: then this lock guards nothing.
            var held = stat(), named = stat()
            if fstat(descriptor, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino,
                held.st_dev == named.st_dev
            {
                if exclusive {
                    ftruncate(descriptor, 0)
                    _ = Array(label.utf8).withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
                }
                return LocalFileLock(descriptor: descriptor, path: path)
            }
            close(descriptor)
        }
    }
}

/// Where this user's lock on a file is kept on this host; nil for one that is there already, and where there is no such
/// place.
private func localLock(for path: String) -> String? {
    let folder = "/tmp/lavise-locks-\(getuid())"
    guard !path.hasPrefix(folder + "/") else { return nil }
    var info = stat()
    guard mkdir(folder, 0o700) == 0 || errno == EEXIST, lstat(folder, &info) == 0, info.st_mode & S_IFMT == S_IFDIR,
        info.st_uid == getuid()
    else {
        return nil
    }
    return "\(folder)/\(Digest(hashing: path).hex)"
}

/// A `flock`: the kernel ends it when the descriptor closes, whatever happens to the process.
private final class LocalFileLock: FileLock {
    private let descriptor: Atomic<Int32>
    private let path: String

    init(descriptor: Int32, path: String) {
        self.descriptor = Atomic(descriptor)
        self.path = path
    }

    func release(removing: Bool) {
        let held = descriptor.exchange(-1, ordering: .acquiringAndReleasing)
        guard held >= 0 else { return }
        if removing { unlink(path) }
        close(held)
    }

    deinit { release(removing: false) }
}

/// Names made of the time, the process and a counter: unique on one host, and on several but for one chance in 2^64.
private enum UniqueName {
    private static let counter = Atomic<UInt64>(0)
    private static let token: UInt64 = {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }()

    static func next() -> String {
        "\(getpid())-\(String(token, radix: 36))-\(counter.add(1, ordering: .relaxed).newValue)"
    }
}

extension FileStatus {
    init(_ info: stat, isLink: Bool = false) {
        let kind: Kind =
            switch info.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            default: .other
            }
        self.init(
            kind: kind, isExecutable: info.st_mode & 0o100 != 0, isLink: isLink, size: Int(info.st_size),
            modified: info.st_mtim.tv_sec * 1_000_000_000 + info.st_mtim.tv_nsec,
            changed: info.st_ctim.tv_sec * 1_000_000_000 + info.st_ctim.tv_nsec, inode: UInt64(info.st_ino))
    }
}

extension [UInt8] {
    /// Makes room for `room` more bytes, lets `body` fill a first part of it and keeps that part.
    mutating func append(upTo room: Int, _ body: (UnsafeMutableRawBufferPointer) throws -> Int) rethrows -> Int {
        let start = count
        append(contentsOf: repeatElement(0, count: room))
        let filled = try withUnsafeMutableBytes { try body(UnsafeMutableRawBufferPointer(rebasing: $0[start...])) }
        removeLast(room - Swift.max(filled, 0))
        return filled
    }
}
