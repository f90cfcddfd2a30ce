import Fingerprints
import Synchronization

/// Has jobs made on a Slurm cluster. Success is a sound trace in the store, never a state of Slurm: that only tells
/// when to look, and what to order again. One thread of its own submits and asks for the queue: one request for all
/// jobs, every `poll` seconds; where jobs became ready or ended earlier, but never so often as to burden the controller.
public final class SlurmExecutor: JobExecutor {
    private let cluster: SlurmCluster
    /// Names this store in the queue, and this driver in claims.
    private let driver: String
    private let shared = Monitor(Shared())

    private struct Shared {
        var arrived: [RemoteJob] = []
        var states: [Digest: RemoteState] = [:]
        var isOver = false, hasEnded = true
    }

    /// - Parameters:
    ///   - program: absolute path of this program and its global options.
    ///   - definition: from which a worker makes the plan again.
    ///   - expected: what is expected of the jobs, by id.
    public init(
        client: any SlurmClient, settings: SlurmSettings, program: [String], environment: [String: String] = [:],
        definition: Value,
        expected: [String: ExpectedCost] = [:]
    ) {
        cluster = SlurmCluster(
            client: client, settings: settings, program: program, environment: environment, definition: definition,
            expected: expected)
        driver = LocalFileSystem().uniqueName()
    }

    /// Every stage that need not stay with the driver.
    public func takes(_ stage: any Stage) -> Bool { !stage.staysWithDriver }

    /// Takes the driver's lock and begins to serve on a thread of its own.
    /// - Throws: `EngineError.storage` where the lock or the thread cannot be had, `FileSystemError` for the store.
    public func start(_ run: ExecutorRun) throws {
        let session = Digest(hashing: ClusterClaim.lockName(driver))
        guard let lock = try run.store.lock(session, label: run.store.host.label("driver of jobs on the cluster"))
        else {
            throw EngineError.storage(FileSystemError("lock", run.store.lockPath(session), code: 11))
        }
        let name = try run.store.clusterName()
        shared.update { ($0.isOver, $0.hasEnded) = (false, false) }
        let isStarted = detached { [self] in
            serve(SlurmRounds(cluster, run, driver: driver, name: name), run)
            lock.release(removing: true)
            shared.update { $0.hasEnded = true }
        }
        guard isStarted else { throw EngineError.storage(FileSystemError("start", "a thread", code: 11)) }
    }

    /// Hands the job to the serving thread, which submits it with the next round.
    public func make(_ job: RemoteJob) -> RemoteState {
        shared.update { shared in
            if let state = shared.states[job.fingerprint] {
                // Asked again after an end: what was made is gone, so it is made anew.
                if case .underWay = state {} else { shared.states[job.fingerprint] = nil }
                return state
            }
            shared.states[job.fingerprint] = .underWay
            shared.arrived.append(job)
            return .underWay
        }
    }

    /// Waits until the serving thread has ended what is to be ended.
    public func finish() {
        shared.update { $0.isOver = true }
        shared.wait { $0.hasEnded ? () : nil }
    }

    private func serve(_ rounds: SlurmRounds, _ run: ExecutorRun) {
        var next = 0, soonest = 0
        while true {
            let (arrived, isOver) = shared.update { shared in
                defer { shared.arrived = [] }
                return (shared.arrived, shared.isOver)
            }
            rounds.add(arrived)
            // What now becomes ready is submitted soon.
            if !arrived.isEmpty { next = min(next, soonest) }
            let isCancelled = run.cancellation.isCancelled
            if isCancelled { rounds.cancelAll() }
            let now = run.store.time.monotonic()
            if !isCancelled, !rounds.isIdle, now >= next {
                let pause = rounds.round()
                let end = run.store.time.monotonic()
                next = end + Int(pause * 1e9)
                soonest = end + Int(cluster.settings.leastPause * 1e9)
            }
            let ended = rounds.takeEnded()
            if !ended.isEmpty {
                shared.update { shared in for (job, state) in ended { shared.states[job.fingerprint] = state } }
                for (job, _) in ended { job.wake() }
            }
            if isOver { return }
            run.store.time.sleep(nanoseconds: 20_000_000)
        }
    }
}

extension ClusterClaim {
    static func lockName(_ driver: String) -> String { "driver \(driver)" }
}

extension Store {
    /// A short name of this store on clusters, whatever the path by which a host sees it: made once.
    func clusterName() throws -> String {
        let path = "\(root)/cluster/name"
        let fresh = Digest(hashing: fileSystem.uniqueName()).hex.prefix(6)
        if try fileSystem.names(in: root).contains("cluster"),
            try fileSystem.names(in: "\(root)/cluster").contains("name")
        {
        } else {
            _ = try makingFolder(of: path, durable: false) { try fileSystem.create(Array(fresh.utf8), at: path) }
        }
        return try fileSystem.read(path).map { String(decoding: $0, as: UTF8.self) } ?? String(fresh)
    }

    /// Whether a driver that left a claim still lives.
    func isDriverAlive(_ driver: String) throws -> Bool {
        guard
            let lock = try lock(
                Digest(hashing: ClusterClaim.lockName(driver)), label: host.label("looking for a driver"))
        else { return true }
        lock.release(removing: true)
        return false
    }
}
