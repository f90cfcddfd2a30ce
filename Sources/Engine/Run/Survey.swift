import Fingerprints
import Synchronization

/// What one answer has seen of inputs and of a store: who asks how several plans stand looks once at each input and at
/// each sound output. What was not there is looked for again: somebody may be making it.
public final class Survey: Sendable {
    private let inputs = Mutex<[Digest: Content]>([:])
    private let sound = Mutex<[Digest: Finding]>([:])
    private let isStore = Mutex(false)

    /// Nothing is seen yet.
    public init() {}

    /// - Throws: what `check` throws, once it does not again.
    func checkStore(_ check: () throws -> Void) throws {
        try isStore.withLock { isStore in
            if !isStore { try check() }
            isStore = true
        }
    }

    /// - Parameter key: names the record of an input.
    /// - Throws: what `look` throws, which is not kept.
    func content(_ key: Digest, look: () throws -> Content) throws -> Content {
        try inputs.withLock { known in
            if let content = known[key] { return content }
            let content = try look()
            known[key] = content
            return content
        }
    }

    /// - Throws: as `content`.
    func found(_ fingerprint: Digest, look: () throws -> Finding) throws -> Finding {
        try sound.withLock { known in
            if let found = known[fingerprint] { return found }
            let found = try look()
            if case .sound = found { known[fingerprint] = found }
            return found
        }
    }
}
