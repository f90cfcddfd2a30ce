import Fingerprints
import Synchronization

/// One run of one plan.
final class RunSession: Sendable {
    private let selection: Selection
    private let inspector: Inspector
    private let observer: any RunObserver
    private let results: Mutex<[Settled?]>
    private let waits = Mutex<[Int: Wait]>([:])
    /// Jobs that an executor was asked to make, and why.
    private let ordered = Mutex<[Int: Reason]>([:])
    private let hasPrepared = Atomic(false)
    private let costs = CostMeter()
    /// Whether no selected job reads from a job: then its bytes are what was asked for, and not only their digests.
    private let isWanted: [Bool]
    /// nil where nothing is given away.
    private let sharing: RemoteSharing?

    private struct Wait {
        let since: Int
        let tries: Int
    }

    private struct Settled {
        let status: JobStatus
        /// nil unless fresh.
        let artifacts: [Artifact]?
        /// It ran, or something before it did.
        let isTouched: Bool
    }

    private var plan: Plan { inspector.plan }
    private var store: Store { inspector.store }
    private var options: RunOptions { inspector.options }

    init(_ selection: Selection, _ inspector: Inspector, _ observer: any RunObserver) {
        self.selection = selection
        self.inspector = inspector
        self.observer = observer
        sharing = inspector.options.remote.flatMap { remote in
            guard remote.may(.writing) else { return nil }
            return RemoteSharing(
                RemoteWriting(store: inspector.store, remote: remote, options: inspector.options, observer: observer))
        }
        results = Mutex(Array(repeating: nil, count: inspector.plan.jobs.count))
        let used = Set(selection.selected.flatMap { inspector.plan.dependencies[$0] })
        isWanted = inspector.plan.jobs.indices.map { selection.selected.contains($0) && !used.contains($0) }
    }

    func run() throws -> [JobStatus] {
        let pins = try Pins(store)
        defer { pins.release() }
        let scheduler = Scheduler(
            dependencies: plan.dependencies, hasWork: plan.jobs.indices.map(selection.selected.contains),
            limit: options.jobs, keepGoing: options.keepGoing, time: store.time)
        try options.executor?.start(
            ExecutorRun(
                store: store, observer: observer, cancellation: options.cancellation, faults: options.faults,
                versions: options.versions))
        defer { options.executor?.finish() }
        let outcome = Result {
            try scheduler.run { index, threads, wake in
                do {
                    return try asEngineError { try self.settle(index, threads: threads, pins, wake) }
                } catch let error as EngineError {
                    let job = self.plan.jobs[index]
                    if !error.isCancellation { self.observer.failed(job: job.id, stage: job.stage.name, error: error) }
                    throw error
                }
            }
        }
        // What was finished before a failure is shared too.
        let shared = Result { try sharing?.finish() }
        try outcome.get()
        try shared.get()
        return try results.withLock { $0.compactMap { $0?.status } }.map(withPresence)
    }

    /// Makes a job fresh, or finds that it is, or that it need not be.
    private func settle(
        _ index: Int, threads: ThreadShare, _ pins: Pins, _ wake: @escaping @Sendable () -> Void
    ) throws -> Scheduler.Step {
        try options.cancellation.check()
        let job = plan.jobs[index]
        let isSelected = selection.selected.contains(index)
        let stale = plan.dependencies[index].compactMap { result($0) }.filter { $0.artifacts == nil }.map(\.status)
        if let first = stale.first {
            guard !isSelected else {
                throw EngineError.notSelected(job: first.job, neededBy: job.id, reason: first.reason ?? .neverBuilt)
            }
            return try leave(index, inspector.blocked(job, by: stale.map(\.job)))
        }
        let upstream = { (name: String) in self.plan.indices[name].flatMap { self.result($0)?.artifacts } ?? [] }
        guard isSelected else { return try leave(index, inspector.view(of: job, upstream: upstream)) }
        let ingredients = try inspector.ingredients(of: job, upstream: upstream)
        if let executor = options.executor, let reason = ordered.withLock({ $0[index] }) {
            return try remote(index, ingredients, executor, reason, pins, wake)
        }
        if !selection.forced.contains(index), try takeFresh(index, ingredients, pins, isShared: false) { return .done }
        if let executor = options.executor, executor.takes(job.stage), !selection.forced.contains(index) {
            if try takeRemoteBriefly(index, ingredients, pins) { return .done }
            try bringInputs(of: index, threads: threads, pins)
            let reason = try inspector.reasons(job, ingredients, inspector.find(ingredients.fingerprint, job))[0]
            ordered.withLock { $0[index] = reason }
            return try remote(index, ingredients, executor, reason, pins, wake)
        }
        guard let lock = try lock(index, ingredients) else { return .busy }
        defer { lock.release(removing: true) }
        options.faults.pass("job.locked")
        // Another process may have made it while this one waited.
        if !selection.forced.contains(index), try takeFresh(index, ingredients, pins, isShared: true) { return .done }
        if !selection.forced.contains(index), try takeRemote(index, ingredients, pins) { return .done }
        do {
            try make(index, ingredients, threads: threads, pins, lock)
        } catch  where lock.isLost && !options.cancellation.isCancelled {
            observer.noted(job: job.id, text: "another host took over while this one slept; its work is shared")
            return .busy
        }
        return .done
    }

