import Fingerprints

/// A file or folder that a job left: found in the store by its digest.
public struct Artifact: Sendable, Hashable {
    /// The output's name in its stage.
    public let name: String
    /// SHA-256 of the file, or of the folder's listing.
    public let digest: Digest
    /// Size of the file, or of all files of the folder together.
    public let bytes: Int
    /// Whether it is a folder, whose digest is of its listing.
    public let isFolder: Bool

    package init(name: String, digest: Digest, bytes: Int, isFolder: Bool) {
        self.name = name
        self.digest = digest
        self.bytes = bytes
        self.isFolder = isFolder
    }
}

extension Artifact {
    init?(_ value: Value) {
        guard let name = value["name"]?.stringValue,
            let digest = value["digest"]?.stringValue.flatMap(Digest.init(hex:)),
            let bytes = value["bytes"]?.intValue, let kind = value["kind"]?.stringValue
        else { return nil }
        self.init(name: name, digest: digest, bytes: bytes, isFolder: kind == "folder")
    }
}
