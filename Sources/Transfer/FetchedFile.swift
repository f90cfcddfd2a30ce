import Fingerprints

/// A file that is in the download folder, complete and verified.
public struct FetchedFile: Sendable, Equatable {
    /// The name in the manifest.
    public let name: String
    /// Where it lies: the download folder and the name.
    public let path: String
    /// Its size, which is the manifest's where that gives one.
    public let bytes: Int
    /// Of its bytes, computed from what lies on the disk.
    public let sha256: Digest
    /// Where it came from; nil when it was already here.
    public let origin: String?

    /// - Parameter origin: where it came from; nil when it was already here.
    public init(name: String, path: String, bytes: Int, sha256: Digest, origin: String?) {
        self.name = name
        self.path = path
        self.bytes = bytes
        self.sha256 = sha256
        self.origin = origin
    }
}
