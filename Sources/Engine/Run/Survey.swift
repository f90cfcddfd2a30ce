import Fingerprints
import Synchronization

/// What one answer has seen of inputs and of a store: who asks how several plans stand sees each but once, and all
/// plans as of one moment.
public final class Survey: Sendable {
    private let inputs = Mutex<[Digest: Content]>([:])
    private let found = Mutex<[Digest: Inspector.Found]>([:])

    /// Nothing is seen yet.
    public init() {}

    /// - Parameter key: names the record of an input.
    func content(_ key: Digest, look: () throws -> Content) throws -> Content {
        try inputs.withLock { try Self.value(&$0, key, look) }
    }

    func found(_ fingerprint: Digest, look: () throws -> Inspector.Found) throws -> Inspector.Found {
        try found.withLock { try Self.value(&$0, fingerprint, look) }
    }

    private static func value<Seen>(_ known: inout [Digest: Seen], _ key: Digest, _ look: () throws -> Seen) throws
        -> Seen
    {
        if let value = known[key] { return value }
        let value = try look()
        known[key] = value
        return value
    }
}
