/// What is needed of ONNX's messages (onnx.proto3 of ONNX 1.16); every other field is passed over.
struct ONNXModel {
    var graph: ONNXGraph?
    /// Version of each operator set, by domain; "" is ONNX's own.
    var operatorSets: [String: Int] = [:]
    var hasFunctions = false
}

struct ONNXGraph {
    var nodes: [ONNXNode] = []
    var initializers: [ONNXTensor] = []
    var inputs: [ONNXValueInfo] = []
    var outputs: [ONNXValueInfo] = []
}

struct ONNXNode {
    var name = "", operation = "", domain = ""
    var inputs: [String] = [], outputs: [String] = []
    var attributes: [String: ONNXAttribute] = [:]
    var metadata: [String: String] = [:]
}

struct ONNXAttribute {
    var float: Float = 0, integer = 0, string = ""
    var floats: [Float] = [], integers: [Int] = []
    var tensor: ONNXTensor?
    var hasGraph = false
}

struct ONNXValueInfo {
    var name = ""
    /// nil for an axis whose length the file leaves open.
    var shape: [Int?] = []
}

struct ONNXTensor {
    var name = "", shape: [Int] = [], type = 0
    /// Where the numbers are in the file, if there.
    var raw: Range<Int>?
    var floats: [Float] = [], integers: [Int] = [], doubles: [Double] = []
    /// `location`, `offset`, `length` of numbers in a file beside this one.
    var external: [String: String] = [:]
    var isExternal = false
}

/// Reads messages from the bytes of a file.
struct ONNXParser {
    let bytes: UnsafeRawBufferPointer
    /// More of anything than any network has: what a hostile file may not make us keep.
    private static let largestCount = 1_000_000

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private func forEach(_ range: Range<Int>, _ body: (Int, WireReader.Field) throws -> Void) throws {
        var reader = WireReader(bytes, range)
        while let (number, field) = try reader.next() { try body(number, field) }
    }

    private func text(_ field: WireReader.Field) throws -> String {
        String(decoding: bytes[try field.range()], as: UTF8.self)
    }

    private func append<T>(_ element: T, to list: inout [T]) throws {
        guard list.count < Self.largestCount else {
            throw GraphError.tooLarge("a list of more than \(Self.largestCount) elements in the model")
        }
        list.append(element)
    }

    func model() throws -> ONNXModel {
        var model = ONNXModel()
        try forEach(0..<bytes.count) { number, field in
            switch number {
            case 7: model.graph = try graph(field.range())
            case 8:
                var domain = "", version = 0
                try forEach(field.range()) { number, field in
                    if number == 1 { domain = try text(field) } else if number == 2 { version = try field.integer() }
                }
                model.operatorSets[domain == "ai.onnx" ? "" : domain] = version
            case 25: model.hasFunctions = true
            default: break
            }
        }
        return model
    }

    private func graph(_ range: Range<Int>) throws -> ONNXGraph {
        var graph = ONNXGraph()
        try forEach(range) { number, field in
            switch number {
            case 1: try append(try node(field.range()), to: &graph.nodes)
            case 5: try append(try tensor(field.range()), to: &graph.initializers)
            case 11: try append(try valueInfo(field.range()), to: &graph.inputs)
            case 12: try append(try valueInfo(field.range()), to: &graph.outputs)
            case 15: throw GraphError.unsupported(operation: "sparse initializer", node: "", reason: "")
            default: break
            }
        }
        return graph
    }

    private func node(_ range: Range<Int>) throws -> ONNXNode {
        var node = ONNXNode()
        try forEach(range) { number, field in
            switch number {
            case 1: try append(try text(field), to: &node.inputs)
            case 2: try append(try text(field), to: &node.outputs)
            case 3: node.name = try text(field)
            case 4: node.operation = try text(field)
            case 5:
                let (name, attribute) = try attribute(field.range())
                node.attributes[name] = attribute
            case 7: node.domain = try text(field)
            case 9:
                let (key, value) = try entry(field.range())
                node.metadata[key] = value
            default: break
            }
        }
        return node
    }

