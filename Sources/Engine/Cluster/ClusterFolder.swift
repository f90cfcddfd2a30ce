import Fingerprints

/// `cluster/<fingerprint>/` of a store: who has a job on the cluster, what was ordered, what became of each task, and
/// its log. Every file is written whole and once, but for the claim, which its driver alone replaces. Folders are
/// listed before a name is asked for: on a network disk one that was absent may stay so for a while.
package struct ClusterFolder: Sendable {
    let store: Store
    let fingerprint: Digest
    /// Whether a listing of `cluster/` has shown it, or it was made here: then it need not be looked for in one, which
    /// is long where jobs are many.
    var isKnown: Bool

    package init(store: Store, fingerprint: Digest, isKnown: Bool = false) {
        (self.store, self.fingerprint, self.isKnown) = (store, fingerprint, isKnown)
    }

    var path: String { "\(store.root)/cluster/\(fingerprint.hex)" }

    package func names() throws -> [String] {
        guard try isKnown || store.fileSystem.names(in: "\(store.root)/cluster").contains(fingerprint.hex) else {
            return []
        }
        return try store.fileSystem.names(in: path)
    }

    private func value(_ name: String, among names: [String]? = nil) throws -> Value? {
        guard try (names ?? self.names()).contains(name), let bytes = try store.fileSystem.read("\(path)/\(name)")
        else { return nil }
        return try? Value(json: bytes)
    }

    package func claim() throws -> ClusterClaim? { try value("claim").flatMap(ClusterClaim.init) }

    /// Claims the job for a driver.
    /// - Returns: false when there is a claim already.
    package func take(_ claim: ClusterClaim) throws -> Bool {
        let file = "\(path)/claim"
        return try store.makingFolder(of: file, durable: false) {
            try store.fileSystem.create(Array(claim.value.json(pretty: true).utf8), at: file)
        }
    }

    /// Takes over the claim of a driver that is dead. Moved aside first: of several that try one succeeds.
    /// - Returns: what it says now; nil when another was quicker.
    package func takeOver(_ old: ClusterClaim, by driver: String, label: String) throws -> ClusterClaim? {
        let aside = "\(path)/claim-\(store.fileSystem.uniqueName())"
        do {
            try store.fileSystem.rename("\(path)/claim", to: aside)
        } catch let error as FileSystemError where error.isAbsent {
            return nil
        }
        defer { try? store.fileSystem.remove(aside) }
        var claim = old
        (claim.driver, claim.label) = (driver, label)
        return try take(claim) ? claim : nil
    }

    func update(_ claim: ClusterClaim) throws {
        try store.place(Array(claim.value.json(pretty: true).utf8), at: "\(path)/claim", durable: false)
    }

    func dropClaim() throws { try store.fileSystem.remove("\(path)/claim") }

    func write(_ order: WorkOrder) throws {
        try store.place(
            Array((order.value.json(pretty: false) + "\n").utf8), at: "\(path)/\(WorkOrder.name(order.attempt))",
            durable: false)
    }

    /// How many orders there have been.
    package func attempts() throws -> Int {
        try names().compactMap { $0 == "job.json" ? 1 : $0.hasPrefix("job-") ? Int($0.dropFirst(4).dropLast(5)) : nil }
            .max() ?? 0
    }

    package func write(_ record: ExitRecord, _ task: TaskName) throws {
        try store.place(
            Array((record.value.json(pretty: true) + "\n").utf8), at: "\(path)/exit-\(task)-r\(record.restart).json",
            durable: false)
    }

    /// What the tasks of an attempt left, the last of each.
    package func records(_ attempt: Int) throws -> [TaskName: ExitRecord] {
        let names = try names()
        var records: [TaskName: ExitRecord] = [:]
        for name in names where name.hasPrefix("exit-") && name.hasSuffix(".json") {
            guard let task = TaskName(name.dropFirst(5).prefix { $0 != "r" }.dropLast()), task.attempt == attempt,
                let record = try value(name, among: names).flatMap(ExitRecord.init)
            else { continue }
            if record.restart >= records[task]?.restart ?? 0 { records[task] = record }
        }
        return records
    }

    /// What tasks took, and did.
    package struct Spent: Sendable {
        /// That processors were given to them.
        package var seconds = 0.0
        /// In the stage's unit.
        package var work = 0.0
        package var cost = Cost(coreSeconds: 0, joules: 0)
    }

    /// Of all attempts of the claim.
    func spent() throws -> Spent { try spent(since: claim()?.firstAttempt ?? 1) }

    package func spent(since first: Int) throws -> Spent {
        let names = try names()
        var sum = Spent()
        for name in names where name.hasPrefix("exit-") {
            guard let attempt = Int(name.dropFirst(5).prefix { $0 != "-" }), attempt >= first,
                let record = try value(name, among: names).flatMap(ExitRecord.init)
            else { continue }
            let seconds = record.seconds * Double(record.cores)
            sum.seconds += seconds
            sum.work += record.work
            sum.cost = sum.cost + (record.cost ?? Cost(coreSeconds: seconds))
        }
        return sum
    }

    func logPath(_ task: String) -> String { "\(path)/log-\(task)" }

    package func writeProgress(_ done: Int, _ total: Int, _ unit: String, _ task: TaskName) throws {
        let value: Value = ["done": .int(done), "total": .int(total), "unit": .string(unit)]
        try store.placeIfPossible(Array(value.json(pretty: false).utf8), at: "\(path)/progress-\(task)")
    }

    /// How far the tasks of an attempt are, those of the array that is at work summed up.
    package func progress(_ tasks: [TaskName]) throws -> (done: Int, total: Int, unit: String)? {
        let names = try Set(self.names())
        var sum: (done: Int, total: Int, unit: String)?
        for task in tasks where names.contains("progress-\(task)") {
            guard let value = try store.fileSystem.read("\(path)/progress-\(task)").flatMap({ try? Value(json: $0) }),
                let done = value["done"]?.intValue, let total = value["total"]?.intValue,
                let unit = value["unit"]?.stringValue
            else { continue }
            if let known = sum, known.unit == unit {
                sum = (known.done + done, known.total + total, unit)
            } else {
                sum = (done, total, unit)
            }
        }
        return sum
    }
}

