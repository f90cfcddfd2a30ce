import Fingerprints

/// What a file or folder holds.
public struct Content: Sendable, Hashable {
    /// SHA-256 of the file's bytes, or of the folder's listing.
    public let digest: Digest
    /// Size of the file, or of all files of the folder together.
    public let bytes: Int
    /// Whether it is a folder, whose digest is of its listing.
    public let isFolder: Bool
}

/// The files of a folder, sorted by path, each with its executable bit and digest: what a folder's digest is the digest
/// of.
struct FolderListing: Sendable {
    /// A header, then for each file its digest in hex, ` ` or `*` (executable), its path and a zero byte.
    let bytes: [UInt8]

    private static let header = Array("lavise folder 1\0".utf8)

    init(_ scan: FolderScan, digests: [Digest]) {
        var bytes = Self.header
        for index in scan.sortedByName {
            bytes.append(contentsOf: digests[index].hex.utf8)
            bytes.append(UInt8(ascii: scan.status(index).isExecutable ? "*" : " "))
            bytes.append(contentsOf: scan.nameBytes(index))
            bytes.append(0)
        }
        self.bytes = bytes
    }

    init(bytes: [UInt8]) { self.bytes = bytes }

    var digest: Digest { Digest(hashing: bytes) }

    /// Each file's path → its digest and executable bit.
    var entries: [String: String] {
        var entries: [String: String] = [:]
        for line in bytes.dropFirst(Self.header.count).split(separator: 0) where line.count > 65 {
            entries[String(decoding: line.dropFirst(65), as: UTF8.self)] = String(
                decoding: line.prefix(65), as: UTF8.self)
        }
        return entries
    }
}

extension FileSystem {
    /// Reads every byte of a file or folder; nil when there is none.
    func content(of path: String, threads: Int, hashed: HashProgress) throws -> (
        content: Content, listing: FolderListing?
    )? {
        guard let status = try status(of: path) else { return nil }
        guard status.kind == .folder else {
            let digest = try digest(of: path) { try hashed($0, status.size) }
            return (Content(digest: digest, bytes: status.size, isFolder: false), nil)
        }
        let scan = try scan(path, threads: threads)
        let total = scan.bytes
        let digests = try inParallel(scan.count, threads: threads) { index in
            try digest(of: scan.nameBytes(index), in: path) { try hashed($0, total) }
        }
        let listing = FolderListing(scan, digests: digests)
        return (Content(digest: listing.digest, bytes: scan.bytes, isFolder: true), listing)
    }
}

/// Hears how many more bytes are hashed, and of how many in all; what it throws ends the hashing.
typealias HashProgress = @Sendable (_ more: Int, _ total: Int) throws -> Void
