import Fingerprints

/// An output of a job as it lies in the store.
public struct OutputRecord: Sendable, Codable, Equatable {
    /// As the stage declares it.
    public let name: String
    /// Absolute path of a read-only file or folder.
    public let path: String
    /// SHA-256 of the file, or of the folder's listing.
    public let digest: Digest
    /// Size of the file, or of all files of the folder together.
    public let bytes: Int
    /// false where only a remote store has its bytes: then nothing lies at `path` yet.
    public let isHere: Bool
}
