import Fingerprints

/// Where traces and artifacts of others lie: a server, a bucket, a folder. It keeps bytes under names and is trusted
/// with nothing: what comes from it is believed by its signature or its digest alone.
///
/// Objects are written whole or not at all. Every method may be called from several threads at once, tries once, and
/// throws `RemoteFault` for what the other side did; errors of this machine's disk pass through.
public protocol RemoteStore: Sendable {
    /// For messages: an address without secrets.
    var name: String { get }

    /// Brings an object in order, from byte `start` on or, where the other side cannot do that, from an earlier one.
    /// - Parameter receive: gets each piece with its place in the object; what it throws ends the transfer and is
    ///   thrown here.
    /// - Returns: false when there is no such object.
    /// - Throws: `RemoteFault`, and what `receive` throws.
    func get(_ key: RemoteKey, from start: Int, receive: (_ place: Int, _ bytes: UnsafeRawBufferPointer) throws -> Void)
        throws -> Bool

    /// Whether there is such an object.
    /// - Throws: `RemoteFault`.
    func has(_ key: RemoteKey) throws -> Bool

    /// Keeps a small object.
    /// - Returns: false when there is one already, and the other side can tell: then nothing was changed.
    /// - Throws: `RemoteFault`.
    func putNew(_ bytes: [UInt8], _ key: RemoteKey) throws -> Bool

    /// Keeps a file whose SHA-256 is the key's. What an earlier attempt that broke off has brought over need not go
    /// again.
    /// - Parameter sent: hears how many more bytes went over; what it throws ends the transfer and is thrown here.
    /// - Throws: `RemoteFault`, `FileSystemError` for the file here, and what `sent` throws.
    func put(file path: String, bytes: Int, _ key: RemoteKey, sent: (Int) throws -> Void) throws
}

/// The name of an object: `ac/<fingerprint>` for a trace, `cas/<digest>` for bytes, as in Bazel's HTTP cache.
public enum RemoteKey: Sendable, Hashable, CustomStringConvertible {
    case trace(Digest)
    case blob(Digest)

    /// The fingerprint or the digest.
    public var digest: Digest {
        switch self {
        case .trace(let digest), .blob(let digest): digest
        }
    }

    /// The name below the store's address.
    public var description: String {
        switch self {
        case .trace(let digest): "ac/\(digest.hex)"
        case .blob(let digest): "cas/\(digest.hex)"
        }
    }

    /// What it is to people, who know of jobs and outputs.
    var thing: String {
        switch self {
        case .trace: "its trace"
        case .blob: "its file"
        }
    }
}

/// What the other side of a transfer did.
public enum RemoteFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// It does not let us: 401, 403, or a method that it does not know.
    case refused(String)
    /// It did not answer, broke off or is in trouble (5xx): it may the next time.
    case unavailable(String)
    /// It answered with something that is none of this.
    case unusable(String)

    /// What the other side said, in words.
    public var description: String {
        switch self {
        case .refused(let words), .unavailable(let words), .unusable(let words): words
        }
    }
}
