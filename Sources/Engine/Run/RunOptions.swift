import Fingerprints

/// What a run should do and how. Jobs are named by their id or by their stage's name.
public struct RunOptions: Sendable {
    /// How many threads to use in all; so many jobs run at once at most.
    public var jobs: Int
    /// Run only these; what they read must be up to date.
    public var only: [String]
    /// Run only these and what depends on them; what they read must be up to date.
    public var from: [String]
    /// Run only these and what they depend on.
    public var until: [String]
    /// Execute these even if they are fresh.
    public var force: [String]
    /// Read every byte of inputs and artifacts instead of trusting size, times and inode.
    public var verify: Bool
    /// Seconds to wait for a job that another process is making; nil waits as long as that process lives.
    public var lockTimeout: Double?
    /// After a failure go on with what does not depend on it.
    public var keepGoing: Bool
    /// Written into traces: the program's and its libraries' versions.
    public var versions: [String: String]
    /// Names the first difference between two artifacts of the same output; the engine knows no file format.
    public var compare: (@Sendable (_ first: String, _ second: String) throws -> String?)?
    /// What an error says to a user: kept as the reason of a job that failed.
    public var describe: @Sendable (any Error) -> String = { withoutStoreAddresses("\($0)") }
    /// What asks the run to stop.
    public var cancellation: Cancellation
    /// Makes jobs elsewhere; nil: all are made here.
    public var executor: (any JobExecutor)?
    /// Where this run makes one job of an order: what this task took so far. The trace tells of all tasks of the job.
    var taskCost: (@Sendable () -> Cost)?
    /// SIGINT, SIGTERM and SIGHUP cancel the run.
    public var catchSignals: Bool
    /// Where a crash test kills the process.
    public var faults: FaultPoints
    /// Whose traces and artifacts are used in place of running a job, and who is given what this run has.
    public var remote: RemoteAccess?

    /// Everything of the plan, once, in one thread, but for what is given.
    /// - Parameter jobs: threads in all, at least 1.
    public init(
        jobs: Int = 1, only: [String] = [], from: [String] = [], until: [String] = [], force: [String] = [],
        verify: Bool = false,
        lockTimeout: Double? = nil, keepGoing: Bool = false, versions: [String: String] = [:],
        compare: (@Sendable (_ first: String, _ second: String) throws -> String?)? = nil,
        cancellation: Cancellation = Cancellation(),
        catchSignals: Bool = true, faults: FaultPoints = .off
    ) {
        self.jobs = max(1, jobs)
        self.only = only
        self.from = from
        self.until = until
        self.force = force
        self.verify = verify
        self.lockTimeout = lockTimeout
        self.keepGoing = keepGoing
        self.versions = versions
        self.compare = compare
        self.cancellation = cancellation
        self.catchSignals = catchSignals
        self.faults = faults
    }
}

/// The jobs of a plan that may run, and those that must.
struct Selection: Sendable {
    private(set) var selected: Set<Int>
    private(set) var forced: Set<Int>

    /// - Throws: `EngineError.unknownSelection`.
    init(_ plan: Plan, _ options: RunOptions) throws {
        selected = Set(plan.jobs.indices)
        forced = []
        if !options.only.isEmpty { selected.formIntersection(try plan.find(options.only)) }
        if !options.from.isEmpty {
            var reached = try plan.find(options.from)
            for index in plan.jobs.indices where !reached.isDisjoint(with: plan.dependencies[index]) {
                reached.insert(index)
            }
            selected.formIntersection(reached)
        }
        if !options.until.isEmpty {
            var reached = try plan.find(options.until)
            for index in plan.jobs.indices.reversed() where reached.contains(index) {
                reached.formUnion(plan.dependencies[index])
            }
            selected.formIntersection(reached)
        }
        forced = try plan.find(options.force).intersection(selected)
    }
}

extension Plan {
    /// The jobs with these ids or stage names.
    func find(_ names: [String]) throws -> Set<Int> {
        var found: Set<Int> = []
        for name in names {
            let matches = jobs.indices.filter { jobs[$0].id == name || jobs[$0].stage.name == name }
            guard !matches.isEmpty else {
                let known = Set(jobs.map(\.id) + jobs.map(\.stage.name)).sorted()
                throw EngineError.unknownSelection(name, known: known)
            }
            found.formUnion(matches)
        }
        return found
    }

    func index(_ job: String) throws -> Int {
        guard let index = indices[job] else { throw EngineError.unknownJob(job, known: jobs.map(\.id)) }
        return index
    }
}
