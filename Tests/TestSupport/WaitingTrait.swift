import Dispatch
import Testing

/// Of tests that mostly wait, for processes, servers and disks: they run on threads of their own, because the testing
/// library has only as many as there are cores, and who waits would keep one from computing.
public struct WaitingTrait: SuiteTrait, TestTrait, TestScoping {
    /// Each test of the suite for itself.
    public let isRecursive = true

    /// Runs the test on one of the threads.
    /// - Throws: what the test throws.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(WaitingExecutor.shared) { try await function() }
    }
}

extension Trait where Self == WaitingTrait {
    /// The tests mostly wait.
    public static var waits: Self { WaitingTrait() }
}

/// A few threads, so that what waits does not all compute at once when it is done waiting.
private final class WaitingExecutor: TaskExecutor {
    static let shared = WaitingExecutor()

    private let room = DispatchSemaphore(value: 4)
    private let arrivals = DispatchQueue(label: "waiting tests")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        arrivals.async { [self] in
            room.wait()
            DispatchQueue.global().async { [self] in
                job.runSynchronously(on: asUnownedTaskExecutor())
                room.signal()
            }
        }
    }
}