    /// Has a job made elsewhere. No lock is held: who makes it takes it.
    private func remote(
        _ index: Int, _ ingredients: Ingredients, _ executor: any JobExecutor, _ reason: Reason, _ pins: Pins,
        _ wake: @escaping @Sendable () -> Void
    ) throws -> Scheduler.Step {
        let job = plan.jobs[index]
        let remote = RemoteJob(
            plan: plan.name, job: job, ingredients: ingredients, reason: reason,
            isMade: { [inspector] in
                if case .sound = try inspector.find(ingredients.fingerprint, job) { true } else { false }
            }, wake: wake)
        switch executor.make(remote) {
        case .underWay: return .parked
        case .failed(let error):
            try options.cancellation.check()
            throw EngineError.stageFailed(job: job.id, stage: job.stage.name, error: error)
        case .made(let isOurs):
            // Settled by the trace, and by nothing else.
            if try takeFresh(index, ingredients, pins, isShared: true, isLocked: false, made: isOurs ? reason : nil) {
                return .done
            }
            throw EngineError.notBuilt(job: job.id, reason: reason)
        }
    }

    private func result(_ index: Int) -> Settled? { results.withLock { $0[index] } }

    private func settled(_ index: Int, _ result: Settled) {
        results.withLock { $0[index] = result }
        observer.finished(result.status)
        if let fingerprint = result.status.fingerprint, result.artifacts != nil, selection.selected.contains(index) {
            sharing?.add(result.status.job, fingerprint)
        }
    }

    private func isTouched(_ index: Int) -> Bool {
        plan.dependencies[index].contains { result($0)?.isTouched == true }
    }

    private func leave(_ index: Int, _ view: JobView) throws -> Scheduler.Step {
        settled(index, Settled(status: view.status, artifacts: view.artifacts, isTouched: false))
        return .done
    }

    /// Uses what the store has, if it has it.
    /// - Parameters:
    ///   - isShared: another process has just made it.
    ///   - isLocked: the job's lock is held; nil: where it is shared.
    ///   - made: why it was just made elsewhere for this run; nil: it was not.
    private func takeFresh(
        _ index: Int, _ ingredients: Ingredients, _ pins: Pins, isShared: Bool, isLocked: Bool? = nil,
        made: Reason? = nil
    ) throws -> Bool {
        let job = plan.jobs[index]
        let found = try pins.hold {
            let found = try inspector.find(ingredients.fingerprint, job)
            guard case .sound(_, let outcome, _) = found else { return (found, [ingredients.fingerprint]) }
            return (found, [ingredients.fingerprint] + outcome.outputs.map(\.digest))
        }
        guard case .sound(let trace, let outcome, var away) = found else { return false }
        if isWanted[index], !away.isEmpty {
            guard try reading(pins)?.bring(outcome.outputs.filter { away.contains($0.digest) }, for: job.id) == true
            else { return false }
            away = []
        }
        try removeLeftovers(ingredients.fingerprint, outcome, isLocked: isLocked ?? isShared)
        try store.noteCurrent(ingredients.fingerprint, plan: plan.name, job: job.id, stage: job.stage.name)
        let doubt: Reason? = trace.outcomes.count > 1 ? .nondeterministic(outcomes: trace.outcomes.count) : nil
        let touched = isTouched(index)
        let status = inspector.status(
            job, ingredients, outcome, away: away, reason: doubt ?? made, ran: made != nil,
            cutOff: touched && !isShared && made == nil)
        settled(index, Settled(status: status, artifacts: outcome.outputs, isTouched: touched || made != nil))
        return true
    }

