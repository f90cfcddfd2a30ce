import Fingerprints

/// What a collection removed, or with `dryRun` would remove.
public struct Garbage: Sendable {
    public enum Kind: String, Sendable, Codable { case artifact, trace, scratch, quarantined, record }

    public struct Item: Sendable {
        public let kind: Kind
        /// A digest, a fingerprint or a file name.
        public let name: String
        public let path: String
        /// The job that made it, where known.
        public let job: String?
        public let bytes: Int
        /// Seconds since it was made.
        public let age: Double
    }

    public let items: [Item]

    public var bytes: Int { items.reduce(0) { $0 + $1.bytes } }
}

extension Runner {
    /// Removes what nothing reaches. Kept are: what the plans' jobs have now or had last, what `digests` names, what is
    /// younger than `keepDays`, and what live runs use: safe beside them.
    /// - Parameters:
    ///   - plans: all current experiments.
    ///   - digests: artifacts to keep besides, such as those that published results name.
    ///   - dryRun: only names what would go.
    /// - Throws: `EngineError.storage`.
    public func collectGarbage(keeping plans: [Plan], digests: Set<Digest> = [], keepDays: Double = 0, dryRun: Bool = false) throws -> Garbage {
        try asEngineError {
            let start = store.time.now()
            var roots = Roots(digests: digests)
            for plan in plans { try mark(plan, &roots) }
            let gate = try Pins.lock(Pins.gatePath(store), exclusive: true, store)
            let pinned = try store.pinnedDigests()
            roots.fingerprints.formUnion(pinned)
            roots.digests.formUnion(pinned)
            // What came after the marking began was not marked.
            let unmarked = Double(store.time.now() - start) / 1e9
            var sweep = Sweep(store: store, roots: roots, youngerThan: max(keepDays * 86_400, unmarked), dryRun: dryRun)
            do {
                try sweep.run()
            } catch {
                gate.release(removing: false)
                throw error
            }
            // What is decided is out of reach already; deleting it may take its time.
            gate.release(removing: false)
            try sweep.emptyTrash()
            return Garbage(items: sweep.items)
        }
    }

    private func mark(_ plan: Plan, _ roots: inout Roots) throws {
        for (job, view) in zip(plan.jobs, try look(at: plan)) {
            roots.histories.insert(History.key(plan: plan.name, job: job.id))
            if let fingerprint = view.status.fingerprint { roots.fingerprints.insert(fingerprint) }
            // A stale job's last outputs still stand behind what was published.
            if let last = try store.history(plan: plan.name, job: job.id)?.fingerprints.first { roots.fingerprints.insert(last) }
            for case .file(let path) in job.inputs.map(\.source) { roots.inputKeys.insert(StatCache.inputKey(try store.fileSystem.absolute(path))) }
        }
    }
}

private struct Roots {
    var fingerprints: Set<Digest> = []
    var digests: Set<Digest>
    var histories: Set<Digest> = []
    var inputKeys: Set<Digest> = []
}

private struct Sweep {
    let store: Store
    let roots: Roots
    /// Seconds.
    let youngerThan: Double
    let dryRun: Bool
    let trash: String
    private(set) var items: [Garbage.Item] = []

    init(store: Store, roots: Roots, youngerThan: Double, dryRun: Bool) {
        self.store = store
        self.roots = roots
        self.youngerThan = youngerThan
        self.dryRun = dryRun
        trash = "\(store.root)/work/trash-\(store.fileSystem.uniqueName())"
    }

