import Fingerprints

/// Remembers the digest of what was hashed together with size, mtime, ctime, inode and mode, so that looking again
/// costs a `stat` a file. ctime catches what an edit in place with mtime restored hides; only hashing every byte
/// (`verify`) catches a disk that changes bytes by itself.
///
/// Two small files a path: a record (the signature of all status, and the digest) that answers when nothing changed,
/// and for folders a table a file each, so that one changed image of 20,000 costs one image.
struct StatCache: Sendable {
    /// Where the records are, and the tables.
    let records: String, tables: String
    let fileSystem: any FileSystem
    let time: any TimeSource
    let place: @Sendable (_ bytes: [UInt8], _ path: String) throws -> Void
    /// Removes a record, if the disk lets it.
    let forgetRecord: @Sendable (_ path: String) throws -> Void

    /// A file changed this shortly ago may change again without its times changing: file times have a grain. Where a
    /// time has no nanoseconds the disk keeps whole seconds (ext3, ext4 with small inodes, HFS+), or even ones only
    /// (FAT).
    static func grain(of time: Int) -> Int { time % 1_000_000_000 == 0 ? 2_000_000_000 : 100_000_000 }

    /// Names the record of a file or folder outside the store, of which the files count that `file` names, or its
    /// `member` where it is an archive.
    static func inputKey(_ path: String, selectedBy file: String? = nil, member: String? = nil) -> Digest {
        Digest(hashing: (["input:\(path)"] + [file, member].compactMap { $0 }).joined(separator: "\0"))
    }

    /// Which files of a folder count.
    struct Selected {
        /// Of what the names are read from.
        let digest: Digest
        /// See `InputSelection`.
        let names: () throws -> Set<String>
    }

    enum Look {
        case absent
        case content(Content)
        /// Changed while it was being read.
        case unstable
    }

    /// - Parameters:
    ///   - key: names the record.
    ///   - verify: reads every byte whatever the record says.
    ///   - selected: nil: all files of a folder count.
    ///   - isOurs: nobody but the store writes there, so that a fresh time is no reason for doubt.
    ///   - hashed: is told of progress, from any thread.
    ///   - keepListing: gets the listing of a folder whose content is new.
    func look(
        at path: String, key: Digest, selected: Selected? = nil, verify: Bool = false, isOurs: Bool = false,
        threads: Int,
        hashed: HashProgress = { _, _ in }, keepListing: (FolderListing) throws -> Void = { _ in }
    ) throws -> Look {
        guard let status = try fileSystem.status(of: path) else { return .absent }
        switch status.kind {
        case .file: return try file(path, status, key, verify, isOurs, hashed)
        case .folder: return try folder(path, key, selected, verify, isOurs, threads, hashed, keepListing)
        case .other: throw FileSystemError("read the special file", path, code: 22)
        }
    }

    /// Takes the word of the caller, who wrote `path` and hashed it, for what is there.
    func remember(_ content: Content, at path: String, key: Digest, threads: Int) throws {
        guard let status = try fileSystem.status(of: path) else { return }
        let signature =
            content.isFolder ? try fileSystem.scan(path, threads: threads).signature : Self.signature(status)
        try write(Record(signature: signature, content: content), key)
    }

    /// Forgets what is known under `key`.
    func forget(_ key: Digest) throws {
        try fileSystem.remove(recordPath(key))
        try fileSystem.remove(tablePath(key))
    }

    private func file(
        _ path: String, _ status: FileStatus, _ key: Digest, _ verify: Bool, _ isOurs: Bool, _ hashed: HashProgress
    ) throws -> Look {
        let signature = Self.signature(status)
        let known = try record(key)
        if !verify, let known, known.signature == signature, !known.content.isFolder { return .content(known.content) }
        let start = time.now()
        let digest = try fileSystem.digest(of: path) { try hashed($0, status.size) }
        guard try fileSystem.status(of: path) == status else { return .unstable }
        let content = Content(digest: digest, bytes: status.size, isFolder: false)
        let isSettled = isOurs || !Self.isFresh(status, at: start)
        try keep(Record(signature: signature, content: content), key, isSettled: isSettled, over: known)
        return .content(content)
    }

