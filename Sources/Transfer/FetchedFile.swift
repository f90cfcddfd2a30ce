import Fingerprints

/// A file that is in the download folder, complete and verified.
public struct FetchedFile: Sendable, Equatable {
    /// The name in the manifest.
    public let name: String
    public let path: String
    public let bytes: Int
    public let sha256: Digest
    /// Where it came from; nil when it was already here.
    public let origin: String?

    public init(name: String, path: String, bytes: Int, sha256: Digest, origin: String?) {
        self.name = name
        self.path = path
        self.bytes = bytes
        self.sha256 = sha256
        self.origin = origin
    }
}
