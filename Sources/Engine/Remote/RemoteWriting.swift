import Fingerprints

/// Gives traces and their outputs to a remote store: blobs first, the signed trace last, so that at no moment a trace
/// stands there whose outputs do not.
struct RemoteWriting {
    let store: Store
    let remote: RemoteAccess
    let options: RunOptions
    let observer: any RunObserver

    enum Sent: Equatable {
        /// Bytes that went over; 0 where all was there already.
        case pushed(bytes: Int)
        /// Why it is not there now; said already where it is nil.
        case kept(String?)
    }

    private func note(_ job: String) -> RemoteAccess.Note { { observer.noted(job: job, text: $0) } }

    /// - Throws: `EngineError.nondeterministic` where a trusted trace there has other outputs.
    func push(_ job: String, _ fingerprint: Digest) throws -> Sent {
        guard let key = remote.policy.signingKey else {
            return .kept("there is no key to sign with: `lavise-pipeline key new` makes one")
        }
        guard let trace = try store.trace(fingerprint), let outcome = trace.outcomes.first else {
            return .kept("it has no trace")
        }
        guard trace.outcomes.count == 1 else { return .kept("it has several outcomes under one fingerprint") }
        if try store.remoteName(fingerprint) == remote.store.name { return .pushed(bytes: 0) }
        let signed = SignedTrace(trace.withoutPaths, signedWith: key)
        do {
            switch try present(job, fingerprint, outcome) {
            case .nothing: break
            case .same(let theirs):
                // Its blobs may be gone: they go again where they are.
                guard let sent = try sendBlobs(job, outcome) else { return .kept(nil) }
                try store.note(RemoteRecord(remote: remote.store.name, signed: theirs))
                return .pushed(bytes: sent)
            case .foreign(let why): return .kept(why)
            case .unanswered: return .kept(nil)
            }
            guard let sent = try sendBlobs(job, outcome) else { return .kept(nil) }
            options.faults.pass("remote.blobs")
            let message = try actionResult(signed, outcome).bytes
            let isNew = try remote.attempt(.writing, note(job)) { moved in
                defer { moved(message.count) }
                return try remote.store.putNew(message, .trace(fingerprint))
            }
            guard let isNew else { return .kept(nil) }
            if !isNew {
                // Another writer was quicker.
                guard case .same = try present(job, fingerprint, outcome) else {
                    return .kept("another writer's trace lies there")
                }
            }
            try store.note(RemoteRecord(remote: remote.store.name, signed: signed))
            return .pushed(bytes: sent + message.count)
        } catch let fault as RemoteFault {
            return .kept("\(fault)")
        }
    }

    private enum Present {
        case nothing
        case same(SignedTrace)
        case foreign(String)
        case unanswered
    }

    /// What lies under a fingerprint already.
    private func present(_ job: String, _ fingerprint: Digest, _ mine: Outcome) throws -> Present {
        let found = try remote.small(.trace(fingerprint), limit: SignedTrace.mostBytes, .writing, note(job))
        guard remote.may(.writing) else { return .unanswered }
        guard let found else { return .nothing }
        guard let text = ActionResult.standardOutput(of: found),
            let signed = SignedTrace(json: text, fingerprint: fingerprint)
        else {
            return .foreign("something else lies there under its fingerprint")
        }
        let trusted = Set(remote.policy.trust.keys).union(remote.policy.signingKey.map { [$0.publicKey] } ?? [])
        guard let signer = signed.signer(among: trusted) else {
            return .foreign("a trace lies there that no trusted key signed")
        }
        for (theirs, mine) in zip(signed.trace.outcomes[0].outputs, mine.outputs) where theirs != mine {
            throw EngineError.nondeterministic(
                job: job, output: mine.name, first: theirs.digest, second: mine.digest,
                difference:
                    "the first is in \(remote.store.name), signed by \(remote.policy.trust[signer] ?? "this key")")
        }
        return .same(signed)
    }

    /// One object that a trace stands on.
    private struct Blob {
        let digest: Digest
        let path: String
        let bytes: Int
    }

