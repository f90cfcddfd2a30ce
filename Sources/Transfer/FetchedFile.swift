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
}
