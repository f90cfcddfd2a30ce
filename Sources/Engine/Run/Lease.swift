import Fingerprints
import Synchronization

/// A claim on a job that other hosts can see where locks do not reach them: a file made with `O_EXCL` that its holder
/// writes anew again and again. The host's own lock on the job is held as well, so a lease of this host that is in the
/// way is a dead process's and is taken over at once. Another host's is taken over when its bytes did not change for as
/// long as agreed, by this process's own clock: the hosts' clocks need not agree.
///
/// Should two hosts take over in the same instant, or a holder sleep for longer than its lease, a job is made twice:
/// time is lost, nothing else, for what both publish is whole and the same.
final class Lease: Sendable {
    private let path: String
    private let store: Store
    private let label: String
    private let token: String
    private let state = Mutex((beats: 0, isOver: false))

    private init(_ path: String, label: String, token: String, store: Store) {
        self.path = path
        self.label = label
        self.token = token
        self.store = store
    }

    /// - Returns: nil when another host holds it.
    static func take(_ path: String, label: String, seconds: Double, in store: Store) throws -> Lease? {
        let lease = Lease(path, label: label, token: store.fileSystem.uniqueName(), store: store)
        if try !store.fileSystem.create(lease.bytes(0), at: path) {
            guard let theirs = try store.fileSystem.read(path) else { return nil }
            guard try store.isOver(theirs, at: path, after: seconds) && store.removeLease(path, ifStill: theirs),
                try store.fileSystem.create(lease.bytes(0), at: path)
            else { return nil }
        }
        store.sightings.forget(path)
        let pause = Int(seconds / 6 * 1e9)
        _ = detached {
            while lease.beat() { store.time.sleep(nanoseconds: pause) }
        }
        return lease
    }

    private func bytes(_ beats: Int) -> [UInt8] { Array("\(label)\n\(token)\n\(beats)\n".utf8) }

    /// Gives a sign of life. False once the lease is over: given back, or lost to another host.
    private func beat() -> Bool {
        state.withLock { state in
            // A disk that fails for a moment is no reason to stop.
            guard !state.isOver, let found = try? store.fileSystem.read(path) else { return !state.isOver }
            guard found == bytes(state.beats) else { return false }
            // In one move: whoever reads it meanwhile, or after a stop in the midst of it, finds a whole one.
            let aside = "\(path)-\(store.fileSystem.uniqueName())"
            do {
                try store.fileSystem.write(bytes(state.beats + 1), to: aside)
                try store.fileSystem.rename(aside, to: path)
                state.beats += 1
            } catch { try? store.fileSystem.remove(aside) }
            return true
        }
    }

    /// Whether another host has taken it over. A disk that cannot tell is no reason to think so.
    var isLost: Bool {
        state.withLock { state in
            guard !state.isOver else { return false }
            do { return try store.fileSystem.read(path) != bytes(state.beats) } catch { return false }
        }
    }

    func release() {
        state.withLock { state in
            guard !state.isOver else { return }
            state.isOver = true
            _ = try? store.removeLease(path, ifStill: bytes(state.beats))
        }
    }
}

/// What a lease file says: `pid@host job`, a token, and how often it was renewed.
struct LeaseText {
    let label: String

    init(_ bytes: [UInt8]) {
        label = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    var host: Substring {
        label.drop { $0 != "@" }.dropFirst().prefix { $0 != " " }
    }
}

/// The host's lock and the lease together.
final class LeasedLock: FileLock {
    private let lock: any FileLock
    private let lease: Lease

    init(lock: any FileLock, lease: Lease) {
        self.lock = lock
        self.lease = lease
    }

    func release(removing: Bool) {
        lease.release()
        lock.release(removing: removing)
    }

    var isLost: Bool { lease.isLost }

    deinit { release(removing: false) }
}

extension Store {
    /// Whether a lease's holder is dead. To be asked under this host's own lock on the job.
    func isOver(_ lease: [UInt8], at path: String, after seconds: Double) -> Bool {
        LeaseText(lease).host == host.name || sightings.age(lease, at: path, now: time.monotonic()) >= seconds
    }

    /// Removes a lease that still reads so. Moved aside first: of two that try, one succeeds.
    fileprivate func removeLease(_ path: String, ifStill bytes: [UInt8]) throws -> Bool {
        guard try fileSystem.read(path) == bytes else { return false }
        let aside = "\(path)-\(fileSystem.uniqueName())"
        do {
            try fileSystem.rename(path, to: aside)
        } catch let error as FileSystemError where error.isAbsent {
            return false
        }
        let moved = try fileSystem.read(aside)
        // It was renewed or taken in the last instant: back with it.
        if let moved, moved != bytes { _ = try fileSystem.create(moved, at: path) }
        try fileSystem.remove(aside)
        return moved == bytes
    }
}
