import Glibc
import Synchronization

/// Real threads, the calling one among them, that stay between one piece of work and the next: starting a thread takes
/// as long as many a piece.
public final class ThreadTeam: Sendable {
    private let exchange = Exchange()
    private let helpers: [pthread_t]

    /// Fewer threads than asked for where the system has none left; the others then do their share.
    public init(threads: Int) {
        helpers = (1..<max(threads, 1)).compactMap { [exchange] _ in exchange.startHelper() }
    }

    deinit {
        exchange.post(nil)
        for helper in helpers { pthread_join(helper, nil) }
    }

    /// Runs `body` for every block `0..<count`; one call at a time, and none from within a body.
    ///
    /// Blocks start in ascending order, and each thread takes the next one when it has finished its last; what a block
    /// computes must not depend on the thread. After a failure no further block starts.
    /// - Throws: the error of the lowest block that failed: the same one for any number of threads.
    public func run(_ count: Int, _ body: @Sendable (Int) throws -> Void) throws {
        guard count > 1, !helpers.isEmpty else {
            for block in 0..<max(count, 0) { try body(block) }
            return
        }
        let failure: (any Error)? = withoutActuallyEscaping(body) { body in
            let queue = BlockQueue(count: count, body: body)
            exchange.post(queue)
            queue.drain()
            exchange.awaitHelpers(helpers.count)
            return withExtendedLifetime(queue) { queue.firstFailure }
        }
        if let failure { throw failure }
    }
}

/// Where the team's caller leaves work for the helpers, and they tell that it is done.
private final class Exchange: @unchecked Sendable {
    /// Written while every helper waits for the next generation; owned by `run`, because a helper that let go of it
    /// late would let its closure escape.
    private var queue: Unmanaged<BlockQueue>?
    private let generation = Atomic(0), finished = Atomic(0)
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// Looks at a condition before a thread sleeps: sleeping and waking take longer than most waits between pieces of a
    /// step.
    private static let looks = 400

    init() {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(lock)
        changed.deallocate()
        lock.deallocate()
    }

    /// Gives every helper the queue to drain; nil ends them.
    func post(_ queue: BlockQueue?) {
        self.queue = queue.map(Unmanaged.passUnretained)
        finished.store(0, ordering: .relaxed)
        generation.add(1, ordering: .releasing)
        wake()
    }

    /// Returns when so many helpers have drained the queue.
    func awaitHelpers(_ count: Int) {
        wait { finished.load(ordering: .acquiring) == count }
    }

    /// nil when the system has no thread left.
    func startHelper() -> pthread_t? { startThread { self.help() } }

    private func help() {
        for seen in 0... {
            wait { generation.load(ordering: .acquiring) > seen }
            guard let queue else { return }
            queue._withUnsafeGuaranteedRef { $0.drain() }
            finished.add(1, ordering: .releasing)
            wake()
        }
    }

    private func wait(until condition: () -> Bool) {
        for _ in 0..<Self.looks {
            if condition() { return }
            sched_yield()
        }
        pthread_mutex_lock(lock)
        while !condition() { pthread_cond_wait(changed, lock) }
        pthread_mutex_unlock(lock)
    }

    private func wake() {
        pthread_mutex_lock(lock)
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(lock)
    }
}

/// The blocks of one run that are still to be started, shared by its threads.
final class BlockQueue: Sendable {
    private let count: Int
    private let body: @Sendable (Int) throws -> Void
    private let next = Atomic(0)
    private let failure = Mutex<(block: Int, error: any Error)?>(nil)

    init(count: Int, body: @escaping @Sendable (Int) throws -> Void) {
        self.count = count
        self.body = body
    }

    var firstFailure: (any Error)? { failure.withLock { $0?.error } }

    /// - Parameter before: is told before each block how many there are from it on.
    func drain(before: (_ left: Int) -> Void = { _ in }) {
        while true {
            let block = next.add(1, ordering: .relaxed).oldValue
            if block >= count { return }
            before(count - block)
            do {
                try body(block)
            } catch {
                next.store(count, ordering: .relaxed)
                failure.withLock { first in
                    if first.map({ block < $0.block }) ?? true { first = (block, error) }
                }
            }
        }
    }
}

/// Starts a thread that is to be joined; nil when the system has none left.
func startThread(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    final class Start: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let start = Unmanaged.passRetained(Start(body))
    var thread = pthread_t()
    let status = pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        }, start.toOpaque())
    guard status == 0 else {
        start.release()
        return nil
    }
    return thread
}
