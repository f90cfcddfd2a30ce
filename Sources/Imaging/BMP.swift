/// The image in a Windows bitmap: 1, 4 or 8 bits by palette, the latter two also packed by runs, 16, 24 or 32 bits by
/// colour. Source: Microsoft's BITMAPINFOHEADER; what is left open there, as Pillow's `BmpImagePlugin`.
/// - Throws: `ImagingError`.
func decodeBMP(bytes: UnsafeRawBufferPointer, name: String) throws -> RGBImage {
    let header = try BMPHeader(bytes, name: name)
    if header.isPacked { return try unpack(header, bytes, name) }
    let stride = (header.width * header.bits + 31) / 32 * 4
    guard header.start <= bytes.count, stride * header.height <= bytes.count - header.start else {
        throw ImagingError.truncated(file: name)
    }
    let table = try header.table(bytes, name: name)
    var pixels = [UInt8](repeating: 0, count: header.width * header.height * 3)
    for y in 0..<header.height {
        let row = UnsafeRawBufferPointer(
            rebasing: bytes[(header.start + y * stride)..<(header.start + (y + 1) * stride)])
        var out = (header.isTopDown ? y : header.height - 1 - y) * header.width * 3
        for x in 0..<header.width {
            (pixels[out], pixels[out + 1], pixels[out + 2]) = header.colour(x, of: row, table)
            out += 3
        }
    }
    return RGBImage(width: header.width, height: header.height, pixels: pixels)
}

private func unpack(_ header: BMPHeader, _ bytes: UnsafeRawBufferPointer, _ name: String) throws -> RGBImage {
    let table = try header.table(bytes, name: name), width = header.width, height = header.height
    var runs = BMPRuns(
        bytes, start: min(header.start, bytes.count), isFourBits: header.bits == 4, width: width, height: height)
    guard let indices = runs.unpacked() else { throw ImagingError.truncated(file: name) }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(indices.count * 3)
    for y in 0..<height {
        let row = header.isTopDown ? y : height - 1 - y
        for index in indices[row * width..<(row + 1) * width] {
            let colour = table[Int(index)]
            pixels += [colour.0, colour.1, colour.2]
        }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
}

private struct BMPHeader {
    let width: Int, height: Int, bits: Int
    /// Whether the pixels are packed by runs.
    let isPacked: Bool
    let isTopDown: Bool
    /// Where the pixels begin.
    let start: Int
    private let size: Int
    private let colours: Int
    /// Of red, green and blue in a pixel of 16 or 32 bits.
    private let masks: [UInt32]

    init(_ bytes: UnsafeRawBufferPointer, name: String) throws {
        func number<T: FixedWidthInteger>(_ offset: Int, _ type: T.Type) throws -> T {
            guard offset + MemoryLayout<T>.size <= bytes.count else { throw ImagingError.truncated(file: name) }
            return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
        }
        func refusal(_ reason: String) -> ImagingError { .undecodable(file: name, reason: reason) }
        start = Int(try number(10, UInt32.self))
        size = Int(try number(14, UInt32.self))
        guard size == 12 || (40...256).contains(size) else { throw refusal("a BMP header of \(size) bytes") }
        let isOld = size == 12
        let rawHeight = isOld ? Int(try number(20, UInt16.self)) : Int(try number(22, Int32.self))
        width = isOld ? Int(try number(18, UInt16.self)) : Int(try number(18, Int32.self))
        height = abs(rawHeight)
        isTopDown = rawHeight < 0
        bits = Int(try number(isOld ? 24 : 28, UInt16.self))
        let compression = isOld ? 0 : try number(30, UInt32.self)
        let declared = isOld ? 0 : Int(try number(46, UInt32.self))
        colours = declared == 0 ? 1 << min(bits, 8) : declared
        guard [1, 4, 8, 16, 24, 32].contains(bits) else { throw refusal("a BMP of \(bits) bits a pixel") }
        isPacked = (compression == 1 && bits == 8) || (compression == 2 && bits == 4)
        guard compression == 0 || isPacked || (compression == 3 && [16, 32].contains(bits)) else {
            throw refusal("a BMP of compression \(compression); save it without")
        }
        guard width > 0, height > 0 else { throw refusal("\(width)x\(height) pixels") }
        // Four bytes of a packed file skip at most 255 rows and as many pixels.
        guard width * height <= mostPixels, !isPacked || height / 255 <= bytes.count else {
            throw ImagingError.tooLarge(
                file: name, reason: "\(width)x\(height) pixels (the limit is \(mostPixels) pixels)")
        }
        masks =
            compression == 3
            ? try [54, 58, 62].map { try number($0, UInt32.self) }
            : bits == 16 ? [0x7C00, 0x3E0, 0x1F] : [0xFF0000, 0xFF00, 0xFF]
        guard bits < 16 || masks.allSatisfy({ $0 != 0 }) else { throw refusal("a BMP without a mask for every colour") }
    }

    /// The palette, or none.
    func table(_ bytes: UnsafeRawBufferPointer, name: String) throws -> [(UInt8, UInt8, UInt8)] {
        guard bits <= 8 else { return [] }
        guard colours <= 65_536 else {
            throw ImagingError.undecodable(file: name, reason: "a BMP palette of \(colours) colours")
        }
        let step = size == 12 ? 3 : 4, first = 14 + size
        guard first + colours * step <= bytes.count else { throw ImagingError.truncated(file: name) }
        let known = (0..<min(colours, 1 << bits)).map {
            (bytes[first + $0 * step + 2], bytes[first + $0 * step + 1], bytes[first + $0 * step])
        }
        // As in Pillow an index beyond the palette is black, unless the palette is that of greys in their order.
        let isGrey = colours != 2 && known.indices.allSatisfy { known[$0] == (UInt8($0), UInt8($0), UInt8($0)) }
        return known
            + (known.count..<(1 << bits)).map { (index: Int) -> (UInt8, UInt8, UInt8) in
                isGrey ? (UInt8(index), UInt8(index), UInt8(index)) : (0, 0, 0)
            }
    }

    func colour(_ x: Int, of row: UnsafeRawBufferPointer, _ table: [(UInt8, UInt8, UInt8)]) -> (UInt8, UInt8, UInt8) {
        switch bits {
        case 1: return table[Int(row[x / 8] >> UInt8(7 - x % 8)) & 1]
        case 4: return table[Int(row[x / 2] >> UInt8(4 - x % 2 * 4)) & 15]
        case 8: return table[Int(row[x])]
        case 24: return (row[3 * x + 2], row[3 * x + 1], row[3 * x])
        default:
            let pixel =
                bits == 16
                ? UInt32(row[2 * x]) | UInt32(row[2 * x + 1]) << 8
                : UInt32(row[4 * x]) | UInt32(row[4 * x + 1]) << 8 | UInt32(row[4 * x + 2]) << 16 | UInt32(
                    row[4 * x + 3]) << 24
            return (scaled(pixel, masks[0]), scaled(pixel, masks[1]), scaled(pixel, masks[2]))
        }
    }

    /// A colour of n bits as 8.
    private func scaled(_ pixel: UInt32, _ mask: UInt32) -> UInt8 {
        let shift = UInt32(mask.trailingZeroBitCount)
        return UInt8(UInt64((pixel & mask) >> shift) * 255 / UInt64(mask >> shift))
    }
}
