import Synchronization

/// Divides what this process takes of its machine among the jobs that run in it at once, by their threads: of two that
/// share a moment neither is charged with the other's work, and nothing is counted twice.
package final class CostMeter: Sendable {
    private struct Share {
        let threads: ThreadShare
        var coreSeconds = 0.0
        /// nil: a moment of it was not measured.
        var joules: Double? = 0
    }

    private struct State {
        var last: MachineUse.Reading
        var next = 0
        var shares: [Int: Share] = [:]
    }

    private let read: @Sendable () -> MachineUse.Reading
    private let state: Mutex<State>

    /// - Parameter read: what was used up to now.
    package init(read: @escaping @Sendable () -> MachineUse.Reading = MachineUse().reading) {
        self.read = read
        state = Mutex(State(last: read()))
    }

    /// Looks in between: an energy meter begins again at zero after some 20 minutes of a busy machine.
    package func sample() { state.withLock { settle(&$0) } }

    /// A job begins.
    /// - Returns: what `end` is told.
    package func begin(threads: ThreadShare) -> Int {
        state.withLock { state in
            settle(&state)
            state.next += 1
            state.shares[state.next] = Share(threads: threads)
            return state.next
        }
    }

    /// A job ends.
    package func end(_ job: Int) -> Cost {
        state.withLock { state in
            defer { state.shares[job] = nil }
            return cost(job, &state)
        }
    }

    /// What a job took up to now.
    package func soFar(_ job: Int) -> Cost { state.withLock { cost(job, &$0) } }

    private func cost(_ job: Int, _ state: inout State) -> Cost {
        settle(&state)
        return state.shares[job].map { Cost(coreSeconds: $0.coreSeconds, joules: $0.joules) } ?? Cost(coreSeconds: 0)
    }

    /// Charges what was used since the last time.
    private func settle(_ state: inout State) {
        let now = read(), last = state.last
        state.last = now
        let own = max(0, now.coreSeconds - last.coreSeconds), busy = max(own, now.busySeconds - last.busySeconds)
        // Of the machine's energy this process has the part that it has of the machine's work.
        let joules = now.joules.flatMap { new in last.joules.map { max(0, new - $0) } }.map {
            busy > 0 ? $0 * own / busy : 0
        }
        let counts = state.shares.mapValues { $0.threads.now }, threads = counts.values.reduce(0, +)
        for (job, var share) in state.shares {
            let part = Double(counts[job] ?? 0) / Double(threads)
            share.coreSeconds += own * part
            share.joules = share.joules.flatMap { sum in joules.map { sum + $0 * part } }
            state.shares[job] = share
        }
    }
}
