extension CheckpointContent {
    /// `torch.serialization.MAGIC_NUMBER`, as a pickle begins with it.
    static let legacyMagic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]

    /// The container of PyTorch 0.1.10 to 1.5: pickles of a magic number, a version, facts about the machine, the
    /// content and the storages' keys; then the storages in that order, each its number of elements (8 bytes) and its
    /// bytes.
    init(legacy file: CheckpointFile) throws {
        var unpickler = Unpickler(), position = 0
        guard case .data(let magic) = try unpickler.read(file, at: &position, limit: 64),
            magic == CheckpointContent.legacyMagic,
            case .int(1001) = try unpickler.read(file, at: &position, limit: 64)
        else {
            throw CheckpointError(path: file.path, reason: "is of a version of PyTorch's format that is not known")
        }
        try checkMachine(try unpickler.read(file, at: &position, limit: 4096), unpickler.heap, file)
        root = try unpickler.read(file, at: &position)
        guard let keys = try unpickler.items(file, at: &position) else {
            throw CheckpointError(path: file.path, reason: "has no list of storages")
        }
        heap = unpickler.heap
        var ranges: [String: Range<Int>] = [:]
        for key in keys {
            guard case .text(let key) = key else {
                throw CheckpointError(path: file.path, reason: "has no list of storages")
            }
            guard let type = heap.storageTypes[key] else {
                throw CheckpointError(path: file.path, reason: "has a storage '\(quoted(key))' that belongs to nothing")
            }
            ranges[key] = try storage(key, of: type, file, at: &position)
        }
        storages = .ranges(ranges)
    }

    /// The oldest container (the official ResNet-18 of 2017): a tar archive of `storages`, `tensors` and the `pickle`
    /// that refers to them (`torch.serialization._legacy_load`).
    init(tar file: CheckpointFile) throws {
        let (members, isWhole) = try tarMembers(file)
        func start(_ name: String) throws -> Int {
            guard let range = members[name] else {
                guard isWhole || members["sys_info"] == nil else { throw file.cutOff("'\(name)' is missing") }
                throw CheckpointError(
                    path: file.path,
                    reason:
                        "is a tar archive without '\(name)', no PyTorch checkpoint: unpack it with `tar xf` and name the file in it"
                )
            }
            return range.lowerBound
        }
        var unpickler = Unpickler()
        if let facts = members["sys_info"] {
            var position = facts.lowerBound
            try checkMachine(try unpickler.read(file, at: &position, limit: 4096), unpickler.heap, file)
        }
        var position = try start("storages")
        var ranges: [String: Range<Int>] = [:], table: [String: PickleValue] = [:],
            owners: [String: StoredStorage] = [:]
        for _ in 0..<(try count(&unpickler, file, &position)) {
            guard let parts = try unpickler.items(file, at: &position, limit: 4096), parts.count == 3,
                let key = keyText(parts[0]), case .callable(.elements(let type)) = parts[2]
            else {
                throw CheckpointError(path: file.path, reason: "has a storage without key and type (byte \(position))")
            }
            let range = try storage(key, of: type, file, at: &position)
            ranges[key] = range
            owners[key] = StoredStorage(key: key, type: type, count: range.count / type.size)
        }
        for view in try unpickler.items(file, at: &position) ?? [] {
            guard let parts = unpickler.heap.items(view), parts.count == 4, let key = keyText(parts[0]),
                let root = keyText(parts[1]),
                let owner = owners[root], let range = ranges[root], case .int(let offset) = parts[2],
                case .int(let count) = parts[3],
                offset >= 0, count >= 0, offset <= owner.count, count <= owner.count - offset
            else {
                throw CheckpointError(
                    path: file.path, reason: "has a view of a storage that is not there (byte \(position))")
            }
            let start = range.lowerBound + offset * owner.type.size
            ranges[key] = start..<start + count * owner.type.size
            owners[key] = StoredStorage(key: key, type: owner.type, count: count)
        }
        position = try start("tensors")
        for _ in 0..<(try count(&unpickler, file, &position)) {
            guard let parts = try unpickler.items(file, at: &position, limit: 4096), parts.count == 3,
                let key = keyText(parts[0]), let owner = keyText(parts[1]).flatMap({ owners[$0] })
            else {
                throw CheckpointError(path: file.path, reason: "has a tensor without a storage (byte \(position))")
            }
            unpickler.heap.tensors.append(try tensor(of: owner, file, at: &position))
            table[key] = .tensor(unpickler.heap.tensors.count - 1)
        }
        unpickler.persistentIDs = .table(table)
        position = try start("pickle")
        root = try unpickler.read(file, at: &position)
        heap = unpickler.heap
        storages = .ranges(ranges)
    }
}