    mutating func run() throws {
        if !dryRun { try store.makeDurableFolder(trash) }
        var digests = roots.digests
        var listings = roots.digests
        var makers: [Digest: String] = [:]
        for fingerprint in try store.fingerprints() {
            let path = store.sharded("ac", fingerprint)
            let trace = try store.trace(fingerprint)
            let outputs = trace?.outcomes.flatMap(\.outputs).map(\.digest) ?? []
            for digest in outputs { makers[digest] = trace?.job }
            let age = trace?.outcomes.map(\.finished).max().map { Double(store.time.now()) / 1e9 - $0 }
            // Nothing can be done with a trace that cannot be read.
            let isKept = trace != nil && (roots.fingerprints.contains(fingerprint) || (age ?? 0) < youngerThan)
            if isKept {
                digests.formUnion(outputs)
                listings.formUnion(trace?.inputs.map(\.digest) ?? [])
            } else {
                try drop(.trace, fingerprint.hex, path, job: trace?.job, age: age)
            }
        }
        for digest in try store.digests(in: "cas") where !digests.contains(digest) {
            try drop(.artifact, digest.hex, store.path(of: digest), job: makers[digest])
        }
        try dropRecords(digests, listings)
        try dropWork()
        for name in try store.fileSystem.names(in: "\(store.root)/quarantine") {
            try drop(.quarantined, name, "\(store.root)/quarantine/\(name)")
        }
    }

    func emptyTrash() throws {
        if !dryRun { try store.fileSystem.remove(trash) }
    }

    /// Small files that only help: histories, failures, listings, and what is known of inputs no plan names.
    private mutating func dropRecords(_ digests: Set<Digest>, _ listings: Set<Digest>) throws {
        for key in try store.digests(in: "history") where !roots.histories.contains(key) { try drop(.record, key.hex, store.sharded("history", key)) }
        for key in try store.digests(in: "failures") where !roots.fingerprints.contains(key) { try drop(.record, key.hex, store.sharded("failures", key)) }
        for key in try store.digests(in: "listings") where !listings.contains(key) { try drop(.record, key.hex, store.sharded("listings", key)) }
        for kind in ["stat", "tables"] {
            for key in try store.digests(in: kind) where !digests.contains(key) && !roots.inputKeys.contains(key) {
                try drop(.record, key.hex, store.sharded(kind, key))
            }
        }
    }

    /// Scratch of jobs that no plan has, and temporary files of dead processes.
    private mutating func dropWork() throws {
        for name in try store.fileSystem.names(in: "\(store.root)/work") {
            let path = "\(store.root)/work/\(name)"
            if path == trash { continue }
            guard let fingerprint = Digest(hex: name) else {
                // A live process leaves one of these for a moment only, or holds it for as long as a job takes.
                try drop(.scratch, name, path, minimumAge: 86_400)
                continue
            }
            guard !roots.fingerprints.contains(fingerprint), let lock = try store.lock(fingerprint, label: Host.label("gc")) else { continue }
            defer { lock.release(removing: true) }
            try drop(.scratch, name, path)
        }
        for name in try store.fileSystem.names(in: "\(store.root)/locks") {
            // Moved aside by a process that died just then.
            if name.contains(".lease-") { try drop(.scratch, name, "\(store.root)/locks/\(name)", minimumAge: 86_400) }
            // Under leases there are several files to a fingerprint.
            guard !dryRun, let fingerprint = Digest(hex: String(name.prefix(64))), let lock = try store.lock(fingerprint, label: Host.label("gc")) else { continue }
            lock.release(removing: true)
        }
    }

    private mutating func drop(_ kind: Garbage.Kind, _ name: String, _ path: String, job: String? = nil, age: Double? = nil, minimumAge: Double = 0) throws {
        guard let status = try store.fileSystem.status(of: path) else { return }
        let age = age ?? Double(store.time.now() - status.modified) / 1e9
        guard age >= max(youngerThan, minimumAge) else { return }
        let bytes = status.kind == .folder ? try store.fileSystem.scan(path, threads: 1).bytes : status.size
        items.append(Garbage.Item(kind: kind, name: name, path: path, job: job, bytes: bytes, age: age))
        if !dryRun { try store.fileSystem.rename(path, to: "\(trash)/\(items.count)") }
    }
}
