import Fingerprints

/// Looks at jobs without changing anything: what their fingerprints are, and whether the store has what they would
/// leave.
final class Inspector: Sendable {
    let plan: Plan
    let store: Store
    let options: RunOptions
    private let observer: any RunObserver
    let survey: Survey

    /// - Parameter survey: of an answer about several plans; a run has one of its own.
    init(plan: Plan, store: Store, options: RunOptions, observer: any RunObserver, survey: Survey = Survey()) {
        self.plan = plan
        self.store = store
        self.options = options
        self.observer = observer
        self.survey = survey
    }

    /// - Parameter upstream: the artifacts of a job that this one reads from.
    /// - Throws: `EngineError.inputMissing`, `.inputChangedDuringRun`.
    func ingredients(of job: Job, upstream: (String) -> [Artifact]) throws -> Ingredients {
        var inputs: [TracedInput] = []
        var paths: [String: String] = [:]
        for input in job.inputs {
            switch input.source {
            case .file(let path):
                let path = try store.fileSystem.absolute(path)
                let content = try content(of: path, input, job: job.id)
                inputs.append(
                    TracedInput(name: input.name, source: "file:\(path)", digest: content.digest, bytes: content.bytes))
                paths[input.name] = path
            case .output(let source, let name):
                guard let artifact = upstream(source).first(where: { $0.name == name }) else {
                    throw EngineError.notBuilt(job: source, reason: .outputMissing(name: name))
                }
                inputs.append(
                    TracedInput(
                        name: input.name, source: "\(source)/\(name)", digest: artifact.digest, bytes: artifact.bytes))
                paths[input.name] = store.path(of: artifact.digest)
            }
        }
        let digests = Dictionary(uniqueKeysWithValues: inputs.map { ($0.name, $0.digest) })
        let fields = try FingerprintFields(stage: job.stage, inputs: digests, numericsKey: job.stage.numericsKey())
        return Ingredients(fields: fields, fingerprint: fields.value.digest, inputs: inputs, paths: paths)
    }

    /// Looks for a trace whose artifacts are sound.
    func find(_ fingerprint: Digest, _ job: Job) throws -> Finding {
        guard let trace = try store.trace(fingerprint) else { return .nothing }
        var damage: (reason: Reason, corrupt: [Artifact])?
        for outcome in trace.outcomes {
            var away: Set<Digest> = []
            guard let found = try self.damage(of: outcome, fingerprint, job, &away) else {
                return .sound(trace, outcome, away: away)
            }
            damage = damage ?? found
        }
        guard let damage else { return .nothing }
        return .damaged(trace, damage.reason, corrupt: damage.corrupt)
    }

    private func damage(of outcome: Outcome, _ fingerprint: Digest, _ job: Job, _ away: inout Set<Digest>) throws -> (
        reason: Reason, corrupt: [Artifact]
    )? {
        var reason: Reason?
        var corrupt: [Artifact] = []
        for artifact in outcome.outputs {
            switch try store.check(artifact, verify: options.verify, threads: options.jobs, hashed: hashed(for: job.id))
            {
            case .sound: continue
            case .missing where try store.isRemote(fingerprint): away.insert(artifact.digest)
            case .missing: reason = reason ?? .outputMissing(name: artifact.name)
            case .corrupt(let detail):
                reason = reason ?? .outputCorrupt(name: artifact.name, detail: detail)
                corrupt.append(artifact)
            }
        }
        return reason.map { ($0, corrupt) }
    }

    /// Why a job with these ingredients has to run, all reasons, the most telling first. Never empty.
    func reasons(_ job: Job, _ ingredients: Ingredients, _ found: Finding) throws -> [Reason] {
        if case .damaged(_, let reason, _) = found { return [reason] }
        if case .sound(_, let outcome, let away) = found,
            let first = outcome.outputs.first(where: { away.contains($0.digest) })
        {
            return [.outputMissing(name: first.name)]
        }
        if let message = try store.failure(ingredients.fingerprint) { return [.failed(message: message)] }
        guard let history = try store.history(plan: plan.name, job: job.id) else { return [.neverBuilt] }
        if history.fingerprints.contains(ingredients.fingerprint) { return [.traceLost] }
        for fingerprint in history.fingerprints {
            guard let trace = try store.trace(fingerprint) else { continue }
            return ingredients.fields.changes(since: trace.fields)
        }
        return [.neverBuilt]
    }

    /// The content of a file or folder outside the store, hashed at most once a run.
    private func content(of path: String, _ input: Input, job: String) throws -> Content {
        let key = try key(of: path, input), selected = try selected(input, job: job)
        return try survey.content(key) {
            switch try store.look(
                atInput: path, key: key, selected: selected, verify: options.verify, threads: options.jobs,
                hashed: hashed(for: job))
            {
            case .absent: throw EngineError.inputMissing(job: job, name: input.name, path: path)
            case .unstable: throw EngineError.inputChangedDuringRun(job: job, name: input.name, path: path)
            case .content(let content): return content
            }
        }
    }

    private func key(of path: String, _ input: Input) throws -> Digest { try store.inputKey(path, input.selection) }

    /// Which files of the input count; nil, all of them, also where the file that would say so is not there.
    private func selected(_ input: Input, job: String) throws -> StatCache.Selected? {
        guard let selection = input.selection else { return nil }
        let file = try store.fileSystem.absolute(selection.file)
        guard try store.fileSystem.status(of: file) != nil else { return nil }
        let content = try content(of: file, Input(input.name, .file(file)), job: job)
        return StatCache.Selected(digest: content.digest, names: selection.names)
    }

    /// Tells the observer how far hashing for a job is, and ends it when the run is cancelled.
    private func hashed(for job: String) -> HashProgress {
        let meter = ProgressMeter(job: job, observer: observer, time: store.time)
        return { [cancellation = options.cancellation] more, total in
            try cancellation.check()
            meter.hashed(more, of: total)
        }
    }

    /// - Throws: `EngineError.inputChangedDuringRun` if an input outside the store is no longer what was fingerprinted.
    func checkUnchanged(_ job: Job, _ ingredients: Ingredients) throws {
        for input in job.inputs {
            guard case .file = input.source, let path = ingredients.paths[input.name] else { continue }
            let digest = ingredients.fields.inputs[input.name]
            let look = try store.look(
                atInput: path, key: key(of: path, input), selected: selected(input, job: job.id), verify: false,
                threads: options.jobs)
            guard case .content(let content) = look, content.digest == digest else {
                throw EngineError.inputChangedDuringRun(job: job.id, name: input.name, path: path)
            }
        }
    }
}
