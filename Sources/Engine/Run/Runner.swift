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
    /// - Parameter survey: what was seen for other plans of the same answer.
    public func status(of plan: Plan, in survey: Survey = Survey()) throws -> [JobStatus] {
        try asEngineError { try look(at: plan, survey).map(\.status) }
    }

    /// Looks at `count` plans, several at once, and once at what they share. `answer` makes the plan of an index and asks by
    /// `status` how it stands, so that no more plans are in memory than are looked at.
    /// - Throws: as for one plan, and what `answer` throws.
    public func survey<Answer: Sendable>(
        _ count: Int, _ answer: @Sendable (_ index: Int, _ status: (Plan) throws -> [JobStatus]) throws -> Answer
    ) throws -> [Answer] {
        let survey = Survey()
        return try endingBySignal {
            let answers = try inParallel(count, threads: options.jobs) { index in
                try options.cancellation.check()
                return try answer(index) { plan in try asEngineError { try views(of: plan, survey).map(\.status) } }
            }
            try options.cancellation.check()
            return answers
        }
    }

    /// Executes what is not fresh among the selected jobs.
    /// - Returns: how each job stands afterwards, in the plan's order.
    /// - Throws: `EngineError`. Whatever was finished before is kept.
    public func run(_ plan: Plan) throws -> [JobStatus] {
        try asEngineError {
            let selection = try Selection(plan, options)
            try store.open()
            let session = RunSession(selection, inspector(plan), observer)
            return try endingBySignal { try session.run() }
        }
    }

    func look(at plan: Plan, _ survey: Survey = Survey()) throws -> [JobView] {
        try endingBySignal { try views(of: plan, survey) }
    }

    /// A signal ends looking as it ends a stage: hashing what changed may take long.
    private func endingBySignal<Result>(_ body: () throws -> Result) throws -> Result {
        guard options.catchSignals else { return try body() }
        return try options.cancellation.catchingSignals(body)
    }

    private func views(of plan: Plan, _ survey: Survey) throws -> [JobView] {
        try survey.checkStore { try store.checkIsStore() }
        let inspector = inspector(plan, survey)
        var views: [JobView] = []
        for (index, job) in plan.jobs.enumerated() {
            let stale = plan.dependencies[index].filter { views[$0].artifacts == nil }
            if !stale.isEmpty {
                views.append(try inspector.blocked(job, by: stale.map { plan.jobs[$0].id }))
            } else {
                let upstream = { (name: String) in plan.indices[name].flatMap { views[$0].artifacts } ?? [] }
                views.append(try inspector.view(of: job, upstream: upstream))
            }
        }
        return views
    }

    func inspector(_ plan: Plan, _ survey: Survey = Survey()) -> Inspector {
        Inspector(plan: plan, store: store, options: options, observer: observer, survey: survey)
    }
}
