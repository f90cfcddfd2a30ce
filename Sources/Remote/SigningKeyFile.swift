import Engine
import Fingerprints
import Glibc
import Transfer

/// The user's signing key on disk: `LAVISE_KEY`, or else `lavise-pipeline/signing-key.pem` in `XDG_CONFIG_HOME`
/// (`~/.config`).
public struct SigningKeyFile: Sendable {
    /// Where the key lies, or will.
    public let path: String

    /// - Throws: `RemoteError` where nothing says where it is.
    public init(environment: [String: String]) throws(RemoteError) {
        if let path = environment["LAVISE_KEY"] {
            self.path = path
            return
        }
        guard let folder = environment["XDG_CONFIG_HOME"] ?? environment["HOME"].map({ $0 + "/.config" }) else {
            throw RemoteError("neither HOME nor LAVISE_KEY is set, so there is no place for a signing key")
        }
        path = folder + "/lavise-pipeline/signing-key.pem"
    }

    /// The key; nil when there is none.
    /// - Throws: `RemoteError` for a file that holds something else, or that others may read; `FileSystemError` where it
    ///   cannot be told.
    public func read() throws -> SigningKey? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw FileSystemError("look at", path, code: errno) }
            return nil
        }
        guard status.st_mode & 0o077 == 0 else {
            throw RemoteError("\(path): others may read this signing key; type: chmod 600 \(path)")
        }
        let bytes = try asFileSystemError { try readWholeFile(path, limit: 1 << 16) }
        guard let key = SigningKey(pem: String(decoding: bytes, as: UTF8.self)) else {
            throw RemoteError("\(path): no Ed25519 key in PEM; move it away, and `lavise-pipeline key new` makes one")
        }
        return key
    }

    /// Makes a key, for its owner to read only.
    /// - Throws: `RemoteError` when there is one already.
    public func create() throws -> SigningKey {
        let key = SigningKey(), files = LocalFileSystem()
        let path = try files.absolute(path)
        try files.makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            guard errno == EEXIST else { throw FileSystemError("write", path, code: errno) }
            throw RemoteError(
                "\(path) is there already; what was signed with it would no longer count: move it away yourself if that is meant"
            )
        }
        close(descriptor)
        try files.append(Array(key.pem.utf8), to: path)
        try files.sync(path)
        return key
    }
}
