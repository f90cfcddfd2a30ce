import Files

/// What a container holds: the root of the pickle, and where the storages lie.
struct CheckpointContent: Sendable {
    let root: PickleValue
    let heap: PickleHeap
    let storages: StorageBytes
}

/// Bytes of the storages, read when they are asked for.
enum StorageBytes: Sendable {
    /// Plain ranges of the file, by key.
    case ranges([String: Range<Int>])
    /// Members `PREFIX/data/KEY` of a zip archive.
    case members(prefix: String)

    /// Refuses a claim that the file cannot hold, before memory is taken for it.
    /// - Throws: `CheckpointError`.
    func require(_ bytes: Int, of storage: StoredStorage, from offset: Int, in path: String) throws {
        let room =
            switch self {
            case .ranges(let ranges): ranges[storage.key]?.count ?? 0
            // A member over 1 MiB unpacks to at most so many times what it takes.
            case .members: max(1 << 20, ZipLimits().ratio * (try CheckpointFile(path).size))
            }
        guard offset <= room, bytes <= room - offset else {
            throw CheckpointError(path: path, reason: "has no whole storage '\(quoted(storage.key))'")
        }
    }

    /// Fills `destination` with the storage's bytes from `offset` on.
    func read(
        _ storage: StoredStorage, of path: String, from offset: Int, into destination: UnsafeMutableRawBufferPointer
    ) throws {
        switch self {
        case .ranges(let ranges):
            guard let range = ranges[storage.key], offset + destination.count <= range.count else {
                throw CheckpointError(path: path, reason: "has no whole storage '\(storage.key)'")
            }
            try CheckpointFile(path).read(at: range.lowerBound + offset, into: destination)
        case .members(let prefix):
            try CheckpointContent.read(
                "\(prefix)/data/\(storage.key)", of: path, from: offset, into: destination)
        }
    }
}

extension Unpickler {
    /// Reads one pickle from the file at `position`, which moves behind it.
    mutating func read(_ file: CheckpointFile, at position: inout Int, limit: Int = largest) throws -> PickleValue {
        let window = try file.read(at: position, upTo: limit)
        var used = 0
        do {
            let value = try window.withUnsafeBytes { try read($0, at: &used) }
            position += used
            return value
        } catch let failure as Failure {
            throw CheckpointError(path: file.path, reason: "\(failure.reason) (byte \(position + failure.offset))")
        }
    }

    /// The items of a pickled tuple or list; nil for anything else.
    mutating func items(_ file: CheckpointFile, at position: inout Int, limit: Int = largest) throws -> [PickleValue]? {
        let value = try read(file, at: &position, limit: limit)
        return heap.items(value)
    }
}
