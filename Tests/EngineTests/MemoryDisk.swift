import Engine
import Fingerprints
import Foundation
import Synchronization

/// A disk in memory that can lose what was not flushed, as a power cut does.
final class MemoryDisk: Sendable {
    struct Node {
        var isFolder: Bool
        var bytes: [UInt8] = []
        /// What a power cut surely leaves; nil: never flushed.
        var durableBytes: [UInt8]?
        var entries: [String: UInt64] = [:]
        var durableEntries: [String: UInt64] = [:]
        var modified: Int
        var changed: Int
    }

    struct Lock {
        var isExclusive: Bool
        var holders: [Int]
    }

    struct State {
        var nodes: [UInt64: Node] = [1: Node(isFolder: true, modified: 0, changed: 0)]
        var nextInode: UInt64 = 2
        /// File times are rounded down to so many nanoseconds.
        var grain: Int
        /// Nanoseconds.
        var clock = 1_000_000_000_000
        var uptime = 0
        var locks: [String: Lock] = [:]
        var names = 0
        var processes = 0
    }

    let state: Mutex<State>

    /// - Parameter grain: of file times, in nanoseconds.
    init(grain: Int = 10_000_000) { state = Mutex(State(grain: grain)) }

    /// Passes time, or with a negative number sets the clock back.
    func advance(seconds: Double) {
        state.withLock { state in
            state.clock += Int(seconds * 1e9)
            state.uptime += max(0, Int(seconds * 1e9))
        }
    }

    /// - Parameter isNetwork: sees the disk as a network disk, which remembers names that were absent when they were
    ///   looked up.
    func startProcess(_ trouble: Trouble? = nil, isNetwork: Bool = false) -> MemoryProcess {
        let id = state.withLock { state in
            state.processes += 1
            return state.processes
        }
        return MemoryProcess(disk: self, id: id, trouble: trouble, isNetwork: isNetwork)
    }

    /// Every byte and name that was not flushed is kept, lost or torn, as chance will have it.
    func cutPower(_ random: inout RandomSource) {
        var generator = random
        state.withLock { state in
            state.locks = [:]
            for inode in state.nodes.keys.sorted() {
                guard var node = state.nodes[inode] else { continue }
                if node.isFolder {
                    for name in Set(node.entries.keys).union(node.durableEntries.keys).sorted()
                    where node.entries[name] != node.durableEntries[name] {
                        if generator.below(2) == 0 { node.entries[name] = node.durableEntries[name] }
                    }
                    node.durableEntries = node.entries
                } else if node.durableBytes != node.bytes {
                    switch generator.below(4) {
                    case 0: node.bytes = node.durableBytes ?? []
                    case 1: node.bytes = Array(node.bytes.prefix(generator.below(node.bytes.count + 1)))
                    case 2: node.bytes = [UInt8](repeating: 0, count: node.bytes.count)
                    default: break
                    }
                    node.durableBytes = node.bytes
                }
                state.nodes[inode] = node
            }
        }
        random = generator
    }

    /// Makes all there is durable: for what the test itself writes.
    func settle() {
        state.withLock { state in
            for inode in Array(state.nodes.keys) { state.sync(inode) }
        }
    }

    /// Changes a byte of a file, or of the first file of a folder. Silently: as a rotten disk does, no time changes.
    func damage(_ path: String, silently: Bool) {
        state.withLock { state in
            guard var inode = state.find(path) else { return }
            while let node = state.nodes[inode], node.isFolder {
                guard let first = node.entries.keys.sorted().first, let child = node.entries[first] else { return }
                inode = child
            }
            guard var node = state.nodes[inode] else { return }
            if node.bytes.isEmpty { node.bytes = [0] } else { node.bytes[0] ^= 1 }
            node.durableBytes = node.bytes
            if !silently { node.changed = state.now }
            state.nodes[inode] = node
        }
    }
}

extension MemoryDisk.State {
    var now: Int { clock / grain * grain }

    func find(_ path: String) -> UInt64? {
        var inode: UInt64 = 1
        for part in path.utf8.split(separator: UInt8(ascii: "/")) {
            guard let next = nodes[inode]?.entries[String(Substring(part))] else { return nil }
            inode = next
        }
        return inode
    }

