import Fingerprints

/// Takes traces from a remote store, and bytes only when somebody asks for them. Nothing counts before its signature or
/// its digest was checked.
struct RemoteReading {
    let store: Store
    let remote: RemoteAccess
    let options: RunOptions
    let observer: any RunObserver
    let pins: Pins

    /// More than a listing of 400,000 files needs.
    private static let mostListingBytes = 64 << 20

    private func note(_ job: String) -> RemoteAccess.Note { { observer.noted(job: job, text: $0) } }

    /// Uses the remote store's trace of a job, if a trusted key signed one and its outputs agree with what is known
    /// here. The job's lock is held.
    /// - Returns: whether the trace is here now; its outputs' bytes need not be.
    func take(_ job: Job, _ ingredients: Ingredients) throws -> Bool {
        guard remote.may(.reading), remote.trustsAnyone(note(job.id)) else { return false }
        guard let signed = try signedTrace(job, ingredients.fingerprint) else { return false }
        let known = try store.trace(ingredients.fingerprint)
        let theirs = signed.trace.outcomes
        if let mine = known?.outcomes.first, mine.outputs != theirs[0].outputs {
            observer.noted(
                job: job.id,
                text:
                    "not deterministic: the trace in \(remote.store.name) has other outputs than were left here; it is not used"
            )
            return false
        }
        let trace =
            known ?? Trace(job: job.id, fields: ingredients.fields, inputs: ingredients.inputs, outcomes: theirs)
        // First, so that at no moment a trace stands here whose outputs nobody has.
        try store.note(RemoteRecord(remote: remote.store.name, signed: signed))
        if known == nil { try store.write(trace, faults: options.faults) }
        try store.forgetFailure(ingredients.fingerprint)
        remote.found(job.id)
        return true
    }

    private func signedTrace(_ job: Job, _ fingerprint: Digest) throws -> SignedTrace? {
        let key = RemoteKey.trace(fingerprint), note = note(job.id), name = remote.store.name
        do {
            guard let bytes = try remote.small(key, limit: SignedTrace.mostBytes, .reading, note) else {
                if remote.may(.reading) { remote.absent(job.id) }
                return nil
            }
            guard let text = ActionResult.standardOutput(of: bytes),
                let signed = SignedTrace(json: text, fingerprint: fingerprint)
            else {
                note("what lies in \(name) for it is no trace of this job; it is not used")
                return nil
            }
            guard signed.signer(among: Set(remote.policy.trust.keys)) != nil else {
                let keys = signed.signatures.map { "\($0.key)" }.joined(separator: ", ")
                note(
                    "the trace in \(name) is not used: "
                        + (keys.isEmpty ? "nobody signed it" : "no key that is trusted signed it (\(keys))"))
                return nil
            }
            guard
                signed.trace.outcomes.allSatisfy({
                    $0.outputs.map(\.name) == job.stage.outputs && $0.outputs.allSatisfy { $0.bytes >= 0 }
                })
            else {
                note("the trace in \(name) has other outputs than this stage; it is not used")
                return nil
            }
            return signed
        } catch let fault as RemoteFault {
            note("\(name): \(key.thing): \(fault); it is not used")
            return nil
        }
    }

    /// Brings the bytes of artifacts here.
    /// - Returns: whether all are; what is not was named.
    func bring(_ artifacts: [Artifact], for job: String) throws -> Bool {
        for artifact in artifacts {
            guard try bring(artifact, for: job) else { return false }
        }
        return true
    }

    private func bring(_ artifact: Artifact, for job: String) throws -> Bool {
        guard try store.fileSystem.status(of: store.path(of: artifact.digest)) == nil else { return true }
        guard remote.may(.reading) else { return false }
        let lock = try waitForLock(artifact.digest, job)
        defer { lock.release(removing: true) }
        // Another process may have fetched it in the meantime.
        if try store.fileSystem.status(of: store.path(of: artifact.digest)) != nil { return true }
        let work = store.workPath(artifact.digest)
        try store.makeDurableFolder(work)
        let meter = ProgressMeter(job: job, observer: observer, time: store.time)
        do {
            guard
                let path = try artifact.isFolder
                    ? folder(artifact, in: work, meter, job) : file(artifact, in: work, meter, job)
            else { return false }
            try store.fileSystem.syncTree(path)
            try pins.hold { ((), [artifact.digest]) }
            try store.adopt([(artifact, path)], threads: options.jobs, faults: options.faults)
            try store.fileSystem.remove(work)
            return true
        } catch let fault as RemoteFault {
            observer.noted(job: job, text: "\(artifact.name) cannot be had from \(remote.store.name): \(fault)")
            return false
        }
    }

    private func waitForLock(_ digest: Digest, _ job: String) throws -> any FileLock {
        var isFirst = true
        while true {
            if let lock = try store.lock(digest, label: store.host.label("\(job) (fetching)")) { return lock }
            try options.cancellation.check()
            if isFirst { observer.waiting(job: job, holder: try store.holder(of: digest) ?? "another process") }
            isFirst = false
            store.time.sleep(nanoseconds: Scheduler.busyPause)
        }
    }

    private func file(_ artifact: Artifact, in work: String, _ meter: ProgressMeter, _ job: String) throws -> String? {
        let path = "\(work)/part"
        let isHere = try fetch(artifact.digest, most: artifact.bytes, to: path, job) {
            meter.fetched($0, of: artifact.bytes)
        }
        guard isHere else { return nil }
        guard try store.fileSystem.status(of: path)?.size == artifact.bytes else {
            throw RemoteFault.unusable("it has not the \(artifact.bytes) bytes that its trace says")
        }
        return path
    }

