import Engine
import Synchronization

/// A clock that passes only while somebody sleeps, and keeps how long each sleep was to be.
final class SleeperTime: TimeSource {
    private let state = Mutex((passed: 0, sleeps: [Int]()))
    private let start = SystemTime().now()

    /// In nanoseconds.
    var sleeps: [Int] { state.withLock(\.sleeps) }

    func now() -> Int { start + state.withLock(\.passed) }
    func monotonic() -> Int { state.withLock(\.passed) }

    func sleep(nanoseconds: Int) {
        state.withLock { state in
            state.passed += nanoseconds
            state.sleeps.append(nanoseconds)
        }
        // Others have their turn.
        SystemTime().sleep(nanoseconds: 50_000)
    }
}
