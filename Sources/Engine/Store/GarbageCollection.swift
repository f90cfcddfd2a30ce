import Fingerprints

/// What a collection removed, or with `dryRun` would remove.
public struct Garbage: Sendable {
    /// What can be garbage; the raw value is what `--json` says.
    public enum Kind: String, Sendable, Codable { case artifact, trace, scratch, quarantined, record }

    /// One thing that nothing reaches.
    public struct Item: Sendable {
        /// What it is.
        public let kind: Kind
        /// A digest, a fingerprint or a file name.
        public let name: String
        /// Where it lies in the store.
        public let path: String
        /// The job that made it, where known.
        public let job: String?
        /// Bytes that its removal frees.
        public let bytes: Int
        /// Seconds since it was made.
        public let age: Double
    }

    /// In the order in which they are removed.
    public let items: [Item]

    /// Bytes of all of them.
    public var bytes: Int { items.reduce(0) { $0 + $1.bytes } }
}

/// What a collection leaves.
public struct Keep: Sendable {
    /// Of all current experiments: what their jobs have now, or had last.
    public var plans: [Plan] = []
    /// Names of plans that cannot be made just now: all that their jobs ever had.
    public var planNames: Set<String> = []
    /// Artifacts, and traces with all that they left, such as those that published results name.
    public var digests: Set<Digest> = []
    /// What is younger than so many days.
    public var days = 0.0
    /// Whether inputs of plans may be absent; their jobs keep what they had last.
    public var mayMissInputs = false

    /// - Parameters:
    ///   - plans: of all current experiments.
    ///   - planNames: of plans that cannot be made just now.
    ///   - digests: artifacts, and traces with all that they left.
    ///   - days: what is younger stays.
    ///   - mayMissInputs: whether inputs of `plans` may be absent.
    public init(
        plans: [Plan] = [], planNames: Set<String> = [], digests: Set<Digest> = [], days: Double = 0,
        mayMissInputs: Bool = false
    ) {
        self.plans = plans
        self.planNames = planNames
        self.digests = digests
        self.days = days
        self.mayMissInputs = mayMissInputs
    }
}

extension Runner {
    /// Removes what nothing reaches. Left are what `keep` names, what live runs use, so that it is safe beside them,
    /// what newer programs made, and whatever has a name that this program gives to nothing.
    /// - Parameters:
    ///   - only: paths that may go, as an earlier dry run named them; nil: all.
    ///   - dryRun: only names what would go; writes nothing.
    /// - Throws: `EngineError.inputsUnseen` for inputs of jobs that ran in this store, `.storage`, `.notAStore`,
    ///   `.newerFormat`.
    public func collectGarbage(_ keep: Keep, only: Set<String>? = nil, dryRun: Bool = false) throws -> Garbage {
        try asEngineError {
            if dryRun { try store.checkIsStore() } else { try store.open() }
            let start = store.time.now()
            var roots = Roots(fingerprints: keep.digests, digests: keep.digests)
            for plan in keep.plans { try mark(plan, &roots) }
            if !keep.mayMissInputs, !roots.unseen.isEmpty { throw EngineError.inputsUnseen(roots.unseen) }
            try mark(plansNamed: keep.planNames, &roots)
            let gate = try gate(dryRun: dryRun)
            let pinned = try store.pinnedDigests(cleaning: !dryRun)
            roots.fingerprints.formUnion(pinned)
            roots.digests.formUnion(pinned)
            // What came after the marking began was not marked.
            let madeBefore = start - Int(max(0, keep.days) * 86_400e9)
            var sweep = Sweep(store: store, roots: roots, madeBefore: madeBefore, only: only, dryRun: dryRun)
            do {
                try sweep.run()
            } catch {
                gate?.release(removing: false)
                throw error
            }
            // What is decided is out of reach already; deleting it may take its time.
            gate?.release(removing: false)
            try sweep.emptyTrash()
            return Garbage(items: sweep.items)
        }
    }

    /// nil in a store that can only be read.
    private func gate(dryRun: Bool) throws -> (any FileLock)? {
        do {
            return try Pins.lock(Pins.gatePath(store), exclusive: !dryRun, store)
        } catch let error as FileSystemError where dryRun && error.isReadOnly {
            return nil
        }
    }