    /// - Returns: how many bytes went over; nil where nobody answers any more.
    private func sendBlobs(_ job: String, _ outcome: Outcome) throws -> Int? {
        var sent = 0
        for output in outcome.outputs {
            guard try store.check(output, verify: false, threads: options.jobs) == .sound else {
                throw RemoteFault.unusable("\(output.name) is not here")
            }
            let meter = ProgressMeter(job: job, observer: observer, time: store.time)
            let path = store.path(of: output.digest)
            guard output.isFolder else {
                guard let bytes = try send(Blob(digest: output.digest, path: path, bytes: output.bytes), job, meter)
                else { return nil }
                sent += bytes
                continue
            }
            let files = try folder(output, at: path)
            let counts = try inParallel(files.blobs.count, threads: remote.policy.connections) {
                try send(files.blobs[$0], job, meter)
            }
            guard let listing = try sendListing(files.listing, output.digest, job) else { return nil }
            for count in counts {
                guard let count else { return nil }
                sent += count
            }
            sent += listing
        }
        return sent
    }

    private func folder(_ output: Artifact, at path: String) throws -> (
        listing: FolderListing, blobs: [Blob], isExecutable: [Bool]
    ) {
        let scan = try store.fileSystem.scan(path, threads: options.jobs)
        let digests = try inParallel(scan.count, threads: options.jobs) { index in
            try store.fileSystem.digest(of: scan.nameBytes(index), in: path) { _ in try options.cancellation.check() }
        }
        let listing = FolderListing(scan, digests: digests)
        guard listing.digest == output.digest else {
            throw RemoteFault.unusable("the files of \(output.name) are not those of its trace")
        }
        let blobs = (0..<scan.count).map {
            Blob(digest: digests[$0], path: "\(path)/\(scan.name($0))", bytes: scan.status($0).size)
        }
        return (listing, blobs, (0..<scan.count).map { scan.status($0).isExecutable })
    }

    private func send(_ blob: Blob, _ job: String, _ meter: ProgressMeter) throws -> Int? {
        let key = RemoteKey.blob(blob.digest)
        guard let isThere = try remote.attempt(.writing, note(job), { _ in try remote.store.has(key) }) else {
            return nil
        }
        if isThere { return 0 }
        let done: Void? = try remote.attempt(.writing, note(job)) { moved in
            try remote.store.put(file: blob.path, bytes: blob.bytes, key) { more in
                try options.cancellation.check()
                moved(more)
                meter.sent(more, of: blob.bytes)
                options.faults.pass("remote.sent")
            }
        }
        return done == nil ? nil : blob.bytes
    }

    /// A folder's listing, whose SHA-256 is the folder's digest, is a blob as well.
    private func sendListing(_ listing: FolderListing, _ digest: Digest, _ job: String) throws -> Int? {
        try remote.attempt(.writing, note(job)) { moved in
            if try remote.store.has(.blob(digest)) { return 0 }
            moved(listing.bytes.count)
            return try remote.store.putNew(listing.bytes, .blob(digest)) ? listing.bytes.count : 0
        }
    }

    private func actionResult(_ signed: SignedTrace, _ outcome: Outcome) throws -> ActionResult {
        var result = ActionResult(standardOutput: Array(signed.value.json(pretty: false).utf8))
        for output in outcome.outputs {
            let path = store.path(of: output.digest)
            guard output.isFolder else {
                result.files.append(
                    ActionResult.File(
                        path: output.name, digest: output.digest, bytes: output.bytes, isExecutable: false))
                continue
            }
            let files = try folder(output, at: path)
            for (blob, isExecutable) in zip(files.blobs, files.isExecutable) {
                let name = output.name + blob.path.dropFirst(path.count)
                result.files.append(
                    ActionResult.File(path: name, digest: blob.digest, bytes: blob.bytes, isExecutable: isExecutable))
            }
            let listing = ActionResult.File(
                path: output.name + ".listing", digest: output.digest, bytes: files.listing.bytes.count,
                isExecutable: false)
            result.files.append(listing)
        }
        return result
    }
}
