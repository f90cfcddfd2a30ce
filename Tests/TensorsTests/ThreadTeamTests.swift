import Foundation
import Synchronization
import Tensors
import Testing

@Suite struct ThreadTeamTests {
    struct Failure: Error, Equatable { let run: Int, block: Int }

    /// One run after the other, at times so late that the helpers sleep; nothing of a run is left to the next.
    @Test(arguments: [1, 2, 5])
    func everyRunIsWhole(threads: Int) throws {
        let team = ThreadTeam(threads: threads)
        for run in 0..<500 {
            if run % 100 == 99 { Thread.sleep(forTimeInterval: 0.01) }
            let count = run % 7, sum = Atomic(0)
            try team.run(count) { sum.add(1 << (8 * $0), ordering: .relaxed) }
            #expect(sum.load(ordering: .relaxed) == (0..<count).reduce(0) { $0 + 1 << (8 * $1) })
        }
    }

    /// After a failure the team goes on.
    @Test(arguments: [1, 4])
    func failuresAreTheRunsOwn(threads: Int) throws {
        let team = ThreadTeam(threads: threads)
        for run in 0..<50 {
            #expect(throws: Failure(run: run, block: 2)) {
                try team.run(20) { if $0 >= 2 { throw Failure(run: run, block: $0) } }
            }
            try team.run(20) { _ in }
        }
    }

    /// The helpers are the same threads in every run, and end with the team.
    @Test func helpersStay() throws {
        let seen = Mutex(Set<pthread_t>())
        var team: ThreadTeam? = ThreadTeam(threads: 3)
        for _ in 0..<20 {
            let arrived = Atomic(0)
            try team?.run(3) { _ in
                arrived.add(1, ordering: .acquiringAndReleasing)
                while arrived.load(ordering: .acquiring) < 3 { sched_yield() }
                _ = seen.withLock { $0.insert(pthread_self()) }
            }
        }
        #expect(seen.withLock { $0.count } == 3)
        team = nil  // returns when they have ended
    }
}
