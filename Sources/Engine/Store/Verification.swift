import Fingerprints

/// What executing a fresh job once more showed.
public struct Verification: Sendable {
    /// The job's id.
    public let job: String
    /// The stage's name.
    public let stage: String
    /// How often the outcome in use was seen, this time included if it agreed.
    public let agreeing: Int
    /// How often the job was executed in all under this fingerprint.
    public let executions: Int
    /// `EngineError.nondeterministic` when this execution left other bytes.
    public let error: EngineError?

    /// `rebuilt 3 times, 3 agree`.
    public var summary: String {
        "rebuilt \(executions - 1) time\(executions == 2 ? "" : "s"), "
            + (agreeing == executions ? "all agree" : "\(agreeing - 1) agree")
    }
}

extension Runner {
    /// Executes jobs again in scratch, compares bit for bit and records the outcome in their traces.
    /// - Parameter jobs: ids or stage names; empty means all.
    /// - Throws: `EngineError.notBuilt` for a job that is not fresh, `.stageFailed`, `.lockTimeout`, `.cancelled`,
    ///   `.storage`.
    public func verify(_ plan: Plan, jobs: [String] = []) throws -> [Verification] {
        try asEngineError {
            let chosen = jobs.isEmpty ? Set(plan.jobs.indices) : try plan.find(jobs)
            let views = try look(at: plan)
            for index in chosen.sorted() where views[index].artifacts == nil {
                throw EngineError.notBuilt(job: plan.jobs[index].id, reason: views[index].reasons.first ?? .neverBuilt)
            }
            let body = { try chosen.sorted().map { try verify(plan.jobs[$0], views[$0], plan) } }
            return options.catchSignals ? try options.cancellation.catchingSignals(body) : try body()
        }
    }

    private func verify(_ job: Job, _ view: JobView, _ plan: Plan) throws -> Verification {
        guard let ingredients = view.ingredients, let known = view.artifacts else {
            throw EngineError.notBuilt(job: job.id, reason: .neverBuilt)
        }
        let pins = try Pins(store)
        defer { pins.release() }
        let lock = pins.isHeld ? try waitForLock(job, ingredients.fingerprint) : nil
        defer { lock?.release(removing: true) }
        // Beside a store that can only be read, and then nothing is recorded.
        let place = pins.isHeld ? "\(store.root)/work" : store.host.temporaryFolder
        let work = "\(place)/\(pins.isHeld ? "" : "lavise-")verify-\(store.fileSystem.uniqueName())"
        defer { try? store.fileSystem.remove(work) }
        observer.started(job: job.id, stage: job.stage.name, reason: .forced, threads: options.jobs)
        let result: Executor.Result
        do {
            try store.makeDurableFolder(work)
            try bringInputs(of: job, ingredients, pins, plan)
            result = try Executor(store: store, options: options, observer: observer, costs: CostMeter()).execute(
                job, inputs: ingredients.paths, output: "\(work)/out", scratch: "\(work)/scratch",
                threads: ThreadShare(options.jobs)
            )
        } catch {
            try options.cancellation.check()
            if case EngineError.notBuilt = error { throw error }
            throw EngineError.stageFailed(job: job.id, stage: job.stage.name, error: error)
        }
        try inspector(plan).checkUnchanged(job, ingredients)
        let publication = Publication(store: store, options: options)
        guard pins.isHeld else {
            let error = publication.difference(job, known, result.outputs)
            let outcomes = view.trace?.outcomes ?? []
            return Verification(
                job: job.id, stage: job.stage.name,
                agreeing: (outcomes.first { $0.outputs == known }?.executions ?? 0) + (error == nil ? 1 : 0),
                executions: outcomes.reduce(1) { $0 + $1.executions }, error: error)
        }
        let error = publication.difference(job, known, result.outputs)
        try publication.adopt(result, pins, ingredients.fingerprint, threads: options.jobs)
        let trace = try publication.record(job, ingredients, result)
        let agreeing = trace.outcomes.first { $0.outputs == known }?.executions ?? 0
        return Verification(
            job: job.id, stage: job.stage.name, agreeing: agreeing,
            executions: trace.outcomes.reduce(0) { $0 + $1.executions },
            error: error)
    }

    private func bringInputs(of job: Job, _ ingredients: Ingredients, _ pins: Pins, _ plan: Plan) throws {
        for input in job.inputs {
            guard case .output(let source, let name) = input.source, let path = ingredients.paths[input.name],
                try store.fileSystem.status(of: path) == nil
            else { continue }
            guard let digest = ingredients.fields.inputs[input.name],
                let artifact = try output(digest, of: source, plan),
                let remote = options.remote, pins.isHeld,
                try RemoteReading(store: store, remote: remote, options: options, observer: observer, pins: pins).bring(
                    [artifact], for: source)
            else { throw EngineError.notBuilt(job: source, reason: .outputMissing(name: name)) }
        }
    }

    private func output(_ digest: Digest, of job: String, _ plan: Plan) throws -> Artifact? {
        for fingerprint in try store.history(plan: plan.name, job: job)?.fingerprints ?? [] {
            let outputs = try store.trace(fingerprint)?.outcomes.flatMap(\.outputs) ?? []
            if let found = outputs.first(where: { $0.digest == digest }) { return found }
        }
        return nil
    }

    func waitForLock(_ job: Job, _ fingerprint: Digest) throws -> any FileLock {
        let start = store.time.monotonic()
        var isFirst = true
        while true {
            if let lock = try store.lock(fingerprint, label: store.host.label(job.id)) { return lock }
            try options.cancellation.check()
            let seconds = Double(store.time.monotonic() - start) / 1e9
            let holder = try store.holder(of: fingerprint) ?? "another process"
            if let timeout = options.lockTimeout, seconds >= timeout {
                throw EngineError.lockTimeout(job: job.id, holder: holder, seconds: seconds)
            }
            if isFirst { observer.waiting(job: job.id, holder: holder) }
            isFirst = false
            store.time.sleep(nanoseconds: Scheduler.busyPause)
        }
    }
}