    func node(_ path: String) -> MemoryDisk.Node? { find(path).flatMap { nodes[$0] } }

    func folder(of path: String, _ operation: String) throws -> (inode: UInt64, name: String) {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
        let name = String(path.utf8[slash...].dropFirst()) ?? path
        guard let inode = find(String(path[..<slash])), nodes[inode]?.isFolder == true else {
            throw FileSystemError(operation, path, code: ENOENT)
        }
        return (inode, name)
    }

    mutating func put(_ bytes: [UInt8], at path: String) throws {
        let (folder, name) = try self.folder(of: path, "write")
        let now = now
        if let inode = nodes[folder]?.entries[name] {
            nodes[inode]?.bytes = bytes
            nodes[inode]?.modified = now
            nodes[inode]?.changed = now
        } else {
            let inode = nextInode
            nodes[inode] = MemoryDisk.Node(isFolder: false, bytes: bytes, modified: now, changed: now)
            nodes[folder]?.entries[name] = inode
            nodes[folder]?.modified = now
            nextInode += 1
        }
    }

    mutating func makeFolder(_ path: String) {
        var inode: UInt64 = 1
        for part in path.utf8.split(separator: UInt8(ascii: "/")).map({ String(Substring($0)) }) {
            if let next = nodes[inode]?.entries[part] {
                inode = next
            } else {
                let new = nextInode
                nodes[new] = MemoryDisk.Node(isFolder: true, modified: now, changed: now)
                nodes[inode]?.entries[part] = new
                inode = new
                nextInode += 1
            }
        }
    }

    mutating func sync(_ inode: UInt64) {
        guard var node = nodes[inode] else { return }
        node.durableBytes = node.bytes
        node.durableEntries = node.entries
        nodes[inode] = node
    }

    mutating func changed(_ inode: UInt64) {
        let now = now
        nodes[inode]?.changed = now
    }

    mutating func walk(_ inode: UInt64, _ body: (inout MemoryDisk.State, UInt64) -> Void) {
        body(&self, inode)
        for child in (nodes[inode]?.entries ?? [:]).values { walk(child, body) }
    }

    func scan(_ inode: UInt64, _ prefix: String, into scan: inout FolderScan) {
        for (name, child) in (nodes[inode]?.entries ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let node = nodes[child] else { continue }
            if node.isFolder {
                self.scan(child, prefix + name + "/", into: &scan)
            } else {
                scan.append(name: (prefix + name).utf8, status(node, child))
            }
        }
    }

    func status(_ node: MemoryDisk.Node, _ inode: UInt64) -> FileStatus {
        FileStatus(
            kind: node.isFolder ? .folder : .file, isExecutable: false, size: node.bytes.count, modified: node.modified,
            changed: node.changed,
            inode: inode)
    }
}

/// What goes wrong in a process: at its `operation`-th operation on the disk it dies, or the disk says `code`.
struct Trouble: Sendable {
    enum Kind: Sendable {
        case death
        case error(Int32)
        /// From then on every write fails.
        case full
    }
    let kind: Kind
    let operation: Int
}

struct Death: Error {}

/// The disk as one process sees it. After its death nothing that it does has any effect.
final class MemoryProcess: FileSystem, TimeSource {
    let disk: MemoryDisk
    let id: Int
    private let trouble: Trouble?
    private let life = Mutex((operations: 0, isDead: false))
    /// Called before each operation on a path, with a verb.
    let before = Mutex<(@Sendable (_ operation: String, _ path: String) throws -> Void)?>(nil)

    private let isNetwork: Bool
    private let absent = Mutex<Set<String>>([])

    init(disk: MemoryDisk, id: Int, trouble: Trouble?, isNetwork: Bool) {
        self.isNetwork = isNetwork
        self.disk = disk
        self.id = id
        self.trouble = trouble
    }

    var operations: Int { life.withLock { $0.operations } }
    var isDead: Bool { life.withLock { $0.isDead } }

    func die() {
        life.withLock { $0.isDead = true }
        disk.state.withLock { state in
            for (path, var lock) in state.locks {
                lock.holders.removeAll { $0 == id }
                state.locks[path] = lock.holders.isEmpty ? nil : lock
            }
        }
    }

