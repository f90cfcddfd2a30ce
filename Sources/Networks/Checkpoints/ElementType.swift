/// The number types of PyTorch's storages.
enum ElementType: String, Sendable {
    case float32, float64, float16, bfloat16, int64, int32, int16, int8, uint8, bool
    case complex32, complex64, complex128, qint8, quint8, qint32

    /// By the name of PyTorch's class: `FloatStorage`, `FloatTensor`, ….
    init?(className name: Substring) {
        guard let kind = ["Storage", "Tensor"].first(where: name.hasSuffix) else { return nil }
        switch name.dropLast(kind.count) {
        case "Float": self = .float32
        case "Double": self = .float64
        case "Half": self = .float16
        case "BFloat16": self = .bfloat16
        case "Long": self = .int64
        case "Int": self = .int32
        case "Short": self = .int16
        case "Char": self = .int8
        case "Byte": self = .uint8
        case "Bool": self = .bool
        case "ComplexHalf": self = .complex32
        case "ComplexFloat": self = .complex64
        case "ComplexDouble": self = .complex128
        case "QInt8": self = .qint8
        case "QUInt8": self = .quint8
        case "QInt32": self = .qint32
        case "Untyped": self = .uint8
        default: return nil
        }
    }

    var size: Int {
        switch self {
        case .complex128: 16
        case .float64, .int64, .complex64: 8
        case .float32, .int32, .complex32, .qint32: 4
        case .float16, .bfloat16, .int16: 2
        case .int8, .uint8, .bool, .qint8, .quint8: 1
        }
    }

    /// Reads the number at an index of little-endian bytes; nil for types that are not floating.
    var floatReader: (@Sendable (UnsafeRawBufferPointer, Int) -> Float)? {
        switch self {
        case .float32:
            { Float(bitPattern: UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: $1 * 4, as: UInt32.self))) }
        case .float64:
            {
                Float(
                    Double(bitPattern: UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: $1 * 8, as: UInt64.self))))
            }
        case .float16:
            {
                Float(
                    Float16(bitPattern: UInt16(littleEndian: $0.loadUnaligned(fromByteOffset: $1 * 2, as: UInt16.self)))
                )
            }
        case .bfloat16:
            {
                Float(
                    bitPattern: UInt32(UInt16(littleEndian: $0.loadUnaligned(fromByteOffset: $1 * 2, as: UInt16.self)))
                        << 16)
            }
        case .int64, .int32, .int16, .int8, .uint8, .bool, .complex32, .complex64, .complex128, .qint8, .quint8,
            .qint32:
            nil
        }
    }
}
