import Synchronization

/// What a process has found out about leases: whether its store needs them, and since when it has seen those of other
/// hosts unchanged.
final class LeaseSightings: Sendable {
    private let shared = Mutex<Bool?>(nil)
    private let seen = Mutex<[String: (bytes: [UInt8], since: Int)]>([:])

    /// Whether the store lies where other hosts may not see its locks; asked of the disk once.
    func isShared(_ root: String, _ fileSystem: any FileSystem) -> Bool {
        shared.withLock { known in
            if let known { return known }
            let found = fileSystem.isShared(root)
            known = found
            return found
        }
    }

    /// Seconds since these bytes were first seen at `path`.
    func age(_ bytes: [UInt8], at path: String, now: Int) -> Double {
        seen.withLock { seen in
            if let known = seen[path], known.bytes == bytes { return Double(now - known.since) / 1e9 }
            seen[path] = (bytes, now)
            return 0
        }
    }

    func forget(_ path: String) { seen.withLock { _ = $0.removeValue(forKey: path) } }
}
