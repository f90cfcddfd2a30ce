import Glibc

/// Runs `body` for every block `0..<count` on `threads` real threads, the calling one among them, as a `ThreadTeam`
/// does that is made for it.
/// - Throws: the error of the lowest block that failed: the same one for any number of threads.
public func concurrently(_ count: Int, threads: Int, _ body: @Sendable (Int) throws -> Void) throws {
    try concurrently(count, growing: { threads }, body)
}

/// The same on as many threads as `threads` says, which may become more meanwhile: it is asked before each block of the
/// calling thread.
/// - Throws: as the other one.
public func concurrently(
    _ count: Int, growing threads: () -> Int, _ body: @Sendable (Int) throws -> Void
) throws {
    let failure: (any Error)? = withoutActuallyEscaping(body) { body in
        let queue = BlockQueue(count: count, body: body)
        var helpers: [pthread_t] = []
        queue.drain { left in
            while helpers.count < min(threads(), left) - 1, let helper = startThread({ queue.drain() }) {
                helpers.append(helper)
            }
        }
        for helper in helpers { pthread_join(helper, nil) }
        return withExtendedLifetime(queue) { queue.firstFailure }
    }
    if let failure { throw failure }
}
