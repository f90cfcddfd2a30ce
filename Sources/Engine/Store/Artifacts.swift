import Fingerprints

/// What a look at an artifact found.
enum ArtifactState: Equatable {
    case sound
    case missing
    case corrupt(String)
}

extension Store {
    /// Whether an artifact is what its name says: by size, times and inode, or with `verify` by every byte. One whose
    /// status changed is read whole, so that a store that was copied to another disk stays good.
    func check(_ artifact: Artifact, verify: Bool, threads: Int, hashed: HashProgress = { _, _ in }) throws
        -> ArtifactState
    {
        let look = try statCache.look(
            at: path(of: artifact.digest), key: artifact.digest, verify: verify, isOurs: true, threads: threads,
            hashed: hashed)
        switch look {
        case .absent: return .missing
        case .unstable: return .corrupt("something is writing to it")
        case .content(let content):
            guard content.digest != artifact.digest else { return .sound }
            return .corrupt(
                content.bytes == artifact.bytes
                    ? "its bytes have the digest \(content.digest.short), not \(artifact.digest.short)"
                    : "it has \(content.bytes) bytes, not \(artifact.bytes)")
        }
    }

    /// Moves flushed and hashed outputs into the store, and makes their new names durable: one flush a folder. What is
    /// already there and sound stays.
    func adopt(_ outputs: [(artifact: Artifact, path: String)], threads: Int, faults: FaultPoints) throws {
        for (artifact, path) in outputs { try adopt(artifact, from: path, threads: threads, faults: faults) }
        // Of those that were there too: who put them there may have died before this.
        try flushNames(outputs.map { self.path(of: $0.artifact.digest) })
        faults.pass("artifact.synced")
    }

    private func adopt(_ artifact: Artifact, from path: String, threads: Int, faults: FaultPoints) throws {
        let final = self.path(of: artifact.digest)
        switch try check(artifact, verify: false, threads: threads) {
        case .sound: return
        case .corrupt: try quarantine(artifact)
        case .missing: break
        }
        do {
            try makingFolder(of: final) { try fileSystem.rename(path, to: final) }
        } catch let error as FileSystemError where error.isOccupied {
            // Another process published the same folder in between.
            if try check(artifact, verify: false, threads: threads) == .sound { return }
            throw error
        }
        faults.pass("artifact.renamed")
        try fileSystem.protect(final)
        faults.pass("artifact.protected")
        try remember(artifact, threads: threads)
        faults.pass("artifact.recorded")
    }

    /// Sets a damaged artifact aside, where it can be looked at.
    func quarantine(_ artifact: Artifact) throws {
        let aside = "\(root)/quarantine/\(artifact.digest.hex)-\(fileSystem.uniqueName())"
        try makeDurableFolder(Store.folder(of: aside))
        do {
            try fileSystem.rename(path(of: artifact.digest), to: aside)
        } catch let error as FileSystemError where error.isAbsent {
            // Another process was quicker.
        }
        try statCache.forget(artifact.digest)
    }

    private func remember(_ artifact: Artifact, threads: Int) throws {
        let content = Content(digest: artifact.digest, bytes: artifact.bytes, isFolder: artifact.isFolder)
        try statCache.remember(content, at: path(of: artifact.digest), key: artifact.digest, threads: threads)
    }

    /// Puts a copy of an output, a file, at `destination`: blocks shared where the disk can, else bytes. Never a hard
    /// link: who edits the copy must not edit the artifact. Nothing is written when the same bytes are there already.
    /// In one step: never half a file.
    /// - Returns: whether anything was written.
    /// - Throws: `FileSystemError`, also where only a remote store has the bytes.
    @discardableResult
    public func export(_ output: OutputRecord, to destination: String) throws -> Bool {
        let destination = try fileSystem.absolute(destination)
        let key = StatCache.inputKey(destination)
        if case .content(let content) = try statCache.look(at: destination, key: key, threads: 1),
            content.digest == output.digest
        {
            return false
        }
        let temporary = "\(Store.folder(of: destination))/.\(fileSystem.uniqueName())"
        defer { try? fileSystem.remove(temporary) }
        try makingFolder(of: temporary) { try fileSystem.clone(output.path, to: temporary) }
        try fileSystem.rename(temporary, to: destination)
        return true
    }
}

extension FileSystemError {
    /// ENOENT.
    var isAbsent: Bool { code == 2 }
    /// EROFS, EACCES or EPERM: it may be looked at, not written.
    var isReadOnly: Bool { [30, 13, 1].contains(code) }
    /// EXDEV.
    var isOnAnotherDisk: Bool { code == 18 }
    /// EEXIST or ENOTEMPTY: a folder lies where another should go.
    var isOccupied: Bool { code == 17 || code == 39 }
}