/// `ATTEMPT-ARRAY-TASK`, or `ATTEMPT-assembly`.
package struct TaskName: Hashable, Sendable, CustomStringConvertible {
    let attempt: Int
    /// nil: the assembly.
    package let array: Int?
    let task: Int

    package init(attempt: Int, array: Int? = nil, task: Int = 0) {
        self.attempt = attempt
        self.array = array
        self.task = task
    }

    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-")
        guard let attempt = parts.first.flatMap({ Int($0) }) else { return nil }
        if parts.count == 2, parts[1] == "assembly" {
            self.init(attempt: attempt)
        } else if parts.count == 3, let array = Int(parts[1]), let task = Int(parts[2]) {
            self.init(attempt: attempt, array: array, task: task)
        } else {
            return nil
        }
    }

    package var description: String { array.map { "\(attempt)-\($0)-\(task)" } ?? "\(attempt)-assembly" }
}

/// Who has a job on the cluster.
package struct ClusterClaim: Sendable, Equatable {
    /// A submission of this attempt.
    package struct Submitted: Sendable, Equatable {
        /// Slurm's id.
        let id: Int
        /// nil: the assembly.
        let array: Int?
        /// Its first task, and how many there are.
        let first: Int, count: Int
    }

    /// The token of a driver, whose lock tells whether it lives.
    package var driver: String
    /// `pid@host job`
    package var label: String
    let job: String
    let plan: String
    package var attempt: Int
    /// The number of its first attempt: there may have been orders before.
    let firstAttempt: Int
    /// How often more time, and more memory, was asked for than at first: doubled each time.
    package var moreTime = 0, moreMemory = 0
    /// The error of the attempt before; the same again stops.
    package var lastError: String?
    var submitted: [Submitted] = []
    /// Whether all that the attempt consists of was submitted.
    var isComplete = false

    package init(driver: String, label: String, job: String, plan: String, attempt: Int, firstAttempt: Int? = nil) {
        self.driver = driver
        self.label = label
        self.job = job
        self.plan = plan
        self.attempt = attempt
        self.firstAttempt = firstAttempt ?? attempt
    }

    var value: Value {
        [
            "schema": 1, "driver": .string(driver), "label": .string(label), "job": .string(job), "plan": .string(plan),
            "attempt": .int(attempt),
            "firstAttempt": .int(firstAttempt), "moreTime": .int(moreTime), "moreMemory": .int(moreMemory),
            "lastError": lastError.map { .string($0) } ?? .null,
            "complete": .bool(isComplete),
            "submitted": .array(
                submitted.map { one in
                    [
                        "id": .int(one.id), "array": one.array.map { .int($0) } ?? .null, "first": .int(one.first),
                        "count": .int(one.count),
                    ]
                }),
        ]
    }

    init?(_ value: Value) {
        guard value["schema"] == 1, let driver = value["driver"]?.stringValue, let label = value["label"]?.stringValue,
            let job = value["job"]?.stringValue, let plan = value["plan"]?.stringValue,
            let attempt = value["attempt"]?.intValue,
            let submitted = value["submitted"]?.arrayValue
        else { return nil }
        self.init(
            driver: driver, label: label, job: job, plan: plan, attempt: attempt,
            firstAttempt: value["firstAttempt"]?.intValue)
        moreTime = value["moreTime"]?.intValue ?? 0
        moreMemory = value["moreMemory"]?.intValue ?? 0
        lastError = value["lastError"]?.stringValue
        isComplete = value["complete"]?.boolValue ?? false
        self.submitted = submitted.compactMap { one in
            guard let id = one["id"]?.intValue, let first = one["first"]?.intValue, let count = one["count"]?.intValue
            else { return nil }
            return Submitted(id: id, array: one["array"]?.intValue, first: first, count: count)
        }
    }
}

