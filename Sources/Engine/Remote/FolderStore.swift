import Fingerprints
import Glibc

/// A folder as a remote store: a disk that several people see, or a stick to carry.
public struct FolderStore: RemoteStore {
    /// `file://` and the folder.
    public let name: String
    private let folder: String
    private let files = LocalFileSystem()

    /// - Parameter folder: absolute; made with the first thing written.
    public init(_ folder: String) {
        self.folder = folder
        name = "file://\(folder)"
    }

    private func path(_ key: RemoteKey) -> String { "\(folder)/\(key)" }

    /// Read in pieces of 1 MiB, from `start` on.
    /// - Throws: `RemoteFault` where the folder cannot be read, and what `receive` throws.
    public func get(_ key: RemoteKey, from start: Int, receive: (Int, UnsafeRawBufferPointer) throws -> Void) throws
        -> Bool
    {
        let descriptor = open(path(key), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return false }
            throw fault("read", key)
        }
        defer { close(descriptor) }
        var place = start
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(place))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw fault("read", key) }
            guard count > 0 else { return true }
            try receive(place, UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            place += count
        }
    }

    /// `access`.
    /// - Throws: `RemoteFault` where the folder cannot be looked at.
    public func has(_ key: RemoteKey) throws -> Bool {
        if access(path(key), R_OK) == 0 { return true }
        if errno == ENOENT { return false }
        throw fault("look at", key)
    }

    /// A file beside its place gets its name by a hard link, which fails where there is one.
    /// - Throws: `RemoteFault` where the folder cannot be written.
    public func putNew(_ bytes: [UInt8], _ key: RemoteKey) throws -> Bool {
        try place(key) { try files.write(bytes, to: $0) }
    }

    /// A copy of the file, blocks shared where the disk can.
    /// - Throws: `RemoteFault` where the folder cannot be written, and what `sent` throws.
    public func put(file path: String, bytes: Int, _ key: RemoteKey, sent: (Int) throws -> Void) throws {
        // Another writer's has the same bytes.
        _ = try place(key) { try files.clone(path, to: $0) }
        try sent(bytes)
    }

    /// Makes an object beside its place and gives it its name, if nobody has it.
    private func place(_ key: RemoteKey, _ make: (String) throws -> Void) throws -> Bool {
        let path = path(key), parent = Store.folder(of: path), draft = "\(parent)/.\(files.uniqueName())"
        do {
            try files.makeFolder(parent)
            defer { try? files.remove(draft) }
            try make(draft)
            try files.sync(draft)
            if link(draft, path) == 0 { return true }
            if errno == EEXIST { return false }
        } catch let error as FileSystemError {
            throw error.isReadOnly ? RemoteFault.refused("\(error)") : RemoteFault.unavailable("\(error)")
        }
        throw fault("name", key)
    }

    private func fault(_ operation: String, _ key: RemoteKey) -> RemoteFault {
        let error = FileSystemError(operation, path(key), code: errno)
        return error.isReadOnly ? .refused("\(error)") : .unavailable("\(error)")
    }
}
