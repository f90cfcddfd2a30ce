import Foundation
import Testing

/// Of tests that mostly wait, for processes, servers and disks: they run on threads of their own, because the testing
/// library has only as many as there are cores, and who waits would keep one from computing. All of a suite does, also
/// what goes on between two tests: else the next one would begin when all tests that compute are done.
public struct WaitingTrait: SuiteTrait, TestTrait, TestScoping {
    private let executor: WaitingExecutor

    fileprivate init(_ executor: WaitingExecutor) { self.executor = executor }

    /// Around a suite, whose tests inherit the threads, or a test.
    public func scopeProvider(for test: Test, testCase: Test.Case?) -> Self? { testCase == nil ? self : nil }

    /// Runs the suite or test on the threads.
    /// - Throws: what it throws.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(executor) { try await function() }
    }
}

extension Trait where Self == WaitingTrait {
    /// The tests mostly wait.
    public static var waits: Self { WaitingTrait(.shared) }
    /// The tests wait for a cluster of theirs, and do next to nothing meanwhile.
    public static var waitsForCluster: Self { WaitingTrait(.cluster) }
    /// The tests expect processes to exit. From the end of one until its test goes on the testing library asks for it
    /// without a pause, so that a test that had to wait for a thread would cost a core for as long.
    public static var waitsForExits: Self { WaitingTrait(.exits) }
}

/// A few threads, so that what waits does not all compute at once when it is done waiting.
private final class WaitingExecutor: TaskExecutor {
    static let shared = WaitingExecutor(threads: 4), cluster = WaitingExecutor(threads: 8),
        exits = WaitingExecutor(threads: 4)

    private let lock = NSCondition()
    private nonisolated(unsafe) var jobs: [UnownedJob] = []

    private init(threads: Int) {
        for _ in 0..<threads {
            Thread.detachNewThread { [self] in
                while true { next().runSynchronously(on: asUnownedTaskExecutor()) }
            }
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        lock.withLock { jobs.append(job) }
        lock.signal()
    }

    private func next() -> UnownedJob {
        lock.withLock {
            while jobs.isEmpty { lock.wait() }
            return jobs.removeFirst()
        }
    }
}
