import Glibc
import Synchronization

/// Runs `body` on `count` threads at once and waits for all; with one, on the caller's.
func onThreads(_ count: Int, _ body: @Sendable (Int) -> Void) {
    if count <= 1 { return body(0) }
    withoutActuallyEscaping(body) { body in
        let threads = (0..<count).map { index -> pthread_t? in
            if let thread = started({ body(index) }) { return thread }
            // No more threads to be had: do this share here.
            body(index)
            return nil
        }
        for thread in threads.compactMap({ $0 }) { pthread_join(thread, nil) }
    }
}

/// Runs `body` on a thread of its own that nobody waits for; false when there is none to be had.
func detached(_ body: @escaping @Sendable () -> Void) -> Bool {
    guard let thread = started(body) else { return false }
    pthread_detach(thread)
    return true
}

/// A thread that runs `body`; nil when there is none to be had, and then nothing runs.
private func started(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    let box = Unmanaged.passRetained(ThreadBody(body))
    var thread = pthread_t()
    let status = pthread_create(
        &thread, nil,
        { raw in
            Unmanaged<ThreadBody>.fromOpaque(raw!).takeRetainedValue().run()
            return nil
        }, box.toOpaque())
    guard status == 0 else {
        box.release()
        return nil
    }
    return thread
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// `body(0) … body(count - 1)` on up to `threads` threads, results in order; of several errors the one of lowest index.
package func inParallel<Result: Sendable>(
    _ count: Int, threads: Int, _ body: @Sendable (Int) throws -> Result
) throws -> [Result] {
    if threads <= 1 || count <= 1 { return try (0..<count).map(body) }
    let results = Mutex<[Swift.Result<Result, any Error>?]>(Array(repeating: nil, count: count))
    let next = Atomic(0)
    onThreads(min(threads, count)) { _ in
        while true {
            let index = next.add(1, ordering: .relaxed).oldValue
            guard index < count else { return }
            let result = Swift.Result { try body(index) }
            results.withLock { $0[index] = result }
            if case .failure = result { next.store(count, ordering: .relaxed) }
        }
    }
    let all = results.withLock { $0 }
    for case .failure(let error)? in all { throw error }
    return try all.map { result in
        guard let result else { throw CancellationError() }
        return try result.get()
    }
}

/// A value behind a lock that threads can wait on.
// The value is touched only while `mutex` is held.
final class Monitor<State>: @unchecked Sendable {
    private var state: State
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    init(_ state: State) {
        self.state = state
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Changes the value and wakes all who wait.
    func update<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }
        return try body(&state)
    }

    /// Waits until `body` returns something. It is asked again after each `update`.
    func wait<Result>(_ body: (inout State) throws -> Result?) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = try body(&state) { return result }
            pthread_cond_wait(condition, mutex)
        }
    }
}