/// A storage's number of elements and its bytes; `position` moves behind them.
private func storage(_ key: String, of type: ElementType, _ file: CheckpointFile, at position: inout Int) throws
    -> Range<
        Int
    >
{
    let count = try file.int64(at: position)
    position += 8
    guard count >= 0, count <= (file.size - position) / type.size else {
        throw file.cutOff("the storage '\(quoted(key))' at byte \(position) claims \(count) numbers")
    }
    defer { position += count * type.size }
    return position..<position + count * type.size
}

/// A tensor's number of axes (in 8 bytes, of which 4 count), extents, strides and offset.
private func tensor(of storage: StoredStorage, _ file: CheckpointFile, at position: inout Int) throws -> StoredTensor {
    let axes = try file.int64(at: position) & 0xffff_ffff
    guard axes <= 64 else {
        throw CheckpointError(path: file.path, reason: "has a tensor of \(axes) axes (byte \(position))")
    }
    let numbers = try (0...2 * axes).map { try file.int64(at: position + 8 + $0 * 8) }
    position += 8 * (2 * axes + 2)
    return StoredTensor(
        storage: storage, offset: numbers[2 * axes], shape: Array(numbers[..<axes]),
        strides: Array(numbers[axes..<2 * axes]))
}

private func count(_ unpickler: inout Unpickler, _ file: CheckpointFile, _ position: inout Int) throws -> Int {
    guard case .int(let count) = try unpickler.read(file, at: &position, limit: 64), count >= 0, count <= 100_000 else {
        throw CheckpointError(path: file.path, reason: "does not tell how many tensors it has (byte \(position))")
    }
    return count
}

private func keyText(_ value: PickleValue) -> String? {
    switch value {
    case .int(let number): String(number)
    case .text(let text): text
    default: nil
    }
}

private func checkMachine(_ facts: PickleValue, _ heap: PickleHeap, _ file: CheckpointFile) throws {
    guard case .dictionary(let facts) = facts, case .bool(true) = heap.value("little_endian", in: facts) else {
        throw CheckpointError(path: file.path, reason: "was not written on a little-endian machine, which is not read")
    }
}

/// The plain members of a tar archive, of which only names and places are of interest, and whether its end is there.
private func tarMembers(_ file: CheckpointFile) throws -> (members: [String: Range<Int>], isWhole: Bool) {
    var members: [String: Range<Int>] = [:], position = 0
    while position + 512 <= file.size, members.count < 64 {
        let header = try file.read(at: position, upTo: 512)
        if header.allSatisfy({ $0 == 0 }) { return (members, true) }
        let name = String(decoding: header[..<100].prefix { $0 != 0 }, as: UTF8.self)
        let digits = String(decoding: header[124..<136].filter { $0 >= 0x30 && $0 <= 0x37 }, as: UTF8.self)
        guard let size = Int(digits, radix: 8), size <= file.size - position - 512 else {
            throw file.cutOff("'\(quoted(name))' at byte \(position) is longer")
        }
        members[name] = position + 512..<position + 512 + size
        position += 512 + (size + 511) / 512 * 512
    }
    return (members, members.count == 64)
}
