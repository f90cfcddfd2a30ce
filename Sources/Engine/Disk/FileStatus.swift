/// What the system says about a file or folder. Links are followed.
public struct FileStatus: Sendable, Hashable {
    /// What stands under a path.
    public enum Kind: UInt8, Sendable { case file, folder, other }

    private let mode: UInt64
    /// Bytes of a file; of a folder what the disk says.
    public let size: Int
    /// Nanoseconds since 1970 of the last change of the content (mtime) and of anything at all (ctime).
    public let modified: Int, changed: Int
    /// The disk's number of it, which a file that replaces it does not have.
    public let inode: UInt64

    /// - Parameters:
    ///   - size: bytes.
    ///   - modified: nanoseconds since 1970 of the last change of the content.
    ///   - changed: nanoseconds since 1970 of the last change of anything.
    public init(
        kind: Kind, isExecutable: Bool, isLink: Bool = false, size: Int, modified: Int, changed: Int, inode: UInt64
    ) {
        mode = UInt64(kind.rawValue) | (isExecutable ? 16 : 0) | (isLink ? 32 : 0)
        self.size = size
        self.modified = modified
        self.changed = changed
        self.inode = inode
    }

    /// What stands under the path.
    public var kind: Kind { Kind(rawValue: UInt8(mode & 15)) ?? .other }
    /// Whether its owner may execute it.
    public var isExecutable: Bool { mode & 16 != 0 }
    /// Whether the entry is a symbolic link or was reached through one. Only `scan` tells.
    public var isLink: Bool { mode & 32 != 0 }
}
