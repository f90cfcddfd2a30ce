/// How a project uses a Slurm cluster; no part of any fingerprint.
public struct SlurmSettings: Sendable, Equatable {
    /// Of `sbatch`; nil: the cluster's own.
    public var partition: String?
    /// Of `sbatch`; nil: the user's own.
    public var account: String?
    /// Features that nodes must have: such as have the same arithmetic.
    public var constraint: String?
    /// How many tasks of ours may be in the queue.
    public var maxSubmit = 1000
    /// How long a task should take at least: short ones are packed.
    public var taskMinutes = 10.0
    /// Seconds between two looks at the queue.
    public var poll = 15.0
    /// Seconds between two looks at least, where jobs became ready in between.
    public var leastPause: Double { poll / 5 }
    /// How often a job is ordered at most.
    public var attempts = 4
    /// Lines of shell before the program: `module load …`.
    public var prologue = ""
    /// Processors of a task, by stage; without: 1 of an array's, 4 of others, or what nodes have.
    public var cpus: [String: Int] = [:]
    /// Seconds that a network disk may take to show what other hosts wrote.
    public var grace = 120.0

    /// The defaults.
    public init() {}

    /// How a sharded stage is cut into tasks of so many processors.
    package func division(cpus: Int) -> TaskDivision {
        TaskDivision(taskSeconds: taskMinutes * 60 * Double(cpus), limit: max(1, maxSubmit - 1))
    }

    /// Core-seconds for a unit of work where a sharded stage never ran in this store: a multiplication of the kernels,
    /// slowly.
    public static let unknownRate = 1e-10
    /// Core-seconds that a task takes beside its work: to start the program, to look at plan and store and to open what
    /// it reads. Measured: 0.03 for a task that finds its work done, 0.055 for the lightest that does some.
    public static let secondsPerTask = 0.05
}

/// What a task of a stage is to be given.
package struct SlurmRequest: Sendable, Equatable {
    package let minutes: Int
    /// Megabytes.
    package let memory: Int

    /// Asked for where nothing tells: a job that never ran here.
    static let unknownMinutes = 60.0, unknownMemory = 2_000.0
    /// - Parameters:
    ///   - seconds: that it should take; nil: unknown.
    ///   - peakMemory: bytes it took last.
    ///   - moreTime, moreMemory: how often it was too little.
    package init(seconds: Double?, peakMemory: Int?, moreTime: Int, moreMemory: Int) {
        let expected = seconds.map { $0 * 1.5 / 60 } ?? Self.unknownMinutes
        minutes = Int(((expected + 5) * Double(1 << moreTime)).rounded(.up))
        let megabytes = peakMemory.map { max(512, Double($0) * 1.3 / 1e6) } ?? Self.unknownMemory
        memory = Int((megabytes * Double(1 << moreMemory)).rounded(.up))
    }
}
