import Fingerprints

/// What one run did, kept in the store so that `log` can tell.
public struct RunRecord: Sendable, Equatable {
    /// What became of a job.
    public struct Step: Sendable, Equatable {
        /// The job's id.
        public let job: String
        /// `run`, `fresh`, `cut off` or `failed`.
        public let action: String
        /// Why it ran, or what failed; empty where there is nothing to say.
        public let reason: String
        /// How long it took; nil where it did not run.
        public let seconds: Double?

        /// - Parameter action: `run`, `fresh`, `cut off` or `failed`.
        public init(job: String, action: String, reason: String = "", seconds: Double? = nil) {
            self.job = job
            self.action = action
            self.reason = reason
            self.seconds = seconds
        }
    }

    /// The plan's name: the experiment's.
    public let plan: String
    /// What the command line changed in the experiment.
    public let settings: [String]
    /// Seconds since 1970.
    public let began: Double
    /// Wall time of the whole run.
    public let seconds: Double
    /// The machine that it ran on.
    public let host: String
    /// The program's version.
    public let version: String
    /// Jobs that had something done to them: not those that were found fresh.
    public let steps: [Step]
    /// What came out, in a line.
    public let result: String
    /// The error that ended it; nil where none did.
    public let error: String?

    /// - Parameters:
    ///   - began: seconds since 1970.
    ///   - host: the name of the machine.
    public init(
        plan: String, settings: [String], began: Double, seconds: Double, host: String, version: String, steps: [Step],
        result: String, error: String?
    ) {
        self.plan = plan
        self.settings = settings
        self.began = began
        self.seconds = seconds
        self.host = host
        self.version = version
        self.steps = steps
        self.result = result
        self.error = error
    }
}

extension RunRecord {
    /// As it is kept and as `--json` shows it.
    public var value: Value {
        [
            "schema": 1, "experiment": .string(plan), "settings": .array(settings.map { .string($0) }),
            "began": .double(began),
            "seconds": .double(seconds), "host": .string(host), "version": .string(version), "result": .string(result),
            "error": error.map { .string($0) } ?? .null,
            "steps": .array(
                steps.map { step in
                    [
                        "job": .string(step.job), "action": .string(step.action), "reason": .string(step.reason),
                        "seconds": step.seconds.map { .double($0) } ?? .null,
                    ]
                }),
        ]
    }

    /// nil for what is damaged or of a newer format.
    init?(_ value: Value) {
        guard value["schema"] == 1, let plan = value["experiment"]?.stringValue,
            let began = value["began"]?.doubleValue,
            let seconds = value["seconds"]?.doubleValue, let host = value["host"]?.stringValue,
            let version = value["version"]?.stringValue, let steps = value["steps"]?.arrayValue?.map(Step.init),
            !steps.contains(nil),
            let result = value["result"]?.stringValue,
            let settings = value["settings"]?.arrayValue?.compactMap(\.stringValue)
        else { return nil }
        self.init(
            plan: plan, settings: settings, began: began, seconds: seconds, host: host, version: version,
            steps: steps.compactMap { $0 }, result: result, error: value["error"]?.stringValue)
    }
}

extension RunRecord.Step {
    init?(_ value: Value) {
        guard let job = value["job"]?.stringValue, let action = value["action"]?.stringValue,
            let reason = value["reason"]?.stringValue
        else { return nil }
        self.init(job: job, action: action, reason: reason, seconds: value["seconds"]?.doubleValue)
    }
}

extension Store {
    /// As many as anyone looks back at.
    private static let mostRecords = 2_000

    /// Keeps a run's record. What only informs ends no run: a store that cannot be written goes without.
    public func note(_ run: RunRecord) {
        do {
            let names = try fileSystem.names(in: "\(root)/runs").filter(StoreLayout.isRun).sorted()
            let name = StoreLayout.runName(began: run.began, unique: fileSystem.uniqueName())
            try place(Array(run.value.json(pretty: true).utf8), at: "\(root)/runs/\(name)", durable: false)
            for old in names.dropLast(Self.mostRecords - 1) { try fileSystem.remove("\(root)/runs/\(old)") }
        } catch {}
    }

    /// The runs that were recorded, the latest first. Records that cannot be read are left out.
    /// - Throws: `EngineError.storage`.
    public func runs() throws -> [RunRecord] {
        try asEngineError {
            try fileSystem.names(in: "\(root)/runs").filter(StoreLayout.isRun).sorted(by: >).compactMap { name in
                try fileSystem.read("\(root)/runs/\(name)").flatMap { try? Value(json: $0) }.flatMap(RunRecord.init)
            }
        }
    }
}