    private func attribute(_ range: Range<Int>) throws -> (String, ONNXAttribute) {
        var name = "", attribute = ONNXAttribute()
        try forEach(range) { number, field in
            switch number {
            case 1: name = try text(field)
            case 2: if case .fixed32(let bits) = field { attribute.float = Float(bitPattern: bits) }
            case 3: attribute.integer = try field.integer()
            case 4: attribute.string = try text(field)
            case 5: attribute.tensor = try tensor(field.range())
            case 6, 11: attribute.hasGraph = true
            case 7: try floats(field, into: &attribute.floats)
            case 8: try integers(field, into: &attribute.integers)
            default: break
            }
        }
        return (name, attribute)
    }

    private func entry(_ range: Range<Int>) throws -> (String, String) {
        var key = "", value = ""
        try forEach(range) { number, field in
            if number == 1 { key = try text(field) } else if number == 2 { value = try text(field) }
        }
        return (key, value)
    }

    private func valueInfo(_ range: Range<Int>) throws -> ONNXValueInfo {
        var info = ONNXValueInfo()
        try forEach(range) { number, field in
            switch number {
            case 1: info.name = try text(field)
            case 2:
                try forEach(field.range()) { number, field in  // TypeProto
                    guard number == 1 else { return }
                    try forEach(field.range()) { number, field in  // Tensor
                        guard number == 2 else { return }
                        try forEach(field.range()) { number, field in  // TensorShapeProto
                            guard number == 1 else { return }
                            var length: Int?
                            try forEach(field.range()) { number, field in
                                if number == 1 { length = try field.integer() }
                            }
                            try append(length, to: &info.shape)
                        }
                    }
                }
            default: break
            }
        }
        return info
    }

    func tensor(_ range: Range<Int>) throws -> ONNXTensor {
        var tensor = ONNXTensor()
        try forEach(range) { number, field in
            switch number {
            case 1: try integers(field, into: &tensor.shape)
            case 2: tensor.type = try field.integer()
            case 4: try floats(field, into: &tensor.floats)
            case 5, 7, 11: try integers(field, into: &tensor.integers)
            case 8: tensor.name = try text(field)
            case 9: tensor.raw = try field.range()
            case 10: try doubles(field, into: &tensor.doubles)
            case 13:
                let (key, value) = try entry(field.range())
                tensor.external[key] = value
            case 14: tensor.isExternal = try field.integer() == 1
            default: break
            }
        }
        return tensor
    }

    // Repeated numbers stand one a field, or packed.

    private func floats(_ field: WireReader.Field, into list: inout [Float]) throws {
        switch field {
        case .fixed32(let bits): list.append(Float(bitPattern: bits))
        case .bytes(let range):
            guard range.count % 4 == 0 else { throw WireReader.Malformed(offset: range.lowerBound) }
            list.reserveCapacity(list.count + range.count / 4)
            for offset in stride(from: range.lowerBound, to: range.upperBound, by: 4) {
                list.append(
                    Float(
                        bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))))
            }
        default: throw WireReader.Malformed(offset: 0)
        }
    }

    private func doubles(_ field: WireReader.Field, into list: inout [Double]) throws {
        switch field {
        case .fixed64(let bits): list.append(Double(bitPattern: bits))
        case .bytes(let range):
            guard range.count % 8 == 0 else { throw WireReader.Malformed(offset: range.lowerBound) }
            for offset in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
                list.append(
                    Double(
                        bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))))
            }
        default: throw WireReader.Malformed(offset: 0)
        }
    }

    private func integers(_ field: WireReader.Field, into list: inout [Int]) throws {
        switch field {
        case .number(let value): list.append(Int(Int64(bitPattern: value)))
        case .bytes(let range):
            var reader = WireReader(bytes, range)
            while !reader.isAtEnd { list.append(Int(Int64(bitPattern: try reader.varint()))) }
        default: throw WireReader.Malformed(offset: 0)
        }
    }
}
