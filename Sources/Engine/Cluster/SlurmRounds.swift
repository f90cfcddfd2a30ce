import Fingerprints

/// All jobs of a driver that are on the cluster or should be, looked at again and again by one thread.
final class SlurmRounds {
    let cluster: SlurmCluster
    let run: ExecutorRun
    let driver: String
    /// The store's name in names of jobs.
    let name: String
    private var entries: [Entry] = []
    private var ended: [(RemoteJob, RemoteState)] = []
    private var trouble: (said: String, count: Int)?
    private var isCancelled = false
    /// What the cluster allows; asked for once there is something to submit.
    private(set) var limits = SlurmLimits(maxArraySize: 1001, cpusOfANode: nil, hasAccounting: false, version: "?")
    private var hasLimits = false
    /// Which drivers live, asked once a round.
    private var living: [String: Bool] = [:]
    /// Whether the queue takes more this round: one after another, so that large ones get their turn.
    var hasRoom = true
    /// Whose folders there are in `cluster/`, listed once a round: that of a job is only asked for then.
    private var there: Set<String>?
    private lazy var outcomes = (try? store.lastOutcomes()) ?? [:]

    var store: Store { run.store }
    var settings: SlurmSettings { cluster.settings }
    var client: any SlurmClient { cluster.client }

    /// A job from its arrival to its end.
    final class Entry {
        let work: RemoteJob
        var folder: ClusterFolder
        /// nil: not claimed by this driver.
        var claim: ClusterClaim?
        var order: WorkOrder?
        var hasSaidWaiting = false
        /// Since when nothing of it is in the queue although it is not settled, in nanoseconds.
        var quietSince: Int?
        var lastText = ""
        /// Settled; not looked at any more.
        var isOver = false

        var waitsForTurn: Bool { claim.map { !$0.isComplete } ?? !hasSaidWaiting }

        init(_ work: RemoteJob, _ store: Store) {
            self.work = work
            folder = ClusterFolder(store: store, fingerprint: work.fingerprint)
        }
    }

    /// The queue at one moment.
    struct Queue {
        let byId: [Int: [SlurmJob]]
        let byName: [String: [SlurmJob]]
        /// By all of the name but the attempt.
        let byPrefix: [String: [SlurmJob]]
        private(set) var live: Int

        init(_ jobs: [SlurmJob], ours prefix: String) {
            let ours = jobs.filter { $0.name.hasPrefix("lv.") }
            byId = Dictionary(grouping: ours, by: \.id)
            let own = ours.filter { $0.name.contains(prefix) }
            byName = Dictionary(grouping: own, by: \.name)
            byPrefix = Dictionary(grouping: own) { job in
                String(job.name.prefix(through: job.name.lastIndex(of: ".") ?? job.name.startIndex))
            }
            live = ours.count(where: \.isLive)
        }

        mutating func added(_ tasks: Int) { live += tasks }
    }

    init(_ cluster: SlurmCluster, _ run: ExecutorRun, driver: String, name: String) {
        self.cluster = cluster
        self.run = run
        self.driver = driver
        self.name = name
    }

    var isIdle: Bool { entries.isEmpty }

    func add(_ jobs: [RemoteJob]) { entries += jobs.map { Entry($0, store) } }

    func takeEnded() -> [(RemoteJob, RemoteState)] {
        defer { ended = [] }
        return ended
    }

    func note(_ entry: Entry, _ text: String) { run.observer.noted(job: entry.work.job.id, text: text) }

    /// One look at the queue and what follows from it for each job.
    /// - Returns: seconds until the next.
    func round() -> Double {
        let queue: Queue
        (living, there) = ([:], nil)
        do {
            if !hasLimits { limits = try client.limits() }
            hasLimits = true
            queue = Queue(try client.queue(), ours: ".\(name).")
        } catch let error as SlurmError {
            guard case .absent = error else { return backOff(error) }
            for entry in entries { end(entry, .failed(error)) }
            entries = []
            return settings.poll
        } catch {
            return backOff(error)
        }
        if let trouble, trouble.count > 0 {
            entries.first.map { note($0, "Slurm answers again") }
            self.trouble = nil
        }
        var now = queue
        hasRoom = true
        for entry in entries {
            if run.cancellation.isCancelled { break }
            // It is not its turn.
            if !hasRoom, entry.waitsForTurn { continue }
            do {
                try step(entry, &now)
            } catch let error as SlurmError {
                if case .refused = error {
                    end(entry, .failed(error))
                } else if case .absent = error {
                    end(entry, .failed(error))
                } else {
                    _ = backOff(error)
                }
            } catch {
                end(entry, .failed(error))
            }
        }
        entries.removeAll(where: \.isOver)
        return settings.poll
    }

    /// A controller that is busy or down fails nothing: it is asked again, more and more rarely.
    private func backOff(_ error: any Error) -> Double {
        let count = (trouble?.count ?? 0) + 1
        if count == 1 { entries.first.map { note($0, "\(error); what is on the cluster goes on, asking again") } }
        trouble = ("\(error)", count)
        return min(max(settings.poll, 60), settings.poll * Double(1 << min(count, 10)))
    }

