import Fingerprints

/// What a dataset, a word embedding or a set of weights consists of: the files, where they lie and how to know them.
public struct Manifest: Sendable, Equatable {
    /// The name of the manifest; its lock file is `<name>.lock.json` beside it.
    public let name: String
    /// In the order in which they are fetched.
    public let files: [ManifestFile]
    /// Whether an archive stays on disk once its members have been extracted.
    public let keepArchives: Bool

    /// - Parameter files: in the order in which they are to be fetched.
    public init(name: String, files: [ManifestFile], keepArchives: Bool = false) {
        self.name = name
        self.files = files
        self.keepArchives = keepArchives
    }
}

/// One file to fetch.
public struct ManifestFile: Sendable, Equatable {
    /// The path relative to the download folder, also what mirrors are asked for.
    public let name: String
    /// `http`, `https` or `file` URLs, the preferred one first.
    public let urls: [String]
    /// Size in bytes; nil when it is not known before the first download.
    public let bytes: Int?
    /// The published hash; nil when it is not known before the first download.
    public let checksum: Checksum?
    /// The terms under which the publisher gives the file.
    public let license: String
    /// What to take out of the archive; empty: the file itself is the product.
    public let extract: [Extraction]

    /// - Parameters:
    ///   - name: path relative to the download folder.
    ///   - urls: the preferred one first.
    ///   - bytes: nil when the size is not known beforehand.
    ///   - checksum: nil when no hash is published.
    ///   - license: the publisher's terms.
    ///   - extract: what to take out of an archive; empty where the file itself is the product.
    public init(
        name: String, urls: [String], bytes: Int?, checksum: Checksum?, license: String, extract: [Extraction] = []
    ) {
        self.name = name
        self.urls = urls
        self.bytes = bytes
        self.checksum = checksum
        self.license = license
        self.extract = extract
    }
}

/// A published hash of a whole file.
public enum Checksum: Sendable, Equatable, CustomStringConvertible {
    case sha256(Digest)
    /// 32 lower-case hex digits.
    case md5(String)

    /// The algorithm and lower-case hex digits.
    public var description: String {
        switch self {
        case .sha256(let digest): "sha256 \(digest.hex)"
        case .md5(let hex): "md5 \(hex)"
        }
    }
}

/// One rule for taking members out of a zip archive.
public struct Extraction: Sendable, Equatable {
    /// The members that a rule takes.
    public enum Selection: Sendable, Equatable {
        /// One member by its full name.
        case member(String)
        /// Every member below a folder; the empty name is the whole archive.
        case folder(String)
    }

    /// The members that are taken.
    public let selection: Selection
    /// The path below the target folder: of the file for a member, of the folder for a folder (empty: the target
    /// itself).
    public let to: String
    /// The size of the member, where known.
    public let bytes: Int?
    /// The hash of the member, where known.
    public let sha256: Digest?

    /// - Parameters:
    ///   - to: path below the target folder; empty for the target itself.
    ///   - bytes: size of the member, where known.
    ///   - sha256: hash of the member, where known.
    public init(_ selection: Selection, to: String, bytes: Int? = nil, sha256: Digest? = nil) {
        self.selection = selection
        self.to = to
        self.bytes = bytes
        self.sha256 = sha256
    }
}