    /// Counts an operation; throws when it is the one to fail. A dying write may be half done.
    private func operate<Result>(
        _ operation: String, _ path: String, writes: Bool, half: ((inout MemoryDisk.State) -> Void)? = nil,
        _ body: (inout MemoryDisk.State) throws -> Result
    ) throws -> Result {
        if let before = before.withLock({ $0 }) { try before(operation, path) }
        let (count, isDead) = life.withLock { life in
            life.operations += 1
            return (life.operations, life.isDead)
        }
        if isDead { throw Death() }
        if let trouble, count >= trouble.operation {
            switch trouble.kind {
            case .death where count == trouble.operation:
                if let half, count % 2 == 0 { disk.state.withLock { half(&$0) } }
                die()
                throw Death()
            case .error(let code) where count == trouble.operation: throw FileSystemError(operation, path, code: code)
            case .full where writes: throw FileSystemError(operation, path, code: ENOSPC)
            default: break
            }
        }
        return try disk.state.withLock { state in
            state.clock += 1000
            state.uptime += 1000
            return try body(&state)
        }
    }

    func absolute(_ path: String) throws -> String { path.hasPrefix("/") ? path : "/" + path }

    func status(of path: String) throws -> FileStatus? {
        if isRememberedAbsent(path) { return nil }
        return try operate("look at", path, writes: false) { state in
            guard let inode = state.find(path), let node = state.nodes[inode] else { return nil }
            return state.status(node, inode)
        }
    }

    func names(in folder: String) throws -> [String] {
        if isRememberedAbsent(folder) { return [] }
        return try operate("list", folder, writes: false) { $0.node(folder)?.entries.keys.sorted() ?? [] }
    }

    func scan(_ folder: String, threads: Int, asInput: Bool) throws -> FolderScan {
        try operate("list", folder, writes: false) { state in
            guard let inode = state.find(folder) else { throw FileSystemError("list", folder, code: ENOENT) }
            var scan = FolderScan()
            state.scan(inode, "", into: &scan)
            return scan
        }
    }

    func read(_ path: String) throws -> [UInt8]? {
        if isRememberedAbsent(path) { return nil }
        return try operate("read", path, writes: false) { $0.node(path)?.bytes }
    }

    func digest(of path: String, hashed: (Int) throws -> Void) throws -> Digest {
        guard let bytes = try read(path) else { throw FileSystemError("read", path, code: ENOENT) }
        try hashed(bytes.count)
        return Digest(hashing: bytes)
    }

    func write(_ bytes: [UInt8], to path: String) throws {
        defer { remember(path) }
        let half = { (state: inout MemoryDisk.State) in
            do { try state.put(Array(bytes.prefix(bytes.count / 2)), at: path) } catch {}
        }
        try operate("write", path, writes: true, half: half) { try $0.put(bytes, at: path) }
    }

    func create(_ bytes: [UInt8], at path: String) throws -> Bool {
        defer { remember(path) }
        return try operate("write", path, writes: true) { state in
            guard state.find(path) == nil else { return false }
            try state.put(bytes, at: path)
            return true
        }
    }

    func isShared(_ path: String) -> Bool { isNetwork }

    /// Whether a look at a path is answered from what this process remembers: that a name on the way was absent.
    private func isRememberedAbsent(_ path: String) -> Bool {
        guard isNetwork else { return false }
        var prefix = ""
        for part in path.split(separator: "/") {
            prefix += "/\(part)"
            if absent.withLock({ $0.contains(prefix) }) { return true }
            if disk.state.withLock({ $0.find(prefix) == nil }) {
                absent.withLock { _ = $0.insert(prefix) }
                return true
            }
        }
        return false
    }

    /// What this process makes itself it knows.
    private func remember(_ path: String) {
        var prefix = ""
        for part in path.split(separator: "/") {
            prefix += "/\(part)"
            absent.withLock { _ = $0.remove(prefix) }
        }
    }

    func append(_ bytes: [UInt8], to path: String) throws {
        try operate("write", path, writes: true) { state in
            try state.put((state.node(path)?.bytes ?? []) + bytes, at: path)
        }
    }

    func sync(_ path: String) throws {
        try operate("flush", path, writes: true) { state in
            guard let inode = state.find(path) else { throw FileSystemError("flush", path, code: ENOENT) }
            state.sync(inode)
        }
    }