    private func mark(_ plan: Plan, _ roots: inout Roots) throws {
        for (job, view) in zip(plan.jobs, try look(at: plan)) {
            let history = try store.history(plan: plan.name, job: job.id)
            roots.histories.insert(History.key(plan: plan.name, job: job.id))
            if let fingerprint = view.status.fingerprint { roots.fingerprints.insert(fingerprint) }
            // A stale job's last outputs still stand behind what was published.
            if let last = history?.fingerprints.first { roots.fingerprints.insert(last) }
            if history != nil, case .inputMissing(_, let path)? = view.reasons.first {
                roots.unseen.append(EngineError.UnseenInput(plan: plan.name, job: job.id, path: path))
            }
            for input in job.inputs {
                guard case .file(let path) = input.source else { continue }
                roots.inputKeys.insert(try store.inputKey(store.fileSystem.absolute(path), input.selection))
            }
        }
    }

    private func mark(plansNamed names: Set<String>, _ roots: inout Roots) throws {
        guard !names.isEmpty else { return }
        for key in try store.digests(in: "history") {
            guard let history = try store.history(key), names.contains(history.plan) else { continue }
            roots.histories.insert(key)
            roots.fingerprints.formUnion(history.fingerprints)
        }
    }
}

private struct Roots {
    var fingerprints: Set<Digest> = []
    var digests: Set<Digest>
    var histories: Set<Digest> = []
    var inputKeys: Set<Digest> = []
    var unseen: [EngineError.UnseenInput] = []
}

private struct Sweep {
    let store: Store
    let roots: Roots
    /// Nanoseconds since 1970: what is younger stays.
    let madeBefore: Int
    let only: Set<String>?
    let dryRun: Bool
    let trash: String
    private(set) var items: [Garbage.Item] = []

    private static let day = 86_400_000_000_000

