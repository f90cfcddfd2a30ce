import Fingerprints

/// Brings plans up to date, and says how they stand.
public struct Runner: Sendable {
    /// Where traces and artifacts are kept.
    public let store: Store
    /// What is run, and how.
    public let options: RunOptions
    let observer: any RunObserver

    /// Nothing is opened before the first question.
    public init(store: Store, options: RunOptions = RunOptions(), observer: any RunObserver = SilentObserver()) {
        self.store = store
        self.options = options
        self.observer = observer
    }

    /// How each job stands, in the plan's order. Builds nothing; only remembers what it hashed.
    /// - Throws: `EngineError.storage` when the store cannot be read, `.notAStore`, `.newerFormat`.
    public func status(of plan: Plan) throws -> [JobStatus] {
        try asEngineError { try look(at: plan).map(\.status) }
    }

    /// Executes what is not fresh among the selected jobs.
    /// - Returns: how each job stands afterwards, in the plan's order.
    /// - Throws: `EngineError`. Whatever was finished before is kept.
    public func run(_ plan: Plan) throws -> [JobStatus] {
        try asEngineError {
            let selection = try Selection(plan, options)
            try store.open()
            let session = RunSession(selection, inspector(plan), observer)
            guard options.catchSignals else { return try session.run() }
            return try options.cancellation.catchingSignals { try session.run() }
        }
    }

    /// A job as it stands and, as far as they are known, its ingredients and trace.
    struct View {
        let status: JobStatus
        let ingredients: Inspector.Ingredients?
        let reasons: [Reason]
        let trace: Trace?
        let artifacts: [Artifact]?
    }

    /// Hashing what changed may take long: a signal ends it as it ends a stage.
    func look(at plan: Plan) throws -> [View] {
        guard options.catchSignals else { return try views(of: plan) }
        return try options.cancellation.catchingSignals { try views(of: plan) }
    }

    private func views(of plan: Plan) throws -> [View] {
        try store.checkIsStore()
        let inspector = inspector(plan)
        var views: [View] = []
        for (index, job) in plan.jobs.enumerated() {
            let stale = plan.dependencies[index].filter { views[$0].artifacts == nil }
            if !stale.isEmpty {
                views.append(try inspector.blocked(job, by: stale.map { plan.jobs[$0].id }))
            } else {
                views.append(
                    try inspector.view(of: job) { name in plan.indices[name].flatMap { views[$0].artifacts } ?? [] })
            }
        }
        return views
    }

    func inspector(_ plan: Plan) -> Inspector {
        Inspector(plan: plan, store: store, options: options, observer: observer)
    }
}

/// Runs `body`, and calls a failing disk what it is.
func asEngineError<Result>(_ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch let error as FileSystemError {
        throw EngineError.storage(error)
    }
}

extension Inspector {
    /// A job whose inputs are not known yet.
    func blocked(_ job: Job, by upstream: [String]) throws -> Runner.View {
        guard try store.history(plan: plan.name, job: job.id) != nil else { return view(job, .missing, [.neverBuilt]) }
        return view(job, .stale, upstream.map { .upstream(job: $0) })
    }

    func view(of job: Job, upstream: (String) -> [Artifact]) throws -> Runner.View {
        let ingredients: Ingredients
        do {
            ingredients = try self.ingredients(of: job, upstream: upstream)
        } catch EngineError.inputMissing(_, let name, let path) {
            return view(job, .missing, [.inputMissing(name: name, path: path)])
        }
        let found = try find(ingredients.fingerprint, job)
        if case .sound(let trace, let outcome, let away) = found {
            let doubts: [Reason] = trace.outcomes.count > 1 ? [.nondeterministic(outcomes: trace.outcomes.count)] : []
            return Runner.View(
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
            seconds: seconds ?? outcome.seconds, ran: ran, cutOff: cutOff)
    }

    private func view(_ job: Job, _ state: JobState, _ reasons: [Reason], _ ingredients: Ingredients? = nil)
        -> Runner.View
    {
        let status = JobStatus(
            job: job.id, stage: job.stage.name, state: state, reason: reasons.first,
            fingerprint: ingredients?.fingerprint, outputs: [],
            seconds: nil, ran: false, cutOff: false)
        return Runner.View(status: status, ingredients: ingredients, reasons: reasons, trace: nil, artifacts: nil)
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
