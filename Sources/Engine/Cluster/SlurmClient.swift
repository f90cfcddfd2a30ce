/// One `sbatch`: a script for one task, or for an array of them.
public struct SlurmSubmission: Sendable, Equatable {
    /// As the queue shows it; how a driver finds its jobs again.
    public var name: String
    /// A shell script, given to `sbatch` on its standard input.
    public var script: String
    /// Tasks of an array, indices from 0; nil: a job of its own.
    public var tasks: Int?
    /// Minutes that a task may take; 0: as long as the partition gives.
    public var minutes: Int
    /// Megabytes a task.
    public var memory: Int
    /// Processors of a task.
    public var cpus: Int
    /// Slurm's ids of what must have ended before, however it ended.
    public var after: [Int]

    /// - Parameters:
    ///   - tasks: of an array, indices from 0; nil: a job of its own.
    ///   - minutes: that a task may take; 0: as long as the partition gives.
    ///   - memory: megabytes a task.
    ///   - cpus: processors of a task.
    ///   - after: Slurm's ids of what must have ended before.
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
    /// The submission's.
    public let name: String
    /// In Slurm's words: `PENDING`, `RUNNING`, `OUT_OF_MEMORY`, …
    public let state: String
    /// Why it waits, in Slurm's words; `None` where nothing holds it.
    public let reason: String
    /// Of the script; 0 while it has not ended.
    public let exitCode: Int
    /// That ended it; 0 where none did.
    public let signal: Int
    /// Where it runs or ran; empty while it waits.
    public let node: String

    /// - Parameters:
    ///   - id: of the whole array.
    ///   - index: in the array; nil: no array.
    ///   - state: in Slurm's words.
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

    var isPending: Bool { state == "PENDING" || state.hasPrefix("REQUEUE") || state == "CONFIGURING" }
}

/// What a cluster allows.
public struct SlurmLimits: Sendable, Equatable {
    /// An array's indices are below it.
    public var maxArraySize: Int
    /// Processors of the largest node; nil where it is not said.
    public var cpusOfANode: Int?
    /// Whether ended jobs can be asked about (sacct).
    public var hasAccounting: Bool
    /// Slurm's own, as in `22.05.8`; `?` where it is not said.
    public var version: String

    /// - Parameters:
    ///   - maxArraySize: an array's indices are below it.
    ///   - cpusOfANode: of the largest node; nil where it is not said.
    ///   - hasAccounting: whether ended jobs can be asked about.
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
    /// - Throws: `SlurmError`.
    func queue() throws -> [SlurmJob]
    /// Ends these jobs with one request; such as have ended are no error.
    /// - Throws: `SlurmError`.
    func cancel(_ ids: [Int]) throws
    /// - Throws: `SlurmError`.
    func limits() throws -> SlurmLimits
    /// What accounting knows of these jobs; nothing where there is none.
    /// - Throws: `SlurmError`.
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

    /// What Slurm said and, where something helps, what to do.
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
