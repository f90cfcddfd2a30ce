/// One `sbatch`: a script for one task, or for an array of them.
public struct SlurmSubmission: Sendable, Equatable {
    public var name: String
    public var script: String
    /// Tasks of an array, indices from 0; nil: a job of its own.
    public var tasks: Int?
    public var minutes: Int
    /// Megabytes a task.
    public var memory: Int
    public var cpus: Int
    /// Slurm's ids of what must have ended before, however it ended.
    public var after: [Int]

    public init(
        name: String, script: String, tasks: Int? = nil, minutes: Int, memory: Int, cpus: Int, after: [Int] = []
    ) {
        self.name = name
        self.script = script
        self.tasks = tasks
        self.minutes = minutes
        self.memory = memory
        self.cpus = cpus
        self.after = after
    }
}

/// A job, or an element of an array, as the queue shows it.
public struct SlurmJob: Sendable, Equatable {
    /// Of the whole array.
    public let id: Int
    /// Its index; nil: no array.
    public let index: Int?
    public let name: String
    /// In Slurm's words: `PENDING`, `RUNNING`, `OUT_OF_MEMORY`, …
    public let state: String
    public let reason: String
    public let exitCode: Int
    public let signal: Int
    public let node: String

    public init(
        id: Int, index: Int? = nil, name: String, state: String, reason: String = "None", exitCode: Int = 0,
        signal: Int = 0, node: String = ""
    ) {
        self.id = id
        self.index = index
        self.name = name
        self.state = state
        self.reason = reason
        self.exitCode = exitCode
        self.signal = signal
        self.node = node
    }

    /// Waits or runs, or will again: Slurm's business still.
    public var isLive: Bool {
        [
            "PENDING", "RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED",
            "RESIZING",
            "SIGNALING", "STAGE_OUT", "STOPPED", "SPECIAL_EXIT", "RESV_DEL_HOLD",
        ].contains(state)
    }

    public var isPending: Bool { state == "PENDING" || state.hasPrefix("REQUEUE") || state == "CONFIGURING" }
}

/// What a cluster allows.
public struct SlurmLimits: Sendable, Equatable {
    /// An array's indices are below it.
    public var maxArraySize: Int
    /// Processors of the largest node; nil where it is not said.
    public var cpusOfANode: Int?
    /// Whether ended jobs can be asked about (sacct).
    public var hasAccounting: Bool
    public var version: String

    public init(maxArraySize: Int, cpusOfANode: Int?, hasAccounting: Bool, version: String) {
        self.maxArraySize = maxArraySize
        self.cpusOfANode = cpusOfANode
        self.hasAccounting = hasAccounting
        self.version = version
    }
}

/// What is asked of Slurm.
public protocol SlurmClient: Sendable {
    /// - Returns: Slurm's id.
    /// - Throws: `SlurmError`.
    func submit(_ submission: SlurmSubmission) throws -> Int
    /// All of the user's jobs that Slurm knows, those that ended lately among them, an entry an element: one request
    /// for all.
    func queue() throws -> [SlurmJob]
    /// Ends these jobs with one request; such as have ended are no error.
    func cancel(_ ids: [Int]) throws
    func limits() throws -> SlurmLimits
    /// What accounting knows of these jobs; nothing where there is none.
    func accounted(_ ids: [Int]) throws -> [SlurmJob]
}

/// Why Slurm did not do what was asked.
public enum SlurmError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The commands are not here.
    case absent(String)
    /// No answer in time: what was asked for may have happened.
    case silent(String)
    /// The queue is full for this user: later.
    case full(String)
    /// It refuses this request, and would again.
    case refused(String)
    /// Anything else that may pass.
    case failed(String)

    public var description: String {
        switch self {
        case .absent(let text): "\(text); run this on a login node of the cluster, or without --executor slurm"
        case .silent(let text), .failed(let text): "Slurm does not answer: \(text)"
        case .full(let text): "Slurm takes no more jobs just now: \(text)"
        case .refused(let text):
            "Slurm refuses a job: \(text); mend \"slurm\" in lavise.json (partition, account, constraint, cpus)"
        }
    }
}