    init(store: Store, roots: Roots, madeBefore: Int, only: Set<String>?, dryRun: Bool) {
        self.store = store
        self.roots = roots
        self.madeBefore = madeBefore
        self.only = only
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
            guard let bytes = try store.fileSystem.read(path) else { continue }
            if Trace.isOfNewerFormat(bytes) {
                let mentioned = Digest.mentioned(in: bytes)
                digests.formUnion(mentioned)
                listings.formUnion(mentioned)
                continue
            }
            let trace = Trace(json: bytes, fingerprint: fingerprint)
            let outputs = trace?.outcomes.flatMap(\.outputs).map(\.digest) ?? []
            for digest in outputs { makers[digest] = trace?.job }
            let made = trace?.outcomes.map(\.finished).max().map { Int($0 * 1e9) }
            // Nothing can be done with a trace that cannot be read.
            let isKept = trace != nil && (roots.fingerprints.contains(fingerprint) || (made ?? Int.min) >= madeBefore)
            if isKept {
                digests.formUnion(outputs)
                listings.formUnion(trace?.inputs.map(\.digest) ?? [])
            } else {
                try drop(.trace, fingerprint.hex, path, job: trace?.job, made: made)
            }
        }
        for digest in try store.digests(in: "cas") where !digests.contains(digest) {
            try drop(.artifact, digest.hex, store.path(of: digest), job: makers[digest])
        }
        try dropRecords(digests, listings)
        try dropWork()
        for name in try store.fileSystem.names(in: "\(store.root)/quarantine") where StoreLayout.isQuarantined(name) {
            try drop(.quarantined, name, "\(store.root)/quarantine/\(name)")
        }
    }

    func emptyTrash() throws {
        if !dryRun { try store.fileSystem.remove(trash) }
    }

    /// Small files that only help: histories, failures, listings, and what is known of inputs no plan names.
    private mutating func dropRecords(_ digests: Set<Digest>, _ listings: Set<Digest>) throws {
        let kept = [
            "history": roots.histories, "failures": roots.fingerprints, "listings": listings,
            "remote": Set(try store.fingerprints()),
        ]
        for (kind, kept) in kept.sorted(by: { $0.key < $1.key }) {
            for key in try store.digests(in: kind) where !kept.contains(key) {
                let path = store.sharded(kind, key)
                if kind != "listings", let bytes = try store.fileSystem.read(path), let value = try? Value(json: bytes),
                    value["schema"]?.intValue ?? 0 > 1
                {
                    continue
                }
                try drop(.record, key.hex, path)
            }
        }
        for kind in ["stat", "tables"] {
            for key in try store.digests(in: kind) where !digests.contains(key) && !roots.inputKeys.contains(key) {
                try drop(.record, key.hex, store.sharded(kind, key))
            }
        }
    }

    /// Scratch of jobs that no plan has, and temporary files of dead processes.
    private mutating func dropWork() throws {
        for name in try store.fileSystem.names(in: "\(store.root)/work") where StoreLayout.isWork(name) {
            let path = "\(store.root)/work/\(name)"
            if path == trash { continue }
            guard StoreLayout.isDigest(name), let fingerprint = Digest(hex: name) else {
                // A live process leaves one of these for a moment only, or holds it for as long as a job takes.
                try drop(.scratch, name, path, minimumAge: Self.day)
                continue
            }
            guard !roots.fingerprints.contains(fingerprint) else { continue }
            // On a cluster: its tasks hold no lock.
            if try ClusterFolder(store: store, fingerprint: fingerprint).claim() != nil { continue }
            if dryRun {
                if try store.holder(of: fingerprint) == nil { try drop(.scratch, name, path) }
            } else if let lock = try store.lock(fingerprint, label: store.host.label("gc")) {
                defer { lock.release(removing: true) }
                try drop(.scratch, name, path)
            }
        }
        for name in try store.fileSystem.names(in: "\(store.root)/cluster") where StoreLayout.isDigest(name) {
            guard let fingerprint = Digest(hex: name), !roots.fingerprints.contains(fingerprint) else { continue }
            guard try ClusterFolder(store: store, fingerprint: fingerprint, isKnown: true).claim() == nil else {
                continue
            }
            try drop(.scratch, name, "\(store.root)/cluster/\(name)")
        }
        for name in try store.fileSystem.names(in: "\(store.root)/locks") where StoreLayout.isLock(name) {
            // Moved aside by a process that died just then.
            if StoreLayout.isLeaseAside(name) {
                try drop(.scratch, name, "\(store.root)/locks/\(name)", minimumAge: Self.day)
            }
            // Under leases there are several files to a fingerprint.
            guard !dryRun, let fingerprint = Digest(hex: String(name.prefix(64))),
                let lock = try store.lock(fingerprint, label: store.host.label("gc"))
            else { continue }
            lock.release(removing: true)
        }
        for kind in ["ac", "cas"] {
            let folder = "\(store.root)/\(kind)/00"
            // Of `checkIsOnOneDisk`.
            for name in try store.fileSystem.names(in: folder) where name.hasPrefix("tmp-") && StoreLayout.isWork(name)
            {
                try drop(.scratch, name, "\(folder)/\(name)", minimumAge: Self.day)
            }
        }
    }

    /// - Parameters:
    ///   - made: when, in nanoseconds since 1970; nil: as the disk says.
    ///   - minimumAge: in nanoseconds.
    private mutating func drop(
        _ kind: Garbage.Kind, _ name: String, _ path: String, job: String? = nil, made: Int? = nil, minimumAge: Int = 0
    ) throws {
        if let only, !only.contains(path) { return }
        guard let status = try store.fileSystem.status(of: path) else { return }
        // A disk of whole seconds says less than was.
        let coarse = status.modified % 1_000_000_000 == 0 ? StatCache.grain(of: status.modified) : 0
        let made = made ?? status.modified + coarse
        let now = store.time.now()
        guard made < madeBefore, now - made >= minimumAge else { return }
        let bytes = status.kind == .folder ? try store.fileSystem.scan(path, threads: 1).bytes : status.size
        items.append(
            Garbage.Item(kind: kind, name: name, path: path, job: job, bytes: bytes, age: Double(now - made) / 1e9))
        if !dryRun { try store.fileSystem.rename(path, to: "\(trash)/\(items.count)") }
    }
}
