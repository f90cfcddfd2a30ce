/// Runs `body` for every block `0..<count` on `threads` real threads, the calling one among them, as a `ThreadTeam`
/// does that is made for it.
/// - Throws: the error of the lowest block that failed: the same one for any number of threads.
public func concurrently(_ count: Int, threads: Int, _ body: @Sendable (Int) throws -> Void) throws {
    try ThreadTeam(threads: min(threads, count)).run(count, body)
}
