import Fingerprints

/// Why a job is not fresh, or why it last ran, followed to where the change came from.
public struct Explanation: Sendable, CustomStringConvertible {
    /// One job on the way from the one that was asked about to where the change came from.
    public struct Step: Sendable {
        /// The job's id.
        public let job: String
        /// The stage's name.
        public let stage: String
        /// How the job stands.
        public let state: JobState
        /// Every field that changed, old → new.
        public let reasons: [Reason]
        /// What changed inside: files of an input folder, for instance.
        public let details: [String]
    }

    /// The job asked about, then the jobs whose changes reached it, nearest first.
    public let steps: [Step]

    /// A heading a job; indented below it what changed.
    public var description: String {
        steps.map { step in
            let heading =
                step.state == .fresh
                ? "\(step.job) is fresh; it last ran because of" : "\(step.job) is \(step.state.rawValue)"
            return ([heading] + step.reasons.map { "  \($0)" } + step.details.map { "    \($0)" }).joined(
                separator: "\n")
        }.joined(separator: "\n")
    }
}

extension Runner {
    /// Names the exact fields in which a job differs from how it was last built, and follows changed inputs upstream.
    /// For a fresh job: in which it differed from the build before.
    /// - Throws: `EngineError.unknownJob`, `.storage`.
    public func why(_ plan: Plan, job: String) throws -> Explanation {
        try asEngineError {
            let index = try plan.index(job)
            var search = CauseSearch(plan: plan, store: store, views: try look(at: plan))
            try search.follow(index)
            return Explanation(steps: search.steps)
        }
    }
}

private struct CauseSearch {
    let plan: Plan
    let store: Store
    let views: [JobView]
    var steps: [Explanation.Step] = []
    var seen: Set<Int> = []

    /// How many changed files to name.
    static let filesNamed = 5

    init(plan: Plan, store: Store, views: [JobView]) {
        self.plan = plan
        self.store = store
        self.views = views
    }

    /// Adds the job's own reasons, then those of the jobs they come from.
    mutating func follow(_ index: Int) throws {
        let view = views[index]
        guard view.status.state == .fresh, let trace = view.trace else {
            return try add(index, view.reasons)
        }
        try add(index, trace, since: try earlierTrace(plan.jobs[index], than: trace.fingerprint))
    }

    /// Adds what changed in a job between two traces.
    private mutating func add(_ index: Int, _ trace: Trace, since old: Trace?) throws {
        let doubts = views[index].reasons
        try add(index, doubts + (old.map { trace.fields.changes(since: $0.fields) } ?? [.neverBuilt]))
    }

    private mutating func add(_ index: Int, _ reasons: [Reason]) throws {
        guard seen.insert(index).inserted else { return }
        let job = plan.jobs[index]
        var details: [String] = []
        var causes: [(Int, old: Digest?)] = []
        for reason in reasons {
            switch reason {
            case .upstream(let name):
                if let upstream = plan.indices[name] { causes.append((upstream, nil)) }
            case .inputChanged(let name, let old, let new):
                switch job.inputs.first(where: { $0.name == name })?.source {
                case .file?: details += try changedFiles(old, new)
                case .output(let source, _)?: if let upstream = plan.indices[source] { causes.append((upstream, old)) }
                case nil: continue
                }
            default: continue
            }
        }
        let status = views[index].status
        steps.append(
            Explanation.Step(job: job.id, stage: status.stage, state: status.state, reasons: reasons, details: details))
        for (upstream, old) in causes {
            guard let old, let trace = views[upstream].trace else {
                try follow(upstream)
                continue
            }
            try add(upstream, trace, since: try traceThatLeft(old, plan.jobs[upstream]))
        }
    }

    private func earlierTrace(_ job: Job, than fingerprint: Digest) throws -> Trace? {
        for earlier in try store.history(plan: plan.name, job: job.id)?.fingerprints ?? [] where earlier != fingerprint
        {
            if let trace = try store.trace(earlier) { return trace }
        }
        return nil
    }

    private func traceThatLeft(_ digest: Digest, _ job: Job) throws -> Trace? {
        for fingerprint in try store.history(plan: plan.name, job: job.id)?.fingerprints ?? [] {
            guard let trace = try store.trace(fingerprint) else { continue }
            if trace.outcomes.contains(where: { $0.outputs.contains { $0.digest == digest } }) { return trace }
        }
        return nil
    }

    /// Which files of an input folder changed, while their lists are known.
    private func changedFiles(_ old: Digest?, _ new: Digest?) throws -> [String] {
        guard let old, let new, let before = try store.listing(old)?.entries,
            let after = try store.listing(new)?.entries
        else { return [] }
        let lines = Set(before.keys).union(after.keys).sorted().compactMap { path -> String? in
            switch (before[path], after[path]) {
            case (nil, _?): "\(path) is new"
            case (_?, nil): "\(path) is gone"
            case (let old, let new): old == new ? nil : "\(path) changed"
            }
        }
        guard lines.count > Self.filesNamed else { return lines }
        return lines.prefix(Self.filesNamed) + ["and \(lines.count - Self.filesNamed) more files"]
    }
}

extension Store {
    func listing(_ digest: Digest) throws -> FolderListing? {
        guard let bytes = try fileSystem.read(sharded("listings", digest)), Digest(hashing: bytes) == digest else {
            return nil
        }
        return FolderListing(bytes: bytes)
    }
}
