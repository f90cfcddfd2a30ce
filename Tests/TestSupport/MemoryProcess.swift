import Engine
import Fingerprints
import Foundation
import Synchronization

/// What goes wrong in a process: at its `operation`-th operation on the disk it dies, or the disk says `code`.
package struct Trouble: Sendable {
    package enum Kind: Sendable {
        case death
        case error(Int32)
        /// From then on every write fails.
        case full
    }
    let kind: Kind
    let operation: Int

    package init(kind: Kind, operation: Int) {
        self.kind = kind
        self.operation = operation
    }
}

struct Death: Error {}

/// The disk as one process sees it. After its death nothing that it does has any effect.
package final class MemoryProcess: FileSystem, TimeSource {
    let disk: MemoryDisk
    let id: Int
    private let trouble: Trouble?
    private let life = Mutex((operations: 0, isDead: false))
    /// Called before each operation on a path, with a verb.
    package let before = Mutex<(@Sendable (_ operation: String, _ path: String) throws -> Void)?>(nil)

    private let isNetwork: Bool
    private let absent = Mutex<Set<String>>([])

    init(disk: MemoryDisk, id: Int, trouble: Trouble?, isNetwork: Bool) {
        self.isNetwork = isNetwork
        self.disk = disk
        self.id = id
        self.trouble = trouble
    }

    package var operations: Int { life.withLock { $0.operations } }
    package var isDead: Bool { life.withLock { $0.isDead } }

    package func die() {
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

    package func absolute(_ path: String) throws -> String { path.hasPrefix("/") ? path : "/" + path }

    package func status(of path: String) throws -> FileStatus? {
        if isRememberedAbsent(path) { return nil }
        return try operate("look at", path, writes: false) { state in
            guard let inode = state.find(path), let node = state.nodes[inode] else { return nil }
            return state.status(node, inode)
        }
    }

    package func names(in folder: String) throws -> [String] {
        if isRememberedAbsent(folder) { return [] }
        return try operate("list", folder, writes: false) { $0.node(folder)?.entries.keys.sorted() ?? [] }
    }

    package func scan(_ folder: String, threads: Int, asInput: Bool) throws -> FolderScan {
        try operate("list", folder, writes: false) { state in
            guard let inode = state.find(folder) else { throw FileSystemError("list", folder, code: ENOENT) }
            var scan = FolderScan()
            state.scan(inode, "", into: &scan)
            return scan
        }
    }

    package func read(_ path: String) throws -> [UInt8]? {
        if isRememberedAbsent(path) { return nil }
        return try operate("read", path, writes: false) { $0.node(path)?.bytes }
    }

    package func digest(of path: String, hashed: (Int) throws -> Void) throws -> Digest {
        guard let bytes = try read(path) else { throw FileSystemError("read", path, code: ENOENT) }
        try hashed(bytes.count)
        return Digest(hashing: bytes)
    }

    package func write(_ bytes: [UInt8], to path: String) throws {
        defer { remember(path) }
        let half = { (state: inout MemoryDisk.State) in
            do { try state.put(Array(bytes.prefix(bytes.count / 2)), at: path) } catch {}
        }
        try operate("write", path, writes: true, half: half) { try $0.put(bytes, at: path) }
    }

    package func create(_ bytes: [UInt8], at path: String) throws -> Bool {
        defer { remember(path) }
        return try operate("write", path, writes: true) { state in
            guard state.find(path) == nil else { return false }
            try state.put(bytes, at: path)
            return true
        }
    }

    package func isShared(_ path: String) -> Bool { isNetwork }

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

    package func append(_ bytes: [UInt8], to path: String) throws {
        try operate("write", path, writes: true) { state in
            try state.put((state.node(path)?.bytes ?? []) + bytes, at: path)
        }
    }

    package func sync(_ path: String) throws {
        try operate("flush", path, writes: true) { state in
            guard let inode = state.find(path) else { throw FileSystemError("flush", path, code: ENOENT) }
            state.sync(inode)
        }
    }

    package func syncTree(_ path: String) throws {
        try operate("flush", path, writes: true) { state in
            guard let inode = state.find(path) else { throw FileSystemError("flush", path, code: ENOENT) }
            state.walk(inode) { $0.sync($1) }
        }
    }

    package func makeFolder(_ path: String) throws {
        defer { remember(path) }
        try operate("make the folder", path, writes: true) { $0.makeFolder(path) }
    }

    package func rename(_ path: String, to new: String) throws {
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

    package func remove(_ path: String) throws {
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
    package func makeExecutable(_ path: String) throws {}

    package func protect(_ path: String) throws {
        try operate("protect", path, writes: false) { state in
            guard let inode = state.find(path) else { throw FileSystemError("protect", path, code: ENOENT) }
            state.walk(inode) { $0.changed($1) }
        }
    }

    package func clone(_ path: String, to new: String) throws {
        try operate("write", new, writes: true) { state in
            guard let node = state.node(path) else { throw FileSystemError("read", path, code: ENOENT) }
            try state.put(node.bytes, at: new)
        }
    }

    package func lock(_ path: String, exclusive: Bool, label: String) throws -> (any FileLock)? {
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

    package func uniqueName() -> String {
        disk.state.withLock { state in
            state.names += 1
            return "\(id)-m-\(state.names)"
        }
    }

    package func now() -> Int { disk.state.withLock { $0.clock } }

    package func monotonic() -> Int { disk.state.withLock { $0.uptime } }

    package func sleep(nanoseconds: Int) {
        disk.advance(seconds: Double(nanoseconds) / 1e9)
        usleep(100)  // who waits asks again, and must not take the core from whom it waits for
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

private final class MemoryLock: FileLock {
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
