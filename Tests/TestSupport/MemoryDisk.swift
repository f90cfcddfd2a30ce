import Engine
import Fingerprints
import Foundation
import Synchronization

/// A disk in memory that can lose what was not flushed, as a power cut does.
package final class MemoryDisk: Sendable {
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
        /// The names on the way to a path. Kept: the engine asks for the same paths again and again.
        var namesOfPaths: [String: [String]] = [:]
    }

    let state: Mutex<State>

    /// - Parameter grain: of file times, in nanoseconds.
    package init(grain: Int = 10_000_000) { state = Mutex(State(grain: grain)) }

    /// Passes time, or with a negative number sets the clock back.
    package func advance(seconds: Double) {
        state.withLock { state in
            state.clock += Int(seconds * 1e9)
            state.uptime += max(0, Int(seconds * 1e9))
        }
    }

    /// - Parameter isNetwork: sees the disk as a network disk, which remembers names that were absent when they were
    ///   looked up.
    package func startProcess(_ trouble: Trouble? = nil, isNetwork: Bool = false) -> MemoryProcess {
        let id = state.withLock { state in
            state.processes += 1
            return state.processes
        }
        return MemoryProcess(disk: self, id: id, trouble: trouble, isNetwork: isNetwork)
    }

    /// Every byte and name that was not flushed is kept, lost or torn, as chance will have it.
    package func cutPower(_ random: inout RandomSource) {
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
    package func settle() {
        state.withLock { state in
            for inode in Array(state.nodes.keys) { state.sync(inode) }
        }
    }

    /// Changes a byte of a file, or of the first file of a folder. Silently: as a rotten disk does, no time changes.
    package func damage(_ path: String, silently: Bool) {
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

    private mutating func names(of path: String) -> [String] {
        if let known = namesOfPaths[path] { return known }
        let names = path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
        namesOfPaths[path] = names
        return names
    }

    private func find(_ names: some Sequence<String>) -> UInt64? {
        var inode: UInt64 = 1
        for name in names {
            guard let next = nodes[inode]?.entries[name] else { return nil }
            inode = next
        }
        return inode
    }

    mutating func find(_ path: String) -> UInt64? { find(names(of: path)) }

    mutating func node(_ path: String) -> MemoryDisk.Node? { find(path).flatMap { nodes[$0] } }

    mutating func folder(of path: String, _ operation: String) throws -> (inode: UInt64, name: String) {
        let names = names(of: path)
        guard let name = names.last, let inode = find(names.dropLast()), nodes[inode]?.isFolder == true else {
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
        for part in names(of: path) {
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
