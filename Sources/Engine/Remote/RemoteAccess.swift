import Fingerprints
import Synchronization

/// A remote store as one command uses it: what may be asked of it, whose word counts there, and whether it still
/// answers. It is asked three times; one that does not answer, or does not let us, is left alone from then on, and said
/// once.
public final class RemoteAccess: Sendable {
    /// What may be asked of the store, and whose word counts there.
    public struct Policy: Sendable {
        /// Whether jobs are looked for there.
        public var reads: Bool
        /// Whether what was made here is given there.
        public var writes: Bool
        /// Whose traces are used, and what each is called.
        public var trust: [PublicKey: String]
        /// What traces are signed with that go there.
        public var signingKey: SigningKey?
        /// Transfers at a time.
        public var connections: Int
        /// Nanoseconds before the second try; twice that before the third.
        public var pause = 500_000_000

        /// - Parameters:
        ///   - trust: whose traces are used, and what each is called; nobody's by default.
        ///   - signingKey: what traces are signed with that go there.
        ///   - connections: transfers at a time, at least 1.
        public init(
            reads: Bool = true, writes: Bool = false, trust: [PublicKey: String] = [:], signingKey: SigningKey? = nil,
            connections: Int = 4
        ) {
            self.reads = reads
            self.writes = writes
            self.trust = trust
            self.signingKey = signingKey
            self.connections = max(1, connections)
        }
    }

    /// What went over.
    public struct Traffic: Sendable, Equatable {
        /// Questions and transfers, tries that failed too.
        public var requests = 0
        public var received = 0, sent = 0
        /// Jobs whose trace was there and is used, and those that had none.
        public var found: [String] = [], absent: [String] = []
    }

    package enum Direction { case reading, writing }

    /// Hears a line about the remote store.
    typealias Note = (String) -> Void

    /// Where it lies.
    public let store: any RemoteStore
    /// What may be done with it.
    public let policy: Policy
    private let time: any TimeSource
    private let state: Mutex<State>

    private struct State {
        var traffic = Traffic()
        var mayRead: Bool, mayWrite: Bool
        var hasSaidUntrusting = false
    }

    private static let tries = 3
    /// As many bytes between two failures are progress.
    private static let progressBytes = 64 << 10

    /// Nothing is asked before it is used.
    public init(_ store: any RemoteStore, _ policy: Policy, time: any TimeSource = SystemTime()) {
        self.store = store
        self.policy = policy
        self.time = time
        state = Mutex(State(mayRead: policy.reads, mayWrite: policy.writes))
    }

    /// What went over so far.
    public var traffic: Traffic { state.withLock(\.traffic) }

    package func may(_ direction: Direction) -> Bool {
        state.withLock { direction == .reading ? $0.mayRead : $0.mayWrite }
    }

    func found(_ job: String) { state.withLock { $0.traffic.found.append(job) } }
    func absent(_ job: String) { state.withLock { $0.traffic.absent.append(job) } }

    /// Whether anyone's traces may be used; said once where not.
    func trustsAnyone(_ note: Note) -> Bool {
        guard policy.trust.isEmpty else { return true }
        let isFirst = state.withLock { state in
            defer { state.hasSaidUntrusting = true }
            return !state.hasSaidUntrusting
        }
        if isFirst {
            note(
                "\(store.name): no key is trusted, so nothing there is used; name those of its writers under remote.trust in lavise.json"
            )
        }
        return false
    }

    /// Calls `body` until the other side answers.
    /// - Parameter body: is given what to call with the bytes that went over.
    /// - Returns: nil when the remote store is left alone, from before or from now on.
    /// - Throws: `RemoteFault.unusable`, and what else `body` throws.
    func attempt<Result>(_ direction: Direction, _ note: Note, _ body: (_ moved: (Int) -> Void) throws -> Result) throws
        -> Result?
    {
        var failures = 0, moved = 0
        while may(direction) {
            do {
                state.withLock { $0.traffic.requests += 1 }
                return try body { bytes in
                    moved += bytes
                    self.state.withLock {
                        if direction == .reading { $0.traffic.received += bytes } else { $0.traffic.sent += bytes }
                    }
                }
            } catch RemoteFault.unavailable(let words) {
                failures = moved >= Self.progressBytes ? 1 : failures + 1
                moved = 0
                guard failures < Self.tries else {
                    leave(both: true, direction, "\(words); asked \(Self.tries) times", note)
                    break
                }
                time.sleep(nanoseconds: policy.pause * failures)
            } catch RemoteFault.refused(let words) {
                leave(both: false, direction, words, note)
            }
        }
        return nil
    }

    private func leave(both: Bool, _ direction: Direction, _ words: String, _ note: Note) {
        let isNews = state.withLock { state in
            let isNews = direction == .reading ? state.mayRead : state.mayWrite
            if both || direction == .reading { state.mayRead = false }
            if both || direction == .writing { state.mayWrite = false }
            return isNews
        }
        let what = both ? "not used" : direction == .reading ? "not read" : "not written to"
        if isNews { note("\(store.name): \(words); it is \(what) for the rest of this run") }
    }

    /// A small object, whole; nil when there is none or nobody answers.
    /// - Throws: `RemoteFault.unusable`, also for more than `limit` bytes.
    func small(_ key: RemoteKey, limit: Int, _ direction: Direction, _ note: Note) throws -> [UInt8]? {
        try attempt(direction, note) { moved -> [UInt8]? in
            var bytes: [UInt8] = []
            let isThere = try store.get(key, from: 0) { place, piece in
                guard place == bytes.count, bytes.count + piece.count <= limit else {
                    throw RemoteFault.unusable("\(key.thing) has more than \(limit) bytes")
                }
                bytes.append(contentsOf: piece)
                moved(piece.count)
            }
            return isThere ? bytes : nil
        } ?? nil
    }
}
