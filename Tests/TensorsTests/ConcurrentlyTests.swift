import Synchronization
import Tensors
import Testing

@Suite struct ConcurrentlyTests {
    struct Failure: Error, Equatable { let block: Int }

    @Test(arguments: [1, 2, 3, 8])
    func everyBlockRunsOnce(threads: Int) throws {
        let runs = Mutex([Int](repeating: 0, count: 100))
        try concurrently(100, threads: threads) { block in runs.withLock { $0[block] += 1 } }
        #expect(runs.withLock { $0 } == [Int](repeating: 1, count: 100))
    }

    @Test func noBlocksAreNoWork() throws {
        try concurrently(0, threads: 4) { _ in throw Failure(block: 0) }
    }

    @Test(arguments: [1, 2, 4])
    func lowestFailureIsThrown(threads: Int) {
        #expect(throws: Failure(block: 3)) {
            try concurrently(50, threads: threads) { block in
                if block >= 3 { throw Failure(block: block) }
            }
        }
    }

    /// Blocks that wait for each other finish only when that many threads run at once.
    @Test func threadsRunAtOnce() throws {
        let arrived = Atomic(0)
        try concurrently(4, threads: 4) { _ in
            arrived.add(1, ordering: .acquiringAndReleasing)
            while arrived.load(ordering: .acquiring) < 4 {}
        }
        #expect(arrived.load(ordering: .acquiring) == 4)
    }

    // MARK: With more threads while it runs

    /// Blocks that wait for each other finish only when as many threads have joined meanwhile.
    @Test func moreThreadsJoin() throws {
        let allowed = Atomic(1), arrived = Atomic(0), runs = Mutex([Int](repeating: 0, count: 20))
        try concurrently(20, growing: { allowed.load(ordering: .acquiring) }) { block in
            runs.withLock { $0[block] += 1 }
            if block == 3 { allowed.store(3, ordering: .releasing) }
            guard (4..<7).contains(block) else { return }
            arrived.add(1, ordering: .acquiringAndReleasing)
            let start = ContinuousClock.now
            while arrived.load(ordering: .acquiring) < 3, ContinuousClock.now - start < .seconds(30) {}
            if arrived.load(ordering: .acquiring) < 3 { throw Failure(block: block) }
        }
        #expect(runs.withLock { $0 } == [Int](repeating: 1, count: 20))
    }

    @Test(arguments: [1, 4])
    func lowestFailureOfGrowingThreadsIsThrown(threads: Int) {
        #expect(throws: Failure(block: 3)) {
            try concurrently(50, growing: { threads }) { block in
                if block >= 3 { throw Failure(block: block) }
            }
        }
    }

    @Test func noBlocksNeedNoMoreThreads() throws {
        try concurrently(0, growing: { 4 }) { _ in throw Failure(block: 0) }
    }
}