    private func folder(_ artifact: Artifact, in work: String, _ meter: ProgressMeter, _ job: String) throws -> String?
    {
        let listing = "\(work)/listing", folder = "\(work)/folder", files = store.fileSystem
        guard try fetch(artifact.digest, most: Self.mostListingBytes, to: listing, job, { _ in }) else { return nil }
        let entries = try FolderListing(bytes: files.read(listing) ?? []).entries.sorted { $0.key < $1.key }
        for (path, _) in entries where !isPlain(path) {
            throw RemoteFault.unusable("its listing has the path \(path), which leads elsewhere")
        }
        try files.makeFolder(folder)
        let isHere = try inParallel(entries.count, threads: remote.policy.connections) { index in
            let (path, line) = entries[index], place = "\(folder)/\(path)"
            // Come with an attempt that broke off; the whole folder is hashed at the end.
            if try files.status(of: place) != nil { return true }
            guard let digest = Digest(hex: String(line.prefix(64))) else {
                throw RemoteFault.unusable("its listing is none")
            }
            let part = "\(work)/part-\(index)"
            guard try fetch(digest, most: artifact.bytes, to: part, job, { meter.fetched($0, of: artifact.bytes) })
            else { return false }
            if line.hasSuffix("*") { try files.makeExecutable(part) }
            try files.makeFolder(Store.folder(of: place))
            try files.rename(part, to: place)
            return true
        }
        guard isHere.allSatisfy({ $0 }) else { return nil }
        let found = try files.content(of: folder, threads: options.jobs) { _, _ in try options.cancellation.check() }
        guard let content = found?.content, content.digest == artifact.digest, content.bytes == artifact.bytes else {
            try files.remove(work)
            throw RemoteFault.unusable("its files are not those of its trace")
        }
        return folder
    }

    /// Whether a path stays in the folder that it begins in.
    private func isPlain(_ path: String) -> Bool {
        path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && $0 != "." && $0 != ".."
        }
    }

    /// Brings a blob into a file, going on where an earlier attempt broke off.
    /// - Parameter most: a body of more bytes is not taken.
    /// - Returns: false when nobody answers any more.
    /// - Throws: `RemoteFault.unusable` for a blob that is gone or is another.
    private func fetch(_ digest: Digest, most: Int, to path: String, _ job: String, _ fetched: (Int) -> Void) throws
        -> Bool
    {
        let key = RemoteKey.blob(digest), files = store.fileSystem
        while true {
            var arrival = Arrival(path: path, files: files, most: most, position: try files.status(of: path)?.size ?? 0)
            let isResumed = arrival.position > 0
            fetched(arrival.position)
            let isThere = try remote.attempt(.reading, note(job)) { moved in
                defer { try? arrival.flush() }
                return try remote.store.get(key, from: arrival.position) { place, bytes in
                    try options.cancellation.check()
                    moved(bytes.count)
                    fetched(try arrival.take(bytes, at: place))
                    options.faults.pass("remote.received")
                }
            }
            guard let isThere else { return false }
            guard isThere else { throw RemoteFault.unusable("\(key.thing) is gone") }
            try arrival.flush()
            let found = try arrival.digest()
            if found == digest { return true }
            try files.remove(path)
            guard isResumed else { throw RemoteFault.unusable("\(key.thing) came with the digest \(found.short)") }
        }
    }
}

/// A blob on its way into a file: hashed while it arrives, unless its beginning came before.
private struct Arrival {
    let path: String
    let files: any FileSystem
    let most: Int
    /// Bytes so far.
    private(set) var position: Int
    private var buffer: [UInt8] = []
    private var hash: DigestStream?

    private static let bufferBytes = 1 << 20

    init(path: String, files: any FileSystem, most: Int, position: Int) {
        self.path = path
        self.files = files
        self.most = most
        self.position = position
        hash = position == 0 ? DigestStream() : nil
    }

    /// - Returns: how many of the bytes are new.
    mutating func take(_ bytes: UnsafeRawBufferPointer, at place: Int) throws -> Int {
        guard place <= position else {
            throw RemoteFault.unusable("asked for the bytes from \(position) on, got those from \(place) on")
        }
        // A server that knows no ranges begins at the beginning.
        let new = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(position - place))
        guard position + new.count <= most else {
            throw RemoteFault.unusable("more than the \(most) bytes that its trace says came")
        }
        hash?.update(new)
        buffer.append(contentsOf: new)
        position += new.count
        if buffer.count >= Self.bufferBytes { try flush() }
        return new.count
    }

    /// Puts what has come into the file.
    mutating func flush() throws {
        guard !buffer.isEmpty || position == 0 else { return }
        try files.append(buffer, to: path)
        buffer = []
    }

    mutating func digest() throws -> Digest {
        guard var whole = hash else { return try files.digest(of: path) { _ in } }
        return whole.finish()
    }
}

extension ProgressMeter {
    /// Counts bytes that came from a remote store, and says nothing of few.
    func fetched(_ more: Int, of total: Int) { count(more, of: total, "MB fetched") }

    func sent(_ more: Int, of total: Int) { count(more, of: total, "MB sent") }
}
