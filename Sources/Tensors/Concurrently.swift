import Glibc
import Synchronization

/// Runs `body` for every block `0..<count` on `threads` real threads, the calling one among them.
///
/// Blocks start in ascending order, and each thread takes the next one when it has finished its last; what a block
/// computes must not depend on the thread. After a failure no further block starts.
/// - Throws: the error of the lowest block that failed: the same one for any number of threads.
public func concurrently(_ count: Int, threads: Int, _ body: @Sendable (Int) throws -> Void) throws {
    let workers = min(threads, count)
    guard workers > 1 else {
        for block in 0..<max(count, 0) { try body(block) }
        return
    }
    let failure: (any Error)? = withoutActuallyEscaping(body) { body in
        let work = BlockQueue(count: count, body: body)
        let helpers = (1..<workers).compactMap { _ in work.startThread() }
        work.drain()
        for helper in helpers { pthread_join(helper, nil) }
        return work.firstFailure
    }
    if let failure { throw failure }
}

/// The blocks still to be started, shared by the threads of one `concurrently`.
private final class BlockQueue: Sendable {
    private let count: Int
    private let body: @Sendable (Int) throws -> Void
    private let next = Atomic(0)
    private let failure = Mutex<(block: Int, error: any Error)?>(nil)

    init(count: Int, body: @escaping @Sendable (Int) throws -> Void) {
        self.count = count
        self.body = body
    }

    var firstFailure: (any Error)? { failure.withLock { $0?.error } }

    func drain() {
        while true {
            let block = next.add(1, ordering: .relaxed).oldValue
            if block >= count { return }
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

    /// A thread that drains the queue; nil when the system has none left, and the others then do its share.
    func startThread() -> pthread_t? {
        let reference = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let status = pthread_create(&thread, nil, { argument in
            if let argument { Unmanaged<BlockQueue>.fromOpaque(argument).takeRetainedValue().drain() }
            return nil
        }, reference.toOpaque())
        guard status == 0 else {
            reference.release()
            return nil
        }
        return thread
    }
}
