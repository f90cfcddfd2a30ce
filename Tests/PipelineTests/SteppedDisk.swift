import Engine
import Fingerprints
import Foundation
import Pipeline

/// The program was killed.
struct Killed: Error {}

/// Lets the threads of one test take steps one at a time, in the order that its random numbers say: the same seed, the
/// same order.
final class Baton: @unchecked Sendable {  // guarded by `condition`
    private let condition = NSCondition()
    private var waiting: Set<Int> = [], running: Set<Int> = [], turn: Int?

    func enter(_ id: Int) {
        condition.lock()
        running.insert(id)
        condition.unlock()
    }

    func leave(_ id: Int) {
        condition.lock()
        running.remove(id)
        condition.broadcast()
        condition.unlock()
    }

    /// Waits for this thread's turn.
    func step(_ id: Int) {
        condition.lock()
        waiting.insert(id)
        condition.broadcast()
        while turn != id { condition.wait() }
        turn = nil
        waiting.remove(id)
        condition.unlock()
    }

    /// Waits until every thread waits for its turn or has ended, and gives one its turn.
    /// - Parameter choose: which of so many; called while nobody does anything.
    /// - Returns: false when all have ended.
    func next(_ choose: (Int) -> Int) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        while turn != nil || waiting != running { condition.wait() }
        guard !waiting.isEmpty else { return false }
        turn = waiting.sorted()[choose(waiting.count)]
        condition.broadcast()
        return true
    }
}

/// A real disk as one process sees it, that stops it before each step and can kill it, or be full, at any.
/// Touched by its own process's thread alone, but for `Baton`.
final class SteppedDisk: ResultsDisk, @unchecked Sendable {
    enum Trouble: Equatable {
        case none
        case death(at: Int), error(Int32, at: Int), full(from: Int)
    }

    private let real = LocalResultsDisk()
    private let id: Int, trouble: Trouble, baton: Baton?, canExchange: Bool
    private(set) var steps = 0, isDead = false, pauses = 0

    init(_ id: Int = 0, _ trouble: Trouble = .none, baton: Baton? = nil, canExchange: Bool = true) {
        self.id = id
        self.trouble = trouble
        self.baton = baton
        self.canExchange = canExchange
    }

    /// - Parameter half: what a step that is killed may have done.
    private func step<R>(
        _ operation: String, _ path: String, takesRoom: Bool = false, half: () -> Void = {}, _ body: () throws -> R
    ) throws -> R {
        if isDead { throw Killed() }
        baton?.step(id)
        steps += 1
        switch trouble {
        case .death(let at) where at == steps:
            isDead = true
            if steps % 2 == 0 { half() }
            throw Killed()
        case .error(let code, let at) where at == steps: throw FileSystemError(operation, path, code: code)
        case .full(let from) where takesRoom && steps >= from: throw FileSystemError(operation, path, code: ENOSPC)
        default: return try body()
        }
    }

    func entry(_ path: String) throws -> DiskEntry? { try step("look at", path) { try real.entry(path) } }
    func names(in folder: String) throws -> [String] { try step("list", folder) { try real.names(in: folder) } }
    func read(_ path: String) throws -> [UInt8]? { try step("read", path) { try real.read(path) } }

    func write(_ bytes: [UInt8], to path: String) throws {
        try step(
            "write", path, takesRoom: true, half: { try? real.write(Array(bytes.prefix(bytes.count / 2)), to: path) }
        ) {
            try real.write(bytes, to: path)
        }
    }

    func makeFolder(_ path: String) throws {
        try step("make the folder", path, takesRoom: true) { try real.makeFolder(path) }
    }
    func copyMode(of folder: String, to new: String) throws {
        try step("protect", new) { try real.copyMode(of: folder, to: new) }
    }
    func link(_ path: String, to new: String) throws {
        try step("write", new, takesRoom: true) { try real.link(path, to: new) }
    }

    func exchange(_ a: String, _ b: String) throws -> Bool {
        try step("move", a, half: { _ = canExchange ? try? real.exchange(a, b) : false }) {
            canExchange ? try real.exchange(a, b) : false
        }
    }

    func rename(_ path: String, to new: String) throws {
        try step("move", path, half: { try? real.rename(path, to: new) }) { try real.rename(path, to: new) }
    }

    func remove(_ path: String) throws {
        let half = {
            if let first = try? self.real.names(in: path).first { try? self.real.remove("\(path)/\(first)") }
        }
        try step("remove", path, half: half) { try real.remove(path) }
    }

    func sync(_ folder: String, namesOnly: Bool) throws {
        try step("flush", folder, takesRoom: true) { try real.sync(folder, namesOnly: namesOnly) }
    }

    func lock(_ path: String) throws -> (any FileLock)? {
        try step("lock", path) { try real.lock(path).map { SteppedLock(lock: $0, disk: self) } }
    }

    func pause() {
        pauses += 1
        baton?.step(id)
    }

    func uniqueName() -> String { real.uniqueName() }

    /// A killed process takes no lock's file away: the kernel lets go of the lock, and that is all.
    private final class SteppedLock: FileLock {
        private let lock: any FileLock, disk: SteppedDisk

        init(lock: any FileLock, disk: SteppedDisk) {
            self.lock = lock
            self.disk = disk
        }

        func release(removing: Bool) { lock.release(removing: removing && !disk.isDead) }
    }
}
