import Fingerprints

/// What came of giving a job to a remote store, or of taking it from there.
public struct RemoteTransfer: Sendable {
    /// What became of it; the raw value is what `--json` says.
    public enum State: String, Sendable {
        /// Its bytes went over.
        case moved
        /// All was on the other side already.
        case present
        /// The trace is known, its bytes were not asked for.
        case traceOnly = "trace"
        /// Not there, or not to be used: `reason` says why.
        case absent
    }

    /// The job's id.
    public let job: String
    /// The stage's name.
    public let stage: String
    /// What became of it.
    public let state: State
    /// Why it is absent; nil for anything else.
    public let reason: String?
    /// That went over.
    public let bytes: Int
}

extension Runner {
    /// Gives what is fresh here to the remote store: outputs first, the signed trace last.
    /// - Parameter jobs: ids or stage names; empty means all.
    /// - Throws: `EngineError.remoteOff`, `.nondeterministic` where a trusted trace there has other outputs,
    ///   `.unknownSelection`, `.storage`.
    public func push(_ plan: Plan, jobs: [String] = []) throws -> [RemoteTransfer] {
        try transfer(plan, jobs) { remote, chosen, pins in
            let writing = RemoteWriting(store: store, remote: remote, options: options, observer: observer)
            return try zip(plan.jobs.indices, try look(at: plan)).compactMap { index, view in
                guard chosen.contains(index) else { return nil }
                let job = plan.jobs[index]
                func result(_ state: RemoteTransfer.State, _ reason: String? = nil, bytes: Int = 0) -> RemoteTransfer {
                    RemoteTransfer(job: job.id, stage: job.stage.name, state: state, reason: reason, bytes: bytes)
                }
                guard view.artifacts != nil, let fingerprint = view.status.fingerprint else {
                    return result(.absent, "it is not up to date" + (view.status.reason.map { ": \($0)" } ?? ""))
                }
                switch try writing.push(job.id, fingerprint) {
                case .pushed(let bytes): return result(bytes > 0 ? .moved : .present, bytes: bytes)
                case .kept(let why):
                    guard let why else { throw EngineError.remoteOff(remote.store.name) }
                    return result(.absent, why)
                }
            }
        }
    }

    /// Takes from the remote store what is not here, runs nothing.
    /// - Parameter jobs: ids or stage names of those whose bytes are wanted; empty means all. Of what they depend on
    ///   come the traces.
    /// - Throws: `EngineError.remoteOff`, `.inputMissing`, `.unknownSelection`, `.storage`.
    public func pull(_ plan: Plan, jobs: [String] = []) throws -> [RemoteTransfer] {
        try transfer(plan, jobs) { remote, chosen, pins in
            let reading = RemoteReading(store: store, remote: remote, options: options, observer: observer, pins: pins)
            let inspector = inspector(plan)
            var known: [[Artifact]?] = []
            return try plan.jobs.indices.map { index in
                let job = plan.jobs[index]
                let before = remote.traffic.received
                func result(_ state: RemoteTransfer.State, _ reason: String? = nil) -> RemoteTransfer {
                    RemoteTransfer(
                        job: job.id, stage: job.stage.name, state: state, reason: reason,
                        bytes: remote.traffic.received - before)
                }
                if let lacking = plan.dependencies[index].first(where: { known[$0] == nil }) {
                    known.append(nil)
                    return result(.absent, "it needs \(plan.jobs[lacking].id)")
                }
                let ingredients = try inspector.ingredients(of: job) { name in
                    plan.indices[name].flatMap { known[$0] } ?? []
                }
                let (artifacts, isNew) = try take(job, ingredients, inspector, reading, plan)
                known.append(artifacts)
                guard let artifacts else {
                    guard remote.may(.reading) else { throw EngineError.remoteOff(remote.store.name) }
                    return result(.absent, "\(remote.store.name) has no trace of it that counts")
                }
                guard chosen.contains(index) else { return result(isNew ? .traceOnly : .present) }
                let isHere = try artifacts.allSatisfy {
                    try store.fileSystem.status(of: store.path(of: $0.digest)) != nil
                }
                if isHere { return result(.present) }
                guard try reading.bring(artifacts, for: job.id) else {
                    guard remote.may(.reading) else { throw EngineError.remoteOff(remote.store.name) }
                    return result(.absent, "its bytes are not to be had")
                }
                return result(.moved)
            }
        }
    }

    /// The outputs of a job as the store knows them, or else the remote one.
    private func take(
        _ job: Job, _ ingredients: Ingredients, _ inspector: Inspector, _ reading: RemoteReading, _ plan: Plan
    ) throws -> (artifacts: [Artifact]?, isNew: Bool) {
        if case .sound(_, let outcome, _) = try inspector.find(ingredients.fingerprint, job) {
            return (outcome.outputs, false)
        }
        let lock = try waitForLock(job, ingredients.fingerprint)
        defer { lock.release(removing: true) }
        guard try reading.take(job, ingredients),
            case .sound(_, let outcome, _) = try inspector.find(ingredients.fingerprint, job)
        else { return (nil, false) }
        try reading.pins.hold { ((), [ingredients.fingerprint] + outcome.outputs.map(\.digest)) }
        try store.noteCurrent(ingredients.fingerprint, plan: plan.name, job: job.id, stage: job.stage.name)
        return (outcome.outputs, true)
    }

    private func transfer(
        _ plan: Plan, _ jobs: [String], _ body: (RemoteAccess, Set<Int>, Pins) throws -> [RemoteTransfer]
    ) throws -> [RemoteTransfer] {
        try asEngineError {
            guard let remote = options.remote else { throw EngineError.remoteOff("no remote store is named: it") }
            let chosen = jobs.isEmpty ? Set(plan.jobs.indices) : try plan.find(jobs)
            try store.open()
            let pins = try Pins(store)
            defer { pins.release() }
            guard options.catchSignals else { return try body(remote, chosen, pins) }
            return try options.cancellation.catchingSignals { try body(remote, chosen, pins) }
        }
    }
}