    func end(_ entry: Entry, _ state: RemoteState) {
        if case .failed = state, let ids = entry.claim?.submitted.map(\.id), !ids.isEmpty { try? client.cancel(ids) }
        if entry.claim != nil { try? entry.folder.dropClaim() }
        entry.isOver = true
        ended.append((entry.work, state))
    }

    private func step(_ entry: Entry, _ queue: inout Queue) throws {
        guard var claim = entry.claim else {
            try claimIt(entry, queue)
            if entry.claim != nil { try step(entry, &queue) }
            return
        }
        if !claim.isComplete {
            guard try !entry.work.isMade() else { return end(entry, .made(forThisRun: entry.claim != nil)) }
            return try submit(entry, &claim, &queue)
        }
        try watch(entry, claim, queue)
    }

    /// Claims a job, or finds out who has it.
    private func claimIt(_ entry: Entry, _ queue: Queue) throws {
        let job = entry.work.job.id
        if !entry.folder.isKnown { entry.folder.isKnown = try isThere(entry) }
        guard let theirs = try entry.folder.isKnown ? entry.folder.claim() : nil else {
            guard try !entry.work.isMade() else { return end(entry, .made(forThisRun: entry.claim != nil)) }
            try claimAnew(entry)
            run.faults.pass("slurm.claimed")
            return
        }
        if theirs.driver == driver {
            entry.claim = theirs
            return
        }
        let lives = try living[theirs.driver] ?? store.isDriverAlive(theirs.driver)
        living[theirs.driver] = lives
        if lives {
            if try entry.work.isMade() { return end(entry, .made(forThisRun: entry.claim != nil)) }
            if !entry.hasSaidWaiting { run.observer.waiting(job: job, holder: theirs.label) }
            entry.hasSaidWaiting = true
            return
        }
        guard let claim = try entry.folder.takeOver(theirs, by: driver, label: store.host.label(job)) else { return }
        entry.claim = claim
        let live = claim.submitted.flatMap { queue.byId[$0.id] ?? [] }.count(where: \.isLive)
        note(
            entry,
            "goes on with what \(theirs.label) left on the cluster: \(live) task\(live == 1 ? "" : "s") in the queue")
    }

    private func isThere(_ entry: Entry) throws -> Bool {
        let names = try there ?? Set(store.fileSystem.names(in: "\(store.root)/cluster"))
        there = names
        return names.contains(entry.work.fingerprint.hex)
    }

    /// Claims a job that nobody has.
    private func claimAnew(_ entry: Entry) throws {
        func claim(_ attempts: Int) -> ClusterClaim {
            ClusterClaim(
                driver: driver, label: store.host.label(entry.work.job.id), job: entry.work.job.id,
                plan: entry.work.plan, attempt: attempts + 1)
        }
        let before = entry.folder.isKnown ? try entry.folder.attempts() : 0
        guard try entry.folder.take(claim(before)) else { return }
        entry.folder.isKnown = true
        entry.claim = claim(before)
        // Another may have ordered it, and given up, since the folders were listed.
        let attempts = try entry.folder.attempts()
        guard attempts != before else { return }
        entry.claim = claim(attempts)
        try entry.folder.update(claim(attempts))
    }

    /// Ends what is on the cluster: one request, and then a wait until the queue shows it.
    func cancelAll() {
        defer {
            ended += entries.map { ($0.work, .failed(EngineError.cancelled(signal: nil))) }
            entries = []
        }
        guard !isCancelled else { return }
        isCancelled = true
        let own = entries.filter { $0.claim != nil }
        let ids = own.flatMap { $0.claim?.submitted.map(\.id) ?? [] }
        var isQuiet = true
        if let first = own.first, !ids.isEmpty {
            note(first, "cancelling \(ids.count) job\(ids.count == 1 ? "" : "s") on the cluster")
            do {
                try client.cancel(ids)
                let start = store.time.monotonic()
                // Those of a submission that was under way are in the queue by name only.
                let prefixes = Set(own.map { self.prefix($0) })
                while Double(store.time.monotonic() - start) / 1e9 < 20 {
                    isQuiet = false
                    let live = try client.queue().filter { job in
                        job.isLive && (ids.contains(job.id) || prefixes.contains { job.name.hasPrefix($0) })
                    }
                    isQuiet = live.isEmpty
                    if isQuiet { break }
                    let strangers = Set(live.map(\.id)).subtracting(ids)
                    if !strangers.isEmpty { try client.cancel(strangers.sorted()) }
                    store.time.sleep(nanoseconds: 200_000_000)
                }
            } catch {
                isQuiet = false
                note(first, "\(error); end them with: scancel \(ids.map(String.init).joined(separator: " "))")
            }
        }
        // A claim that stays lets the next run find what is still there.
        if isQuiet { for entry in own { try? entry.folder.dropClaim() } }
    }

    /// What names of all attempts at a job begin with.
    func prefix(_ entry: Entry) -> String {
        "lv.\(entry.work.job.stage.name).\(entry.work.fingerprint.hex.prefix(12)).\(name)."
    }

    /// Core-seconds for a unit of a stage's work, as it was last in this store.
    func secondsPerWork(_ stage: String) -> Double? { outcomes[stage]?.givenPerWork }

    func peakMemory(_ stage: String) -> Int? { outcomes[stage]?.peakMemory }
}
