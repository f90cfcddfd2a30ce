import Synchronization
import Tensors

/// The results of `body` for `0..<count`, in their order, whatever the threads.
/// - Throws: the error of the lowest that failed.
func concurrentMap<Result: Sendable>(
    _ count: Int, threads: Int, _ body: @Sendable (Int) throws -> Result
) throws -> [Result] {
    let results = Mutex([Result?](repeating: nil, count: count))
    try concurrently(count, threads: threads) { index in
        let result = try body(index)
        results.withLock { $0[index] = result }
    }
    return results.withLock { $0.compactMap { $0 } }
}
