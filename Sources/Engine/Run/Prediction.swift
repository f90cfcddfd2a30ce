import Fingerprints

/// What a run would do with a job, and what that may cost.
public struct Prediction: Sendable {
    /// How the job stands now.
    public let status: JobStatus
    /// Whether a run would execute the job, as far as can be known before: a job after one that runs counts, though it
    /// is left alone if that one leaves the same bytes as before.
    public let wouldRun: Bool
    /// From what it took last time, or from the latest run of the same stage, scaled to the work expected.
    /// nil when the stage never ran in this store.
    public let seconds: Double?
    /// How many bytes it will leave; nil when nothing tells.
    public let bytes: Int?
}

/// What is known beforehand of a job that has not run.
public struct ExpectedCost: Sendable, Equatable {
    /// In the unit in which the stage tells its work by `StageContext.worked`; nil: its time goes by the bytes it
    /// leaves.
    public let work: Double?
    /// Bytes that it will leave; nil: as before, scaled to the work.
    public let bytes: Int?
    /// How the work is cut where its stage has shards; nothing where that is not known.
    public let phases: [ShardPhase]

    /// - Parameters:
    ///   - work: in the stage's own unit; nil: its time goes by the bytes it leaves.
    ///   - bytes: that it will leave; nil: as before, scaled to the work.
    ///   - phases: how the work is cut where its stage has shards.
    public init(work: Double?, bytes: Int?, phases: [ShardPhase] = []) {
        self.work = work
        self.bytes = bytes
        self.phases = phases
    }

    /// How many times the work of `outcome` this is; nil when they cannot be compared.
    func scale(_ outcome: Outcome) -> Double? {
        if let work, let done = outcome.work, done > 0 { return work / done }
        if let bytes, outcome.bytes > 0 { return Double(bytes) / Double(outcome.bytes) }
        return nil
    }
}

extension Runner {
    /// What `run` with the same options would execute, in order, with the cost that earlier traces tell.
    /// - Parameter expecting: what is expected of the jobs, by id, from how all of them stand.
    /// - Throws: `EngineError.unknownSelection`, `.notSelected`, `.storage`; what `expecting` throws.
    public func predict(_ plan: Plan, expecting: ([JobStatus]) throws -> [String: ExpectedCost] = { _ in [:] }) throws
        -> [Prediction]
    {
        try asEngineError {
            let selection = try Selection(plan, options)
            let views = try look(at: plan)
            try requireSelected(plan, selection, views)
            let expected = try expecting(views.map(\.status))
            var byStage: [String: Outcome]?
            return try plan.jobs.indices.map { index in
                let view = views[index], job = plan.jobs[index]
                let wouldRun =
                    selection.forced.contains(index)
                    || selection.selected.contains(index) && view.status.state != .fresh
                guard wouldRun else {
                    return Prediction(status: view.status, wouldRun: false, seconds: nil, bytes: nil)
                }
                var outcome = try store.lastOutcome(plan: plan.name, job: job.id)
                if outcome == nil {
                    let known = try byStage ?? store.lastOutcomes()
                    byStage = known
                    outcome = known[job.stage.name]
                }
                let scale = outcome.flatMap { expected[job.id]?.scale($0) } ?? 1
                return Prediction(
                    status: view.status, wouldRun: true, seconds: outcome.map { $0.seconds * scale },
                    bytes: expected[job.id]?.bytes ?? outcome.map { Int(Double($0.bytes) * scale) })
            }
        }
    }

    /// What a run is sure to refuse: a selected job reads from one that is not up to date, nor selected. Where a job
    /// before that one runs, it may turn out to be up to date.
    private func requireSelected(_ plan: Plan, _ selection: Selection, _ views: [JobView]) throws {
        var moving: Set<Int> = []
        for index in plan.jobs.indices {
            let needs = plan.dependencies[index], isSelected = selection.selected.contains(index)
            let stale = needs.first {
                views[$0].artifacts == nil && !selection.selected.contains($0) && !moving.contains($0)
            }
            if isSelected, let stale {
                throw EngineError.notSelected(
                    job: plan.jobs[stale].id, neededBy: plan.jobs[index].id,
                    reason: views[stale].status.reason ?? .neverBuilt)
            }
            let runs = isSelected && (views[index].artifacts == nil || selection.forced.contains(index))
            if runs || needs.contains(where: moving.contains) { moving.insert(index) }
        }
    }
}

extension Store {
    /// The latest outcome of each stage in the store.
    func lastOutcomes() throws -> [String: Outcome] {
        var latest: [String: Outcome] = [:]
        for fingerprint in try fingerprints() {
            guard let trace = try trace(fingerprint), let outcome = trace.outcomes.last, outcome.work != 0 else {
                continue
            }
            if let known = latest[trace.fields.stage], known.finished >= outcome.finished { continue }
            latest[trace.fields.stage] = outcome
        }
        return latest
    }

    /// The outcome of a job when it ran last.
    func lastOutcome(plan: String, job: String) throws -> Outcome? {
        for fingerprint in try history(plan: plan, job: job)?.fingerprints ?? [] {
            // One that found all its work done by an attempt that died says nothing of what the job takes.
            if let outcome = try trace(fingerprint)?.outcomes.first, outcome.work != 0 { return outcome }
        }
        return nil
    }
}

extension Store {
    /// Core-seconds that a unit of each stage's work took last in this store: of processors that worked, not of such as
    /// waited.
    /// - Throws: `EngineError.storage`.
    public func coreSecondsPerWork() throws -> [String: Double] {
        try asEngineError {
            try lastOutcomes().compactMapValues { outcome in
                outcome.work.flatMap { $0 > 0 ? outcome.costOrEstimate.coreSeconds / $0 : nil }
            }
        }
    }
}

extension Outcome {
    /// Seconds that processors were given to the job for a unit of its work, also such as waited for a disk: what to ask a
    /// scheduler for. nil where the stage did not say how much work it was.
    var givenPerWork: Double? { work.flatMap { $0 > 0 ? seconds * Double(threads ?? 1) / $0 : nil } }

    /// Total size of the outputs.
    var bytes: Int { outputs.reduce(0) { $0 + $1.bytes } }
}
