import Fingerprints

/// A job as it stands and, as far as they are known, its ingredients and trace.
struct JobView {
    let status: JobStatus
    let ingredients: Ingredients?
    let reasons: [Reason]
    let trace: Trace?
    let artifacts: [Artifact]?
}

extension Inspector {
    /// A job whose inputs are not known yet.
    func blocked(_ job: Job, by upstream: [String]) throws -> JobView {
        guard try store.history(plan: plan.name, job: job.id) != nil else { return view(job, .missing, [.neverBuilt]) }
        return view(job, .stale, upstream.map { .upstream(job: $0) })
    }

    func view(of job: Job, upstream: (String) -> [Artifact]) throws -> JobView {
        let ingredients: Ingredients
        do {
            ingredients = try self.ingredients(of: job, upstream: upstream)
        } catch EngineError.inputMissing(_, let name, let path) {
            return view(job, .missing, [.inputMissing(name: name, path: path)])
        }
        let found = try survey.found(ingredients.fingerprint) { try find(ingredients.fingerprint, job) }
        if case .sound(let trace, let outcome, let away) = found {
            let doubts: [Reason] = trace.outcomes.count > 1 ? [.nondeterministic(outcomes: trace.outcomes.count)] : []
            return JobView(
                status: status(job, ingredients, outcome, away: away, reason: doubts.first), ingredients: ingredients,
                reasons: doubts, trace: trace,
                artifacts: outcome.outputs)
        }
        let reasons = try self.reasons(job, ingredients, found)
        let isHeld = try store.holder(of: ingredients.fingerprint) != nil
        return view(job, isHeld ? .running : JobState(reasons[0]), reasons, ingredients)
    }

    /// - Parameter seconds: how long the execution just now took.
    func status(
        _ job: Job, _ ingredients: Ingredients, _ outcome: Outcome, away: Set<Digest> = [], seconds: Double? = nil,
        reason: Reason? = nil, ran: Bool = false,
        cutOff: Bool = false
    ) -> JobStatus {
        JobStatus(
            job: job.id, stage: job.stage.name, state: .fresh, reason: reason, fingerprint: ingredients.fingerprint,
            outputs: outcome.outputs.map { store.record($0, isHere: !away.contains($0.digest)) },
            seconds: seconds ?? outcome.seconds, ran: ran, cutOff: cutOff, made: outcome)
    }

    private func view(_ job: Job, _ state: JobState, _ reasons: [Reason], _ ingredients: Ingredients? = nil)
        -> JobView
    {
        let status = JobStatus(
            job: job.id, stage: job.stage.name, state: state, reason: reasons.first,
            fingerprint: ingredients?.fingerprint, outputs: [],
            seconds: nil, ran: false, cutOff: false, made: nil)
        return JobView(status: status, ingredients: ingredients, reasons: reasons, trace: nil, artifacts: nil)
    }
}

extension JobState {
    init(_ reason: Reason) {
        switch reason {
        case .neverBuilt, .outputMissing, .inputMissing, .traceLost: self = .missing
        case .failed: self = .failed
        default: self = .stale
        }
    }
}
