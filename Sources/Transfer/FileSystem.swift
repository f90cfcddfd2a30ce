import Glibc

/// The current `errno` as an error about `path`.
func systemError(_ operation: String, _ path: String) -> TransferError {
    .fileSystem(operation: operation, path: path, code: errno)
}

/// An open file, closed with its owner.
final class OpenFile {
    let path: String
    let descriptor: Int32

    init(_ path: String, _ flags: Int32, mode: mode_t = 0o644) throws(TransferError) {
        descriptor = open(path, flags | O_CLOEXEC, mode)
        self.path = path
        guard descriptor >= 0 else { throw systemError(flags & O_CREAT == 0 ? "open" : "create", path) }
    }

    deinit { close(descriptor) }

    func status() throws(TransferError) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw systemError("look at", path) }
        return status
    }

    /// Fills `buffer` from `offset` on; returns the number of bytes read, fewer only at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(TransferError) -> Int {
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
            if count < 0 {
                if errno == EINTR { continue }
                throw systemError("read", path)
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(TransferError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
            if count < 0 {
                if errno == EINTR { continue }
                throw systemError("write", path)
            }
            done += count
        }
    }

    /// Appends at the file's own position.
    func append(_ text: String) throws(TransferError) {
        var text = text
        let count = text.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard count == text.utf8.count else { throw systemError("write", path) }
    }

    func synchronise() throws(TransferError) {
        guard fdatasync(descriptor) == 0 else { throw systemError("flush", path) }
    }
}

/// The whole content of a small file, or of a pipe.
/// - Throws: `TransferError.fileSystem`, also for more than `limit` bytes.
public func readWholeFile(_ path: String, limit: Int) throws(TransferError) -> [UInt8] {
    let file = try OpenFile(path, O_RDONLY)
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = Glibc.read(file.descriptor, &block, block.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw systemError("read", path) }
        guard count > 0 else { return bytes }
        bytes += block[..<count]
        guard bytes.count <= limit else {
            throw .fileSystem(operation: "read (over \(limit) bytes)", path: path, code: EFBIG)
        }
    }
}

/// Size of a regular file (links followed); nil when there is none.
public func fileSize(_ path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
}

/// Creates a folder and those above it.
func createFolder(_ path: String) throws(TransferError) {
    if mkdir(path, 0o755) == 0 { return }
    if errno == ENOENT, parentFolder(path) != path {
        try createFolder(parentFolder(path))
        if mkdir(path, 0o755) == 0 { return }
    }
    var status = stat()
    let code = errno
    guard code == EEXIST, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw .fileSystem(operation: "create the folder", path: path, code: code == EEXIST ? ENOTDIR : code)
    }
}

/// Renames a file whose bytes are on disk, and puts the new name on disk too.
func publish(_ path: String, as target: String) throws(TransferError) {
    guard rename(path, target) == 0 else { throw systemError("rename to \(target)", path) }
    let folder = try OpenFile(parentFolder(target), O_RDONLY | O_DIRECTORY)
    guard fsync(folder.descriptor) == 0 else { throw systemError("flush", folder.path) }
}

/// Removes a file; one that is not there is fine.
func removeFile(_ path: String) throws(TransferError) {
    guard unlink(path) == 0 || errno == ENOENT else { throw systemError("remove", path) }
}

/// Bytes that an ordinary user may still write on the disk of `folder`.
/// - Throws: `TransferError.fileSystem` when the disk cannot be looked at.
public func freeSpace(_ folder: String) throws(TransferError) -> Int {
    var status = statvfs()
    guard statvfs(folder, &status) == 0 else { throw systemError("look at the disk of", folder) }
    return Int(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
}

/// Seconds of the monotonic clock.
func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Bytes of disk a file takes, which for one with holes is less than its size; 0 when there is none.
func allocatedBytes(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_blocks) * 512 : 0
}
