import Fingerprints

extension CheckpointContent {
    /// Whether a file begins as safetensors do: the length of a JSON object in 8 bytes, and the object.
    static func isSafetensors(_ head: [UInt8], size: Int) -> Bool {
        guard head.count > 8, head[8] == UInt8(ascii: "{") else { return false }
        let length = head[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return length >= 2 && length <= 1 << 40
            && head[8...].prefix(Int(min(length, 64))).allSatisfy { $0 >= 0x20 || $0 == 0x0A }
    }

    /// The safetensors container: the header's length (8 bytes), the header as JSON (name → type, shape and place),
    /// the bytes.
    init(safetensors file: CheckpointFile) throws {
        func fault(_ reason: String) -> CheckpointError {
            CheckpointError(path: file.path, reason: "as safetensors: " + reason)
        }
        let length = try file.int64(at: 0), start = 8 + length
        guard length >= 2, length <= Unpickler.largest else {
            throw fault("its header has \(length) bytes; at most \(Unpickler.largest) are read")
        }
        guard start <= file.size else { throw file.cutOff("the header of safetensors alone has \(length)") }
        let text = try file.read(at: 8, upTo: length), header: JSONNode
        do { header = try JSONNode(json: text, source: file.path) } catch {
            throw fault("its header cannot be read: \(error.problem)")
        }
        guard case .object(let members) = header.content else { throw fault("its header is no object") }
        var heap = PickleHeap(), entries: [(key: PickleValue, value: PickleValue)] = [],
            ranges: [String: Range<Int>] = [:], end = 0
        for member in members where member.key != "__metadata__" {
            let name = quoted(member.key)
            guard let type = member.value["dtype"]?.value.value.stringValue,
                let shape = integers(member.value["shape"]?.value),
                let offsets = integers(member.value["data_offsets"]?.value), offsets.count == 2,
                offsets[0] <= offsets[1]
            else {
                throw fault("the tensor '\(name)' lacks dtype, shape or data_offsets")
            }
            guard offsets[1] <= file.size - start else {
                throw file.cutOff("the tensor '\(name)' ends \(offsets[1]) bytes behind its header")
            }
            end = max(end, offsets[1])
            guard let element = ElementType(safetensors: type) else {
                heap.objects.append(PickleObject(className: "safetensors \(type)"))
                entries.append((.text(member.key), .object(heap.objects.count - 1)))
                continue
            }
            let count = shape.reduce((count: 1, overflow: false)) { total, extent in
                let (product, overflow) = total.count.multipliedReportingOverflow(by: extent)
                return (product, total.overflow || overflow)
            }
            let bytes = offsets[1] - offsets[0]
            guard !count.overflow, count.count <= bytes, count.count * element.size == bytes else {
                throw fault("the tensor '\(name)' of the shape \(shape) in \(type) does not fill its \(bytes) bytes")
            }
            ranges[member.key] = start + offsets[0]..<start + offsets[1]
            let storage = StoredStorage(key: member.key, type: element, count: count.count)
            heap.tensors.append(
                StoredTensor(storage: storage, offset: 0, shape: shape, strides: rowMajorStrides(shape)))
            entries.append((.text(member.key), .tensor(heap.tensors.count - 1)))
        }
        guard end == file.size - start else {
            throw fault("has \(file.size - start) bytes of tensors, but its header tells of \(end)")
        }
        heap.dictionaries.append(entries)
        self.init(root: .dictionary(0), heap: heap, storages: .ranges(ranges))
    }
}

extension ElementType {
    fileprivate init?(safetensors name: String) {
        switch name {
        case "F64": self = .float64
        case "F32": self = .float32
        case "F16": self = .float16
        case "BF16": self = .bfloat16
        case "I64": self = .int64
        case "I32": self = .int32
        case "I16": self = .int16
        case "I8": self = .int8
        case "U8": self = .uint8
        case "BOOL": self = .bool
        default: return nil
        }
    }
}

private func integers(_ node: JSONNode?) -> [Int]? {
    guard case .array(let items)? = node?.content, items.count <= 64 else { return nil }
    let numbers = items.compactMap { $0.value.intValue }.filter { $0 >= 0 }
    return numbers.count == items.count ? numbers : nil
}

/// Strides of numbers that lie one behind the other. The extents' product must not overflow where none is 0.
private func rowMajorStrides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] &* max(1, shape[axis + 1]) }
    return strides.map { max(0, $0) }
}
