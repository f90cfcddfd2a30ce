import Tensors

/// The tensors of a PyTorch checkpoint (`.pth`), read without running what is in it.
///
/// Reads the three containers that `torch.save` has written (zip since 1.6; the stream before; tar in the beginning), a `state_dict`
/// as the root or under the keys `state_dict`, `model`, `model_state_dict` or `net`, with or without the prefix `module.`.
/// Only names and places are kept; a tensor's numbers are read from the file when it is asked for.
public struct Checkpoint: ParameterSource {
    public let path: String
    /// Names of the tensors, in the file's order, without the prefix `module.`.
    public let names: [String]
    private let tensors: [String: StoredTensor]
    private let storages: StorageBytes

    /// - Throws: `CheckpointError`: not a checkpoint, cut off, or with anything in it but tensors and plain values.
    public init(contentsOf path: String) throws {
        let content = try FileBytes.with(path) { file in
            let head = try file.read(at: 0, upTo: 265)
            if head.starts(with: [0x50, 0x4b, 3, 4]) { return try CheckpointContent(zip: path) }
            if head.count == 265, Array(head[257..<262]) == Array("ustar".utf8) { return try CheckpointContent(tar: file) }
            if head.first == 0x80, head.prefix(32).indices.contains(where: { head[$0...].starts(with: CheckpointContent.legacyMagic) }) {
                return try CheckpointContent(legacy: file)
            }
            throw CheckpointError(path: path, reason: "is no PyTorch checkpoint (a file that torch.save has written)")
        }
        self.path = path
        storages = content.storages
        var named = try Checkpoint.stateDictionary(content, path)
        if named.allSatisfy({ $0.name.hasPrefix("module.") }) { named = named.map { (String($0.name.dropFirst(7)), $0.tensor) } }
        names = named.map(\.name)
        tensors = Dictionary(named.map { ($0.name, $0.tensor) }, uniquingKeysWith: { _, last in last })
        guard tensors.count == names.count else { throw CheckpointError(path: path, reason: "has two tensors of one name") }
    }

    /// The shape of a tensor; nil where there is none of that name.
    public func shape(of name: String) -> [Int]? { tensors[name]?.shape }

    /// The tensor of that name, which has exactly that shape, in single precision.
    /// - Throws: `CheckpointError` naming the tensor: missing, of another shape, not of floating numbers, outside its storage, cut off.
    public func tensor(_ name: String, shape: [Int]) throws -> Tensor {
        guard let tensor = tensors[name] else {
            throw error("has no tensor '\(name)'; it has \(names.count), from '\(names.first ?? "")' to '\(names.last ?? "")'")
        }
        guard tensor.shape == shape else { throw error("the tensor '\(name)' has the shape \(tensor.shape), expected \(shape)") }
        guard let read = tensor.storage.type.floatReader else {
            throw error("the tensor '\(name)' is of \(tensor.storage.type.rawValue), expected floating numbers")
        }
        guard let span = tensor.span else { throw error("the tensor '\(name)' reaches outside its storage of \(tensor.storage.count) numbers") }
        let count = shape.reduce(1, *), size = tensor.storage.type.size
        guard count > 0 else { return Tensor(zeros: shape) }
        guard span <= 16 * count + 1024 else { throw error("the tensor '\(name)' is scattered over \(span) numbers; save a contiguous copy of it") }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: span * size, alignment: 16)
        defer { bytes.deallocate() }
        try storages.read(tensor.storage, of: path, from: tensor.offset * size, into: bytes)
        var result = Tensor(zeros: shape)
        let plain = UnsafeRawBufferPointer(bytes)
        result.data.withUnsafeMutableBufferPointer { numbers in
            if tensor.isContiguous {
                for index in 0..<count { numbers[index] = read(plain, index) }
            } else {
                tensor.forEachPlace { place, index in numbers[index] = read(plain, place) }
            }
        }
        return result
    }

    private func error(_ reason: String) -> CheckpointError { CheckpointError(path: path, reason: reason) }

    /// The tensors with text keys of the root, or of the dictionary in it that holds the model.
    private static func stateDictionary(_ content: CheckpointContent, _ path: String) throws -> [(name: String, tensor: StoredTensor)] {
        guard case .dictionary(var dictionary) = content.root else {
            throw CheckpointError(path: path, reason: "holds no dictionary of tensors; save model.state_dict()")
        }
        for key in ["state_dict", "model_state_dict", "model", "net"] {
            if case .dictionary(let inner) = content.heap.value(key, in: dictionary) {
                dictionary = inner
                break
            }
        }
        let entries = content.heap.dictionaries[dictionary]
        let tensors: [(String, StoredTensor)] = entries.compactMap { entry in
            guard case .text(let name) = entry.key, case .tensor(let index) = entry.value else { return nil }
            return (name, content.heap.tensors[index])
        }
        guard !tensors.isEmpty else {
            let keys = entries.prefix(8).compactMap { if case .text(let key) = $0.key { "'\(key)'" } else { nil } }
            throw CheckpointError(path: path, reason: "holds no tensors" + (keys.isEmpty ? "" : ", only " + keys.joined(separator: ", ")))
        }
        return tensors
    }
}

extension StoredTensor {
    /// Numbers from the first to the last one of the tensor; nil where that is not inside the storage, or makes no sense.
    var span: Int? {
        guard offset >= 0, shape.count == strides.count, shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }) else { return nil }
        if shape.contains(0) { return 0 }
        var last = offset
        for (extent, stride) in zip(shape, strides) {
            let (step, overflow) = (extent - 1).multipliedReportingOverflow(by: stride)
            guard !overflow, step < storage.count, last + step < storage.count else { return nil }
            last += step
        }
        return last < storage.count ? last - offset + 1 : nil
    }

    /// Whether the numbers lie one behind the other.
    var isContiguous: Bool {
        var expected = 1
        for (extent, stride) in zip(shape, strides).reversed() where extent != 1 {
            guard stride == expected else { return false }
            expected *= extent
        }
        return true
    }

    /// Calls `body` for every number in row-major order with its place behind the first one, and its index.
    func forEachPlace(_ body: (_ place: Int, _ index: Int) -> Void) {
        var counter = [Int](repeating: 0, count: shape.count), place = 0
        for index in 0..<shape.reduce(1, *) {
            body(place, index)
            for axis in shape.indices.reversed() {
                counter[axis] += 1
                place += strides[axis]
                if counter[axis] < shape[axis] { break }
                place -= counter[axis] * strides[axis]
                counter[axis] = 0
            }
        }
    }
}
