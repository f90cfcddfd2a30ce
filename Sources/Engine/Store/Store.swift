import Fingerprints

/// Where artifacts, traces and what runs leave behind are kept.
///
///     lavise-store.json             says that this is a store, and of which format
///     ac/<2 hex>/<fingerprint>      traces                     cas/<2 hex>/<digest>   artifacts, read-only files or
///     folders history/<2 hex>/<job>         fingerprints a job had     failures/<2 hex>/<fingerprint>
///     stat/<2 hex>/<key>            what was hashed, and when  tables/<2 hex>/<key>   the same for each file of a
///     folder listings/<2 hex>/<digest>     the files of input folders projects/<2 hex>/<key> who uses the store
///     work/<fingerprint>/           attempts and scratch       quarantine/            damaged artifacts
///     locks/<fingerprint>           held while a job is made   pins/                  what live runs use
///     locks/<fingerprint>.lease     the same for other hosts, on a network disk
///     runs/<seconds>-<name>         what runs did
///     cluster/<fingerprint>/        what a job's driver ordered on a cluster, and what became of it
///     remote/<2 hex>/<fingerprint>  traces whose outputs a remote store has, so that they may be missing here
///
/// Everything that counts is written to `work/`, flushed, renamed into place, and its folder flushed: at any moment the
/// store is whole. Works on a network disk: files, rename, `flock` within a host and leases between hosts.
public struct Store: Sendable {
    /// Absolute path of the store.
    public let root: String
    let fileSystem: any FileSystem
    let time: any TimeSource
    /// Who uses it here.
    public let host: Machine
    let sightings = LeaseSightings()

    /// The store at `path`; it comes into being with the first thing written.
    /// - Throws: `FileSystemError` for a relative path where the current folder is gone.
    public init(
        at path: String, host: Machine = Machine(), fileSystem: any FileSystem = LocalFileSystem(),
        time: any TimeSource = SystemTime()
    ) throws {
        root = try fileSystem.absolute(path)
        self.fileSystem = fileSystem
        self.time = time
        self.host = host
    }

    /// The path under which an artifact is kept.
    public func path(of digest: Digest) -> String { sharded("cas", digest) }

    func sharded(_ kind: String, _ digest: Digest) -> String {
        let hex = digest.hex
        return "\(root)/\(kind)/\(hex.prefix(2))/\(hex)"
    }

    /// Where attempts at a fingerprint are made, and its scratch is kept.
    func workPath(_ fingerprint: Digest) -> String { "\(root)/work/\(fingerprint.hex)" }

    /// What interrupted attempts at a fingerprint have kept: `StageContext.scratch`.
    public func scratchPath(_ fingerprint: Digest) -> String { workPath(fingerprint) + "/scratch" }

    func record(_ artifact: Artifact, isHere: Bool = true) -> OutputRecord {
        OutputRecord(
            name: artifact.name, path: path(of: artifact.digest), digest: artifact.digest, bytes: artifact.bytes,
            isHere: isHere)
    }

    /// Puts a file in its place in one step: readers see the old bytes, none, or all the new ones.
    /// - Parameter durable: it must survive a power cut once this returns.
    func place(_ bytes: [UInt8], at path: String, durable: Bool, faults: FaultPoints = .off, name: String = "") throws {
        let temporary = "\(root)/work/tmp-\(fileSystem.uniqueName())"
        do {
            try makingFolder(of: temporary) { try fileSystem.write(bytes, to: temporary) }
            if durable { try fileSystem.sync(temporary) }
            if !name.isEmpty { faults.pass("\(name).written") }
            try makingFolder(of: path, durable: durable) { try fileSystem.rename(temporary, to: path) }
        } catch {
            try? fileSystem.remove(temporary)
            throw error
        }
        if !name.isEmpty { faults.pass("\(name).renamed") }
        if durable { try fileSystem.sync(Store.folder(of: path)) }
    }

    /// The same for what only saves time: a disk that is full or read-only costs nothing but that.
    func placeIfPossible(_ bytes: [UInt8], at path: String) throws {
        do {
            try place(bytes, at: path, durable: false)
        } catch is FileSystemError {}
    }

    /// Tries, and when the folder is absent makes it and tries again: the usual case costs no extra call.
    func makingFolder<Result>(of path: String, durable: Bool = true, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as FileSystemError where error.isAbsent {
            if try !isFounded { try found() }
            let folder = Store.folder(of: path)
            if durable { try makeDurableFolder(folder) } else { try fileSystem.makeFolder(folder) }
            return try body()
        }
    }

    /// Makes a folder whose name, and its parents', survive a power cut.
    func makeDurableFolder(_ path: String) throws {
        var missing: [String] = []
        var folder = path
        while folder != "/", try fileSystem.status(of: folder) == nil {
            missing.append(folder)
            folder = Store.folder(of: folder)
        }
        try fileSystem.makeFolder(path)
        for made in missing.reversed() { try fileSystem.sync(Store.folder(of: made)) }
    }

    /// Makes the names of these files durable.
    func flushNames(_ paths: [String]) throws {
        for folder in Set(paths.map(Store.folder)).sorted() { try fileSystem.sync(folder) }
    }

    /// The same for the folders that hold artifacts and traces: who made one may have died before flushing its name.
    func flushFolders() throws {
        let names = try fileSystem.names(in: root)
        for folder in ["ac", "cas"] where names.contains(folder) { try fileSystem.sync("\(root)/\(folder)") }
        if try fileSystem.status(of: root) != nil { try fileSystem.sync(root) }
    }

    /// Moves a file from `work/` to where artifacts and traces will go: what no disk of its own may hide until the work
    /// is done.
    func checkIsOnOneDisk() throws {
        for kind in ["cas", "ac"] {
            let name = "tmp-\(fileSystem.uniqueName())", trial = "\(root)/\(kind)/00/\(name)"
            let source = "\(root)/work/\(name)"
            defer { try? fileSystem.remove(source) }
            try makingFolder(of: source) { try fileSystem.write([], to: source) }
            do {
                try makingFolder(of: trial) { try fileSystem.rename(source, to: trial) }
            } catch let error as FileSystemError where error.isOnAnotherDisk {
                throw FileSystemError("move files into", "\(root)/\(kind)", code: error.code)
            }
            try fileSystem.remove(trial)
        }
    }

    static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    var statCache: StatCache {
        StatCache(records: "\(root)/stat", tables: "\(root)/tables", fileSystem: fileSystem, time: time) {
            bytes, path in
            try placeIfPossible(bytes, at: path)
        } forgetRecord: { path in
            do { try fileSystem.remove(path) } catch let error as FileSystemError where error.isReadOnly {}
        }
    }

    /// Names the record of a file or folder outside the store.
    /// - Parameter path: absolute.
    func inputKey(_ path: String, _ selection: InputSelection?) throws -> Digest {
        StatCache.inputKey(
            path, selectedBy: try selection.map { try fileSystem.absolute($0.file) }, member: selection?.member)
    }

    /// What a file or folder outside the store holds.
    /// - Parameter key: see `StatCache.inputKey`.
    func look(
        atInput path: String, key: Digest, selected: StatCache.Selected? = nil, verify: Bool, threads: Int,
        hashed: HashProgress = { _, _ in }
    ) throws -> StatCache.Look {
        try statCache.look(at: path, key: key, selected: selected, verify: verify, threads: threads, hashed: hashed) {
            listing in
            let kept = sharded("listings", listing.digest)
            if try fileSystem.status(of: kept) == nil { try placeIfPossible(listing.bytes, at: kept) }
        }
    }
}
