import Tensors

extension Constant {
    /// - Parameters:
    ///   - bytes: the model file's.
    ///   - external: reads bytes of a file beside the model: its name, offset and length (nil: to the end).
    /// - Throws: `ShapeMismatch` for numbers that do not fill the shape, or of a kind that is not read.
    init(
        _ tensor: ONNXTensor, bytes: UnsafeRawBufferPointer, external: (String, Int, Int?) throws -> [UInt8]
    ) throws {
        let count = try elements(tensor.shape)
        if tensor.isExternal {
            guard let location = tensor.external["location"] else {
                throw ShapeMismatch("external data without a location")
            }
            func number(_ key: String) throws -> Int? {
                try tensor.external[key].map { text in
                    guard let value = Int(text), value >= 0 else {
                        throw ShapeMismatch("external data with the \(key) \"\(text)\"")
                    }
                    return value
                }
            }
            let data = try external(location, number("offset") ?? 0, number("length"))
            self = try data.withUnsafeBytes { try Self.raw($0, tensor, count) }
        } else if let range = tensor.raw {
            self = try Self.raw(UnsafeRawBufferPointer(rebasing: bytes[range]), tensor, count)
        } else if !tensor.doubles.isEmpty {
            try self.init(shape: tensor.shape, .floats(tensor.doubles.map { Float($0) }))
        } else if [10, 16].contains(tensor.type) {  // halves, whose bits stand in the integers
            let floats = tensor.integers.map { Self.half(UInt16(truncatingIfNeeded: $0), isBrain: tensor.type == 16) }
            try self.init(shape: tensor.shape, .floats(floats))
        } else if [1, 11].contains(tensor.type) {
            try self.init(shape: tensor.shape, .floats(tensor.floats))
        } else {
            try self.init(shape: tensor.shape, .integers(tensor.integers))
        }
    }

    private static func half(_ bits: UInt16, isBrain: Bool) -> Float {
        if isBrain { return Float(bitPattern: UInt32(bits) << 16) }
        let sign: Float = bits & 0x8000 == 0 ? 1 : -1, exponent = Int(bits >> 10 & 31),
            fraction = Float(bits & 0x3FF) / 1024
        switch exponent {
        case 0: return sign * fraction * Float(sign: .plus, exponent: -14, significand: 1)
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (1 + fraction) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
        }
    }

    /// Little-endian numbers as they lie in a file.
    private static func raw(_ data: UnsafeRawBufferPointer, _ tensor: ONNXTensor, _ count: Int) throws -> Constant {
        func read<T: BitwiseCopyable, U>(_ type: T.Type, _ convert: (T) -> U) throws -> [U] {
            guard data.count == count * MemoryLayout<T>.size else {
                throw ShapeMismatch("\(data.count) bytes for \(count) numbers of \(MemoryLayout<T>.size) bytes")
            }
            return (0..<count).map { convert(data.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: type)) }
        }
        let numbers: Numbers =
            switch tensor.type {
            case 1: .floats(try read(UInt32.self) { Float(bitPattern: UInt32(littleEndian: $0)) })
            case 11: .floats(try read(UInt64.self) { Float(Double(bitPattern: UInt64(littleEndian: $0))) })
            case 10, 16: .floats(try read(UInt16.self) { half(UInt16(littleEndian: $0), isBrain: tensor.type == 16) })
            case 2, 9: .integers(try read(UInt8.self) { Int($0) })
            case 3: .integers(try read(Int8.self) { Int($0) })
            case 4: .integers(try read(UInt16.self) { Int(UInt16(littleEndian: $0)) })
            case 5: .integers(try read(Int16.self) { Int(Int16(littleEndian: $0)) })
            case 6: .integers(try read(Int32.self) { Int(Int32(littleEndian: $0)) })
            case 7: .integers(try read(Int64.self) { Int(Int64(littleEndian: $0)) })
            case 12: .integers(try read(UInt32.self) { Int(UInt32(littleEndian: $0)) })
            default: throw ShapeMismatch("numbers of ONNX's type \(tensor.type), which is not read")
            }
        return try Constant(shape: tensor.shape, numbers)
    }
}