    func syncTree(_ path: String) throws {
        try operate("flush", path, writes: true) { state in
            guard let inode = state.find(path) else { throw FileSystemError("flush", path, code: ENOENT) }
            state.walk(inode) { $0.sync($1) }
        }
    }

    func makeFolder(_ path: String) throws {
        defer { remember(path) }
        try operate("make the folder", path, writes: true) { $0.makeFolder(path) }
    }

    func rename(_ path: String, to new: String) throws {
        if let before = before.withLock({ $0 }) { try before("move to", new) }
        defer { remember(new) }
        try operate("move", path, writes: true) { state in
            let (from, name) = try state.folder(of: path, "move")
            let (to, newName) = try state.folder(of: new, "move")
            guard let inode = state.nodes[from]?.entries[name] else {
                throw FileSystemError("move", path, code: ENOENT)
            }
            if let existing = state.nodes[to]?.entries[newName], let node = state.nodes[existing], node.isFolder,
                !node.entries.isEmpty
            {
                throw FileSystemError("move", path, code: ENOTEMPTY)
            }
            state.nodes[from]?.entries[name] = nil
            state.nodes[to]?.entries[newName] = inode
            state.changed(inode)
        }
    }

    func remove(_ path: String) throws {
        // A removal that dies half way leaves a folder with fewer files.
        let half = { (state: inout MemoryDisk.State) in
            guard let inode = state.find(path), let first = state.nodes[inode]?.entries.keys.sorted().first else {
                return
            }
            state.nodes[inode]?.entries[first] = nil
        }
        try operate("remove", path, writes: false, half: half) { state in
            guard state.find(path) != nil else { return }
            let (folder, name) = try state.folder(of: path, "remove")
            state.nodes[folder]?.entries[name] = nil
        }
    }

    /// This disk knows no x-bits.
    func makeExecutable(_ path: String) throws {}

    func protect(_ path: String) throws {
        try operate("protect", path, writes: false) { state in
            guard let inode = state.find(path) else { throw FileSystemError("protect", path, code: ENOENT) }
            state.walk(inode) { $0.changed($1) }
        }
    }

    func clone(_ path: String, to new: String) throws {
        try operate("write", new, writes: true) { state in
            guard let node = state.node(path) else { throw FileSystemError("read", path, code: ENOENT) }
            try state.put(node.bytes, at: new)
        }
    }

    func lock(_ path: String, exclusive: Bool, label: String) throws -> (any FileLock)? {
        defer { remember(path) }
        return try operate("lock", path, writes: false) { state in
            var lock = state.locks[path] ?? MemoryDisk.Lock(isExclusive: exclusive, holders: [])
            guard lock.holders.isEmpty || !exclusive && !lock.isExclusive else { return nil }
            if exclusive || state.find(path) == nil { try state.put(Array(label.utf8), at: path) }
            lock.holders.append(id)
            state.locks[path] = lock
            return MemoryLock(process: self, path: path)
        }
    }

    func uniqueName() -> String {
        disk.state.withLock { state in
            state.names += 1
            return "\(id)-m-\(state.names)"
        }
    }

    func now() -> Int { disk.state.withLock { $0.clock } }

    func monotonic() -> Int { disk.state.withLock { $0.uptime } }

    func sleep(nanoseconds: Int) {
        disk.advance(seconds: Double(nanoseconds) / 1e9)
        sched_yield()
    }

    fileprivate func unlock(_ path: String, removing: Bool) {
        guard !isDead else { return }
        disk.state.withLock { state in
            guard var lock = state.locks[path], let index = lock.holders.firstIndex(of: id) else { return }
            lock.holders.remove(at: index)
            state.locks[path] = lock.holders.isEmpty ? nil : lock
            if removing, let (folder, name) = try? state.folder(of: path, "remove") {
                state.nodes[folder]?.entries[name] = nil
            }
        }
    }
}

final class MemoryLock: FileLock {
    private let process: MemoryProcess
    private let path: String
    private let isReleased = Atomic(false)

    init(process: MemoryProcess, path: String) {
        self.process = process
        self.path = path
    }

    func release(removing: Bool) {
        guard !isReleased.exchange(true, ordering: .acquiringAndReleasing) else { return }
        process.unlock(path, removing: removing)
    }

    deinit { release(removing: false) }
}