    /// A process that died between publishing and tidying up left its scratch, and perhaps names that a power cut would
    /// undo.
    private func removeLeftovers(_ fingerprint: Digest, _ outcome: Outcome, isLocked: Bool) throws {
        let work = store.workPath(fingerprint)
        guard try store.fileSystem.status(of: work) != nil else { return }
        try store.flushFolders()
        let here = try outcome.outputs.map { store.path(of: $0.digest) }.filter {
            try store.fileSystem.status(of: $0) != nil
        }
        try store.flushNames([store.sharded("ac", fingerprint)] + here)
        do {
            let lock = isLocked ? nil : try store.lock(fingerprint, label: store.host.label("tidying"))
            guard isLocked || lock != nil else { return }
            defer { lock?.release(removing: true) }
            try store.fileSystem.remove(work)
        } catch let error as FileSystemError where error.isReadOnly {
            // To be looked at only.
        }
    }

    /// - Throws: `EngineError.lockTimeout`.
    private func lock(_ index: Int, _ ingredients: Ingredients) throws -> (any FileLock)? {
        let job = plan.jobs[index].id
        if let lock = try store.lock(ingredients.fingerprint, label: store.host.label(job)) {
            waits.withLock { _ = $0.removeValue(forKey: index) }
            return lock
        }
        let now = store.time.monotonic()
        let (since, tries) = waits.withLock { waits in
            let wait = waits[index] ?? Wait(since: now, tries: 0)
            waits[index] = Wait(since: wait.since, tries: wait.tries + 1)
            return (wait.since, wait.tries)
        }
        let seconds = Double(now - since) / 1e9
        let isTooLong = options.lockTimeout.map { seconds >= $0 } ?? false
        // Said on the second try: most locks are held for a moment only.
        guard tries == 1 || isTooLong else { return nil }
        let holder = try store.holder(of: ingredients.fingerprint) ?? "another process"
        if isTooLong { throw EngineError.lockTimeout(job: job, holder: holder, seconds: seconds) }
        observer.waiting(job: job, holder: holder)
        return nil
    }

    /// Executes a job and publishes what it leaves. The job's lock is held.
    private func make(
        _ index: Int, _ ingredients: Ingredients, threads: ThreadShare, _ pins: Pins, _ lock: any FileLock
    ) throws {
        let job = plan.jobs[index]
        let found = try inspector.find(ingredients.fingerprint, job)
        let reason = selection.forced.contains(index) ? .forced : try inspector.reasons(job, ingredients, found)[0]
        if case .damaged(_, let reason, let corrupt) = found {
            for artifact in corrupt { try store.quarantine(artifact) }
            observer.noted(
                job: job.id, text: "\(reason); \(corrupt.isEmpty ? "" : "moved to quarantine, ")building again")
        }
        observer.started(job: job.id, stage: job.stage.name, reason: reason, threads: threads.now)
        if !hasPrepared.exchange(true, ordering: .relaxed) {
            try store.checkIsOnOneDisk()
            try store.flushFolders()
        }
        try bringInputs(of: index, threads: threads, pins)
        let work = store.workPath(ingredients.fingerprint)
        var result = try execute(job, ingredients, in: work, threads: threads, lock)
        if let own = options.taskCost {
            result.add(
                own(), try ClusterFolder(store: store, fingerprint: ingredients.fingerprint, isKnown: true).spent())
        }
        try inspector.checkUnchanged(job, ingredients)
        let publication = Publication(store: store, options: options)
        try publication.adopt(result, pins, ingredients.fingerprint, threads: threads.now)
        let outputs = result.outputs.map(\.artifact)
        let trace = try publication.record(job, ingredients, result)
        try store.noteCurrent(ingredients.fingerprint, plan: plan.name, job: job.id, stage: job.stage.name)
        options.faults.pass("history.written")
        try store.forgetFailure(ingredients.fingerprint)
        // Its bytes were not to be had from there.
        if found.isRemote { try store.forgetRemote(ingredients.fingerprint) }
        if !lock.isLost { try store.fileSystem.remove(work) }
        options.faults.pass("work.removed")
        let left = outputs.map { (artifact: $0, path: store.path(of: $0.digest)) }
        if let first = trace.outcomes.first, let error = publication.difference(job, first.outputs, left) {
            throw error
        }
        let status = inspector.status(
            job, ingredients, trace.outcomes[0], seconds: result.seconds, reason: reason, ran: true)
        settled(index, Settled(status: status, artifacts: outputs, isTouched: true))
    }

