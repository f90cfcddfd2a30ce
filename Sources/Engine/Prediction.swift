import Fingerprints

/// What a run would do with a job, and what that may cost.
public struct Prediction: Sendable {
    public let status: JobStatus
    /// Whether a run would execute the job, as far as can be known before: a job after one that runs counts, though it
    /// is left alone if that one leaves the same bytes as before.
    public let wouldRun: Bool
    /// What it took last time: this job, or else another of the same stage. nil when the stage never ran in this store.
    public let seconds: Double?
    /// How many bytes it left then.
    public let bytes: Int?
}

extension Runner {
    /// What `run` with the same options would execute, in order, with the cost that earlier traces tell.
    /// - Throws: `EngineError.unknownSelection`, `.storage`.
    public func predict(_ plan: Plan) throws -> [Prediction] {
        try asEngineError {
            let selection = try Selection(plan, options)
            let views = try look(at: plan)
            var byStage: [String: Outcome]?
            return try plan.jobs.indices.map { index in
                let view = views[index]
                let wouldRun = selection.forced.contains(index) || selection.selected.contains(index) && view.status.state != .fresh
                guard wouldRun else { return Prediction(status: view.status, wouldRun: false, seconds: nil, bytes: nil) }
                var outcome = try lastOutcome(plan, plan.jobs[index])
                if outcome == nil {
                    let known = try byStage ?? lastOutcomes()
                    byStage = known
                    outcome = known[plan.jobs[index].stage.name]
                }
                return Prediction(status: view.status, wouldRun: true, seconds: outcome?.seconds, bytes: outcome?.bytes)
            }
        }
    }

    private func lastOutcome(_ plan: Plan, _ job: Job) throws -> Outcome? {
        for fingerprint in try store.history(plan: plan.name, job: job.id)?.fingerprints ?? [] {
            if let outcome = try store.trace(fingerprint)?.outcomes.first { return outcome }
        }
        return nil
    }

    /// The latest outcome of each stage in the store.
    private func lastOutcomes() throws -> [String: Outcome] {
        var latest: [String: Outcome] = [:]
        for fingerprint in try store.fingerprints() {
            guard let trace = try store.trace(fingerprint), let outcome = trace.outcomes.last else { continue }
            if let known = latest[trace.fields.stage], known.finished >= outcome.finished { continue }
            latest[trace.fields.stage] = outcome
        }
        return latest
    }
}

extension Outcome {
    /// Total size of the outputs.
    var bytes: Int { outputs.reduce(0) { $0 + $1.bytes } }
}