/// How a task ended, by its own account.
package struct ExitRecord: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case done
        /// The stage failed.
        case failed
        /// This will never work, wherever it runs: other bits or inputs than were ordered, another program.
        case refused
        /// Ended by a signal; what was finished is kept.
        case interrupted
    }

    let kind: Kind
    let code: Int
    let signal: Int?
    let error: String?
    let host: String
    let seconds: Double
    let cores: Int
    /// In the stage's unit.
    let work: Double
    /// Peak, in bytes.
    let memory: Int
    /// How often Slurm had started the task before.
    let restart: Int
    /// nil in records of before this was noted.
    package let cost: Cost?

    var value: Value {
        let members: [String: Value] = [
            "schema": 1, "kind": .string(kind.rawValue), "code": .int(code), "signal": signal.map { .int($0) } ?? .null,
            "error": error.map { .string($0) } ?? .null, "host": .string(host), "seconds": .double(seconds),
            "cores": .int(cores),
            "work": .double(work), "memory": .int(memory), "restart": .int(restart),
        ]
        return .object(members.merging(cost?.members ?? [:]) { $1 })
    }

    package init(
        kind: Kind, code: Int, signal: Int? = nil, error: String? = nil, host: String, seconds: Double, cores: Int,
        work: Double, memory: Int,
        restart: Int, cost: Cost?
    ) {
        self.kind = kind
        self.code = code
        self.signal = signal
        self.error = error
        self.host = host
        self.seconds = seconds
        self.cores = cores
        self.work = work
        self.memory = memory
        self.restart = restart
        self.cost = cost
    }

    init?(_ value: Value) {
        guard value["schema"] == 1, let kind = value["kind"]?.stringValue.flatMap(Kind.init),
            let code = value["code"]?.intValue,
            let host = value["host"]?.stringValue, let seconds = value["seconds"]?.doubleValue,
            let cores = value["cores"]?.intValue,
            let work = value["work"]?.doubleValue, let memory = value["memory"]?.intValue,
            let restart = value["restart"]?.intValue
        else { return nil }
        self.init(
            kind: kind, code: code, signal: value["signal"]?.intValue, error: value["error"]?.stringValue, host: host,
            seconds: seconds,
            cores: cores, work: work, memory: memory, restart: restart, cost: Cost(value))
    }
}