    private func execute(
        _ job: Job, _ ingredients: Ingredients, in work: String, threads: ThreadShare, _ lock: any FileLock
    ) throws -> Executor.Result {
        let files = store.fileSystem
        for name in try files.names(in: work) where name.hasPrefix("out-") { try files.remove("\(work)/\(name)") }
        options.faults.pass("work.cleaned")
        let start = store.time.monotonic()
        do {
            try Memory.ask(forPeak: store.lastOutcome(plan: plan.name, job: job.id)?.peakMemory)
            // A name of its own each time: an orphan of a killed attempt may still be writing to the last one.
            return try Executor(store: store, options: options, observer: observer, costs: costs).execute(
                job, inputs: ingredients.paths, output: "\(work)/out-\(files.uniqueName())", scratch: "\(work)/scratch",
                threads: threads)
        } catch {
            try options.cancellation.check()
            if lock.isLost { throw error }
            let seconds = Double(store.time.monotonic() - start) / 1e9
            // A disk that is full must not hide why the stage failed.
            try? store.noteFailure(
                ingredients.fingerprint, job: job.id, message: options.describe(error), seconds: seconds,
                host: store.host.name)
            try? store.noteCurrent(ingredients.fingerprint, plan: plan.name, job: job.id, stage: job.stage.name)
            throw EngineError.stageFailed(job: job.id, stage: job.stage.name, error: error)
        }
    }

    // MARK: The remote store

    /// As it is at the end: a later job may have had the bytes of an earlier one brought here.
    private func withPresence(_ status: JobStatus) throws -> JobStatus {
        guard status.outputs.contains(where: { !$0.isHere }) else { return status }
        return JobStatus(
            job: status.job, stage: status.stage, state: status.state, reason: status.reason,
            fingerprint: status.fingerprint,
            outputs: try status.outputs.map { output in
                let isHere = try output.isHere || store.fileSystem.status(of: output.path) != nil
                return OutputRecord(
                    name: output.name, path: output.path, digest: output.digest, bytes: output.bytes, isHere: isHere)
            },
            seconds: status.seconds, ran: status.ran, cutOff: status.cutOff, made: status.made)
    }

    private func reading(_ pins: Pins) -> RemoteReading? {
        // A store that can only be read takes nothing.
        guard pins.isHeld else { return nil }
        return options.remote.map {
            RemoteReading(store: store, remote: $0, options: options, observer: observer, pins: pins)
        }
    }

    /// Uses the remote store's trace in place of running the job. The job's lock is held.
    private func takeRemote(_ index: Int, _ ingredients: Ingredients, _ pins: Pins) throws -> Bool {
        guard let reading = reading(pins) else { return false }
        let job = plan.jobs[index]
        if case .damaged(_, let reason, let corrupt) = try inspector.find(ingredients.fingerprint, job),
            !corrupt.isEmpty
        {
            for artifact in corrupt { try store.quarantine(artifact) }
            observer.noted(job: job.id, text: "\(reason); moved to quarantine")
        }
        return try reading.take(job, ingredients) && takeFresh(index, ingredients, pins, isShared: true)
    }

    /// The same for a job that would be made elsewhere: its lock is held for this only.
    private func takeRemoteBriefly(_ index: Int, _ ingredients: Ingredients, _ pins: Pins) throws -> Bool {
        guard options.remote != nil, let lock = try lock(index, ingredients) else { return false }
        defer { lock.release(removing: true) }
        return try takeRemote(index, ingredients, pins)
    }

    /// Has what a job reads here, byte for byte: of jobs that the remote store has, only digests may be.
    private func bringInputs(of index: Int, threads: ThreadShare, _ pins: Pins) throws {
        for case .output(let source, let name) in plan.jobs[index].inputs.map(\.source) {
            guard let from = plan.indices[source],
                let artifact = result(from)?.artifacts?.first(where: { $0.name == name })
            else { continue }
            let path = store.path(of: artifact.digest)
            while try store.fileSystem.status(of: path) == nil {
                if try reading(pins)?.bring([artifact], for: source) == true { break }
                try rebuild(from, threads: threads, pins)
            }
        }
    }

    /// Executes a job whose trace is here but whose outputs are nowhere to be had.
    private func rebuild(_ index: Int, threads: ThreadShare, _ pins: Pins) throws {
        let ingredients = try inspector.ingredients(of: plan.jobs[index]) { name in
            plan.indices[name].flatMap { result($0)?.artifacts } ?? []
        }
        guard let lock = try lock(index, ingredients) else {
            try options.cancellation.check()
            return store.time.sleep(nanoseconds: Scheduler.busyPause)
        }
        defer { lock.release(removing: true) }
        guard case .sound(_, _, let away) = try inspector.find(ingredients.fingerprint, plan.jobs[index]), away.isEmpty
        else {
            return try make(index, ingredients, threads: threads, pins, lock)
        }
    }
}
