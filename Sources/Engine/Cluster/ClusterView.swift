import Fingerprints

/// A job that a driver has on a cluster, or had.
public struct ClusterJob: Sendable {
    /// The fingerprint that the job was claimed under.
    public let fingerprint: Digest
    /// The job's id.
    public let job: String
    /// `pid@host job` of its driver.
    public let driver: String
    /// Whether the driver still holds its lock.
    public let isDriverAlive: Bool
    /// How often the job was ordered, from 1.
    public let attempt: Int
    /// Slurm's ids.
    public let ids: [Int]
    /// Tasks that wait, that run, that ended; 0 where the queue was not asked.
    public let pending: Int, running: Int, ended: Int
    /// Why tasks wait, in Slurm's words.
    public let reasons: [String]

    /// A line for the user.
    public var text: String {
        let waiting = reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))"
        let state =
            pending + running + ended == 0
            ? "nothing of it in the queue" : "\(pending) pending\(waiting), \(running) running, \(ended) ended"
        return
            "\(job): \(state); Slurm's \(ids.map(String.init).joined(separator: ", ")), attempt \(attempt); driver \(driver)\(isDriverAlive ? "" : ", which is gone: `attach` goes on")"
    }
}

/// A task of a cluster as it told of itself.
public struct ClusterTask: Sendable {
    /// The job's id.
    public let job: String
    /// `ATTEMPT-ARRAY-TASK` or `ATTEMPT-assembly`.
    public let task: String
    public let host: String?, code: Int?, error: String?
    public let seconds: Double?, memory: Int?
    /// What it took of its node.
    public let cost: Cost?
    /// Where what it printed lies, or would.
    public let log: String
}

extension Store {
    /// Which jobs of a plan are claimed for a cluster.
    /// - Parameter queue: asked only where there are such.
    /// - Throws: what `queue` throws, and `FileSystemError` for the store.
    public func clusterJobs(plan: String, queue: () throws -> [SlurmJob]) throws -> [ClusterJob] {
        let claims = try clusterFingerprints().compactMap { fingerprint in
            try ClusterFolder(store: self, fingerprint: fingerprint, isKnown: true).claim().map { (fingerprint, $0) }
        }.filter { $0.1.plan == plan }
        guard !claims.isEmpty else { return [] }
        let jobs = Dictionary(grouping: try queue(), by: \.id)
        return try claims.map { fingerprint, claim in
            let own = claim.submitted.flatMap { jobs[$0.id] ?? [] }, waiting = own.filter { $0.isLive && $0.isPending }
            return ClusterJob(
                fingerprint: fingerprint, job: claim.job, driver: claim.label,
                isDriverAlive: try isDriverAlive(claim.driver), attempt: claim.attempt,
                ids: claim.submitted.map(\.id), pending: waiting.count,
                running: own.count { $0.isLive && !$0.isPending },
                ended: own.count { !$0.isLive }, reasons: Set(waiting.map(\.reason)).subtracting(["None"]).sorted())
        }
    }

    /// Gives up a claim whose driver is gone.
    /// - Throws: `FileSystemError`.
    public func dropClaim(_ fingerprint: Digest) throws {
        try ClusterFolder(store: self, fingerprint: fingerprint).dropClaim()
    }

    /// The tasks of all orders whose definition is one that is asked for.
    /// - Parameter isWanted: job, stage, definition.
    /// - Throws: `FileSystemError`; what is damaged is left out.
    public func clusterTasks(_ isWanted: (String, String, Value) -> Bool) throws -> [ClusterTask] {
        var tasks: [ClusterTask] = []
        for fingerprint in try clusterFingerprints() {
            let folder = ClusterFolder(store: self, fingerprint: fingerprint, isKnown: true),
                names = try folder.names(),
                path = "\(folder.path)/job.json"
            guard names.contains("job.json"), let bytes = try fileSystem.read(path),
                let order = try? WorkOrder(json: bytes, path: path),
                isWanted(order.job, order.stage, order.definition)
            else { continue }
            let records = try (1...max(1, folder.attempts())).reduce(into: [TaskName: ExitRecord]()) { all, attempt in
                all.merge(try folder.records(attempt)) { $1 }
            }
            let logs = names.filter { $0.hasPrefix("log-") }.compactMap { TaskName($0.dropFirst(4)) }
            for task in Set(logs).union(records.keys).sorted(by: {
                ($0.attempt, $0.array ?? Int.max, $0.task) < ($1.attempt, $1.array ?? Int.max, $1.task)
            }) {
                let record = records[task]
                tasks.append(
                    ClusterTask(
                        job: order.job, task: "\(task)", host: record?.host, code: record?.code, error: record?.error,
                        seconds: record?.seconds,
                        memory: record?.memory, cost: record?.cost, log: folder.logPath("\(task)")))
            }
        }
        return tasks
    }

    private func clusterFingerprints() throws -> [Digest] {
        guard try fileSystem.names(in: root).contains("cluster") else { return [] }
        return try fileSystem.names(in: "\(root)/cluster").compactMap { Digest(hex: $0) }
    }

    /// Whether other hosts may see the store: it lies on a network disk.
    public var isOnSharedDisk: Bool { fileSystem.isShared(root) }

    /// The name of a detached driver's job, and where its log goes.
    /// - Throws: `FileSystemError`.
    public func driverName(_ experiment: String) throws -> String { "lv.driver.\(experiment).\(try clusterName())" }

    /// Where the log of an experiment's detached driver goes; its folder is made.
    /// - Throws: `EngineError` for what is no store, `FileSystemError` for the disk.
    public func driverLog(_ experiment: String) throws -> String {
        try open()
        _ = try clusterName()
        return "\(root)/cluster/driver-\(experiment).log"
    }
}
