/// Reads protobuf's wire format (protobuf.dev, "Encoding") field by field, without copying.
struct WireReader {
    /// A field's content.
    enum Field {
        case number(UInt64)
        case bytes(Range<Int>)
        case fixed32(UInt32)
        case fixed64(UInt64)
    }

    /// The message is broken at a byte.
    struct Malformed: Error { let offset: Int }

    let bytes: UnsafeRawBufferPointer
    private(set) var offset: Int
    private let end: Int

    init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    /// The next field with its number; nil at the end.
    /// - Throws: `Malformed` for what is cut short, too long a number, or a group (which ONNX does not use).
    mutating func next() throws -> (number: Int, field: Field)? {
        guard offset < end else { return nil }
        let start = offset
        let key = try varint()
        guard key >> 3 > 0, key >> 3 < 1 << 29 else { throw Malformed(offset: start) }
        let field: Field
        switch key & 7 {
        case 0: field = .number(try varint())
        case 1: field = .fixed64(try fixed(UInt64.self))
        case 2:
            let length = try varint()
            guard length <= UInt64(end - offset) else { throw Malformed(offset: start) }
            field = .bytes(offset..<offset + Int(length))
            offset += Int(length)
        case 5: field = .fixed32(try fixed(UInt32.self))
        default: throw Malformed(offset: start)
        }
        return (Int(key >> 3), field)
    }

    var isAtEnd: Bool { offset == end }

    mutating func varint() throws -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 70, by: 7) {
            guard offset < end else { throw Malformed(offset: offset) }
            let byte = bytes[offset]
            offset += 1
            guard shift < 63 || byte < 2 else { throw Malformed(offset: offset) }
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte < 0x80 { return value }
        }
        throw Malformed(offset: offset)
    }

    private mutating func fixed<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
        guard end - offset >= MemoryLayout<T>.size else { throw Malformed(offset: offset) }
        defer { offset += MemoryLayout<T>.size }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }
}

extension WireReader.Field {
    func integer() throws -> Int {
        guard case .number(let value) = self else { throw WireReader.Malformed(offset: 0) }
        return Int(Int64(bitPattern: value))
    }

    func range() throws -> Range<Int> {
        guard case .bytes(let range) = self else { throw WireReader.Malformed(offset: 0) }
        return range
    }
}