    private func folder(
        _ path: String, _ key: Digest, _ selected: Selected?, _ verify: Bool, _ isOurs: Bool, _ threads: Int,
        _ hashed: HashProgress,
        _ keepListing: (FolderListing) throws -> Void
    ) throws -> Look {
        let whole = try fileSystem.scan(path, threads: threads, asInput: !isOurs)
        // Of the whole folder, so that the names need not be read where nothing changed.
        let signature = selected.map { Digest(hashing: whole.signature.bytes + $0.digest.bytes) } ?? whole.signature
        let known = try record(key)
        if !verify, let known, known.signature == signature, known.content.isFolder { return .content(known.content) }
        let names = try? selected?.names()
        let scan = names.map(whole.only) ?? whole
        let table = verify ? [:] : try self.table(key)
        let start = time.now()
        let total = scan.bytes
        let digests = try inParallel(scan.count, threads: threads) { index in
            if let known = table[Array(scan.nameBytes(index))], known.status == scan.status(index) {
                try hashed(known.status.size, total)
                return known.digest
            }
            return try fileSystem.digest(of: scan.nameBytes(index), in: path) { try hashed($0, total) }
        }
        let after = try fileSystem.scan(path, threads: threads, asInput: !isOurs)
        guard (names.map(after.only) ?? after).signature == scan.signature else { return .unstable }
        let listing = FolderListing(scan, digests: digests)
        let content = Content(digest: listing.digest, bytes: scan.bytes, isFolder: true)
        try keepListing(listing)
        let settled = (0..<scan.count).filter { isOurs || !Self.isFresh(scan.status($0), at: start) }
        try place(Self.encode(scan, digests, settled), tablePath(key))
        try keep(
            Record(signature: signature, content: content), key, isSettled: settled.count == scan.count, over: known)
        return .content(content)
    }

    /// What was read just now is what counts: where it may not be remembered yet, neither may what contradicts it.
    private func keep(_ record: Record, _ key: Digest, isSettled: Bool, over known: Record?) throws {
        if isSettled {
            try write(record, key)
        } else if let known, known.signature == record.signature, known.content != record.content {
            try forgetRecord(recordPath(key))
        }
    }

    /// A time in the future is no sign of a fresh change: a clock was set back.
    static func isFresh(_ status: FileStatus, at now: Int) -> Bool {
        status.changed > now - grain(of: status.changed) && status.changed < now + 60_000_000_000
    }

    static func signature(_ status: FileStatus) -> Digest {
        withUnsafeBytes(of: status) { Digest(hashing: $0) }
    }

    // MARK: Record

    private struct Record {
        let signature: Digest
        let content: Content
    }

    private func recordPath(_ key: Digest) -> String { "\(records)/\(key.hex.prefix(2))/\(key.hex)" }

    private func tablePath(_ key: Digest) -> String { "\(tables)/\(key.hex.prefix(2))/\(key.hex)" }

    private func record(_ key: Digest) throws -> Record? {
        guard let bytes = try fileSystem.read(recordPath(key)) else { return nil }
        let words = bytes.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard words.count == 6, words[0] == "stat1", words[5] == "end\n", let signature = Digest(hex: words[1]),
            let digest = Digest(hex: words[2]), let bytes = Int(words[3]), words[4] == "file" || words[4] == "folder"
        else { return nil }
        return Record(
            signature: signature, content: Content(digest: digest, bytes: bytes, isFolder: words[4] == "folder"))
    }

    private func write(_ record: Record, _ key: Digest) throws {
        let content = record.content
        let line =
            "stat1 \(record.signature) \(content.digest) \(content.bytes) \(content.isFolder ? "folder" : "file") end\n"
        try place(Array(line.utf8), recordPath(key))
    }

    // MARK: Table

    private static let header = Array("lavise table 1\0".utf8)

    /// Header; for each file the length of its name, the name, its status and its digest; the digest of all that.
    private static func encode(_ scan: FolderScan, _ digests: [Digest], _ indices: [Int]) -> [UInt8] {
        var bytes = header
        bytes.reserveCapacity(indices.count * 128)
        for index in indices {
            let name = scan.nameBytes(index)
            withUnsafeBytes(of: UInt32(name.count)) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: name)
            withUnsafeBytes(of: scan.status(index)) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: digests[index].bytes)
        }
        return bytes + Digest(hashing: bytes).bytes
    }

    private func table(_ key: Digest) throws -> [[UInt8]: (status: FileStatus, digest: Digest)] {
        guard let bytes = try fileSystem.read(tablePath(key)), bytes.count >= Self.header.count + 32,
            Digest(bytes: Array(bytes.suffix(32))) == Digest(hashing: Array(bytes.dropLast(32))),
            bytes.starts(with: Self.header)
        else { return [:] }
        var table: [[UInt8]: (status: FileStatus, digest: Digest)] = [:]
        let end = bytes.count - 32
        let tail = MemoryLayout<FileStatus>.size + 32
        bytes.withUnsafeBytes { bytes in
            var at = Self.header.count
            while at + 4 <= end {
                let length = Int(bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
                guard at + 4 + length + tail <= end else { return }
                let name = Array(bytes[at + 4..<at + 4 + length])
                let status = bytes.loadUnaligned(fromByteOffset: at + 4 + length, as: FileStatus.self)
                let digest = Digest(bytes: Array(bytes[at + 4 + length + tail - 32..<at + 4 + length + tail]))
                if let digest { table[name] = (status, digest) }
                at += 4 + length + tail
            }
        }
        return table
    }
}
