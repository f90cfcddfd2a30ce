import Fingerprints

extension Store {
    /// The trace kept under a fingerprint. A damaged one counts as none: the job runs again.
    /// - Throws: `FileSystemError`.
    public func trace(_ fingerprint: Digest) throws -> Trace? {
        guard try isListed("ac", fingerprint) else { return nil }
        return try fileSystem.read(sharded("ac", fingerprint)).flatMap { Trace(json: $0, fingerprint: fingerprint) }
    }

    /// Whether a file may be there that another host wrote. A network disk remembers for a while which names were
    /// absent when they were asked for, but lists a folder anew: there only names that were listed are asked for.
    private func isListed(_ kind: String, _ digest: Digest) throws -> Bool {
        guard lease != nil else { return true }
        let hex = digest.hex, shard = String(hex.prefix(2))
        return try fileSystem.names(in: root).contains(kind) && fileSystem.names(in: "\(root)/\(kind)").contains(shard)
            && fileSystem.names(in: "\(root)/\(kind)/\(shard)").contains(hex)
    }

    func write(_ trace: Trace, faults: FaultPoints) throws {
        let text = trace.value.json(pretty: true) + "\n"
        try place(Array(text.utf8), at: sharded("ac", trace.fingerprint), durable: true, faults: faults, name: "trace")
        faults.pass("trace.synced")
    }

    /// Every fingerprint that has a trace.
    func fingerprints() throws -> [Digest] {
        try digests(in: "ac")
    }

    /// The digests that name the entries of a sharded folder.
    func digests(in kind: String) throws -> [Digest] {
        try fileSystem.names(in: "\(root)/\(kind)").filter(StoreLayout.isShard).flatMap { shard in
            try fileSystem.names(in: "\(root)/\(kind)/\(shard)").compactMap { name in
                StoreLayout.isDigest(name) && name.hasPrefix(shard) ? Digest(hex: name) : nil
            }
        }
    }
}

/// The fingerprints a job had, newest first: what `why` compares.
struct History: Sendable, Equatable {
    let plan: String
    let job: String
    let stage: String
    private(set) var fingerprints: [Digest]

    /// As many as anyone asks about.
    static let limit = 16

    init(plan: String, job: String, stage: String, fingerprints: [Digest] = []) {
        self.plan = plan
        self.job = job
        self.stage = stage
        self.fingerprints = fingerprints
    }

    init?(_ value: Value) {
        guard value["schema"] == 1, let plan = value["plan"]?.stringValue, let job = value["job"]?.stringValue,
            let stage = value["stage"]?.stringValue, let list = value["fingerprints"]?.arrayValue
        else { return nil }
        self.init(
            plan: plan, job: job, stage: stage,
            fingerprints: list.compactMap { $0.stringValue.flatMap(Digest.init(hex:)) })
    }

    var value: Value {
        [
            "schema": 1, "plan": .string(plan), "job": .string(job), "stage": .string(stage),
            "fingerprints": .array(fingerprints.map { .string($0.hex) }),
        ]
    }

    mutating func put(first fingerprint: Digest) {
        fingerprints.removeAll { $0 == fingerprint }
        fingerprints = Array([fingerprint] + fingerprints.prefix(Self.limit - 1))
    }

    static func key(plan: String, job: String) -> Digest { Value.array([.string(plan), .string(job)]).digest }
}

extension Store {
    func history(plan: String, job: String) throws -> History? {
        try history(History.key(plan: plan, job: job))
    }

    func history(_ key: Digest) throws -> History? {
        guard let bytes = try fileSystem.read(sharded("history", key)), let value = try? Value(json: bytes) else {
            return nil
        }
        return History(value)
    }

    /// Notes that `fingerprint` is the job's current one.
    func noteCurrent(_ fingerprint: Digest, plan: String, job: String, stage: String) throws {
        var history = try history(plan: plan, job: job) ?? History(plan: plan, job: job, stage: stage)
        guard history.fingerprints.first != fingerprint else { return }
        history.put(first: fingerprint)
        let key = History.key(plan: plan, job: job)
        do {
            try place(Array(history.value.json(pretty: true).utf8), at: sharded("history", key), durable: false)
        } catch let error as FileSystemError where error.isReadOnly {
            // To be looked at only.
        }
    }

    /// The message of the last attempt under a fingerprint, if it failed.
    func failure(_ fingerprint: Digest) throws -> String? {
        guard let bytes = try fileSystem.read(sharded("failures", fingerprint)), let value = try? Value(json: bytes)
        else { return nil }
        return value["error"]?.stringValue
    }

    func noteFailure(_ fingerprint: Digest, job: String, message: String, seconds: Double, host: String) throws {
        let value: Value = [
            "schema": 1, "job": .string(job), "error": .string(message), "seconds": .double(seconds),
            "host": .string(host),
            "finished": .double(Double(time.now()) / 1e9),
        ]
        try place(Array(value.json(pretty: true).utf8), at: sharded("failures", fingerprint), durable: false)
    }

    func forgetFailure(_ fingerprint: Digest) throws {
        try fileSystem.remove(sharded("failures", fingerprint))
    }
}
