import Fingerprints

/// What a live run uses, so that garbage collection beside it leaves that alone. Dead runs' pins count for nothing.
struct Pins: Sendable {
    private let store: Store
    private let path: String
    /// nil where the store can only be read: nobody collects there either.
    private let lock: (any FileLock)?

    /// The gate: runs hold it shared while they look and pin, the collector alone while it decides and moves away.
    static func gatePath(_ store: Store) -> String { "\(store.root)/locks/gc" }

    init(_ store: Store) throws {
        self.store = store
        path = "\(store.root)/pins/\(store.fileSystem.uniqueName())"
        do {
            lock = try Pins.lock(path, exclusive: true, store, label: store.host.name + "\n")
        } catch let error as FileSystemError where error.isReadOnly {
            lock = nil
        }
    }

    /// Waits for a lock that others hold for a moment only.
    static func lock(_ path: String, exclusive: Bool, _ store: Store, label: String = "") throws -> any FileLock {
        while true {
            if let lock = try store.makingFolder(
                of: path, { try store.fileSystem.lock(path, exclusive: exclusive, label: label) })
            {
                return lock
            }
            store.time.sleep(nanoseconds: 1_000_000)
        }
    }

    /// Pins what `body` finds, while nothing can be collected in between.
    func hold<Result>(_ body: () throws -> (result: Result, pinned: [Digest])) throws -> Result {
        guard lock != nil else { return try body().result }
        let gate = try Pins.lock(Pins.gatePath(store), exclusive: false, store)
        defer { gate.release(removing: false) }
        let (result, pinned) = try body()
        let lines = pinned.map { $0.hex + "\n" }.joined()
        if !lines.isEmpty { try store.fileSystem.append(Array(lines.utf8), to: path) }
        return result
    }

    /// Whether anything can be pinned: not in a store that can only be read.
    var isHeld: Bool { lock != nil }

    func release() { lock?.release(removing: true) }
}

extension Store {
    /// How long pins of another host count where its locks are not seen, in nanoseconds: a week.
    private static let foreignPins = 7 * 86_400_000_000_000

    /// The digests pinned by live runs.
    /// - Parameter cleaning: removes what dead ones left.
    func pinnedDigests(cleaning: Bool) throws -> Set<Digest> {
        var pinned: Set<Digest> = []
        for name in try fileSystem.names(in: "\(root)/pins") where StoreLayout.isUnique(name) {
            let path = "\(root)/pins/\(name)"
            guard let bytes = try fileSystem.read(path), let status = try fileSystem.status(of: path) else { continue }
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
            let isForeign = lease != nil && lines.first != host.name && status.modified > time.now() - Self.foreignPins
            if !isForeign, let lock = try fileSystem.lock(path, exclusive: cleaning, label: "") {
                lock.release(removing: cleaning)
            } else {
                pinned.formUnion(lines.compactMap { Digest(hex: $0) })
            }
        }
        return pinned
    }
}
