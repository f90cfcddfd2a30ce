/// Runs the jobs of a DAG in dependency order on several threads. Knows nothing of files or stages.
struct Scheduler {
    /// Job → jobs that must be done before it; each is of lower index.
    let dependencies: [[Int]]
    /// Whether a job has work to do: one that is left out is settled at once and takes no share of the threads.
    let hasWork: [Bool]
    /// Threads in all, and jobs at once.
    let limit: Int
    let keepGoing: Bool
    let time: any TimeSource

    enum Step: Sendable {
        case done
        /// Another process is at it: try again a little later.
        case busy
        /// It is made elsewhere: try again when `wake` was called.
        case parked
    }

    /// How long to leave a busy job alone, in nanoseconds.
    static let busyPause = 10_000_000

    private struct State {
        var waitsFor: [Int]
        var users: [[Int]]
        var ready: MinHeap
        var busy: [Int] = []
        var parked: Set<Int> = []
        /// Of these there is news, perhaps before they are parked.
        var woken: Set<Int> = []
        /// How many of those that are ready have work to do.
        var readyToWork: Int
        /// Of those that run and have work to do.
        var shares: [Int: ThreadShare] = [:]
        var unsettled: Int
        var blocked: Set<Int> = []
        var failures: [(index: Int, error: any Error)] = []
    }

    private enum Turn {
        case work(Int, ThreadShare)
        case retry(Int, ThreadShare)
        case end
    }

    /// Calls `body` with each job, its share of the threads, and what is to be called when there is news of it where it
    /// is parked.
    /// - Throws: of the errors of `body` that of the first job, once what was running has ended.
    func run(
        _ body: @Sendable (_ job: Int, _ threads: ThreadShare, _ wake: @escaping @Sendable () -> Void) throws -> Step
    ) throws {
        var users = [[Int]](repeating: [], count: dependencies.count)
        for (index, list) in dependencies.enumerated() { for need in list { users[need].append(index) } }
        let waitsFor = dependencies.map(\.count)
        let ready = waitsFor.indices.filter { waitsFor[$0] == 0 }
        let monitor = Monitor(
            State(
                waitsFor: waitsFor, users: users, ready: MinHeap(ready), readyToWork: ready.count { hasWork[$0] },
                unsettled: dependencies.count))
        onThreads(min(limit, max(1, dependencies.count))) { _ in
            while true {
                switch monitor.wait({ take(&$0) }) {
                case .end: return
                case .retry(let job, let threads):
                    time.sleep(nanoseconds: Self.busyPause)
                    attempt(job, threads, monitor, body)
                case .work(let job, let threads):
                    attempt(job, threads, monitor, body)
                }
            }
        }
        let failures = monitor.update { $0.failures }
        if let first = failures.min(by: { $0.index < $1.index }) { throw first.error }
    }

    private func take(_ state: inout State) -> Turn? {
        if let job = state.woken.first(where: state.parked.contains) {
            state.parked.remove(job)
            state.woken.remove(job)
            return .work(job, share(job, &state))
        }
        if state.unsettled == 0 { return .end }
        // What is under way elsewhere ends by itself, as what runs here does.
        if !state.failures.isEmpty, !keepGoing { return state.parked.isEmpty ? .end : nil }
        if let job = state.ready.pop() {
            if hasWork[job] { state.readyToWork -= 1 }
            return .work(job, share(job, &state))
        }
        if let job = state.busy.first {
            state.busy.removeFirst()
            return .retry(job, share(job, &state))
        }
        return nil
    }

    /// An equal part for each that has one; who has more from before keeps it, so that all together may have more than
    /// there are.
    private func equalShare(_ state: State) -> Int {
        limit / min(limit, max(1, state.readyToWork + state.shares.count))
    }

    private func share(_ job: Int, _ state: inout State) -> ThreadShare {
        let threads = ThreadShare(1)
        if hasWork[job] { state.shares[job] = threads }
        threads.grow(to: equalShare(state))
        return threads
    }

    private func attempt(
        _ job: Int, _ threads: ThreadShare, _ monitor: Monitor<State>,
        _ body: @Sendable (Int, ThreadShare, @escaping @Sendable () -> Void) throws -> Step
    ) {
        let result = Result { try body(job, threads) { monitor.update { _ = $0.woken.insert(job) } } }
        monitor.update { state in
            state.shares[job] = nil
            defer { for threads in state.shares.values { threads.grow(to: equalShare(state)) } }
            switch result {
            case .success(.busy):
                state.busy.append(job)
            case .success(.parked):
                state.parked.insert(job)
            case .success(.done):
                state.unsettled -= 1
                for user in state.users[job] {
                    state.waitsFor[user] -= 1
                    guard state.waitsFor[user] == 0 else { continue }
                    state.ready.push(user)
                    if hasWork[user] { state.readyToWork += 1 }
                }
            case .failure(let error):
                state.failures.append((job, error))
                state.unsettled -= 1
                block(state.users[job], &state)
            }
        }
    }

    /// Settles all that depends on a failed job.
    private func block(_ jobs: [Int], _ state: inout State) {
        for job in jobs where state.blocked.insert(job).inserted {
            state.unsettled -= 1
            block(state.users[job], &state)
        }
    }
}
