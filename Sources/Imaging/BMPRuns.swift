/// The indices of a Windows bitmap that is packed by runs (BI_RLE8, BI_RLE4), as Pillow's `BmpRleDecoder` unpacks them,
/// whose reading of odd literal runs of four bits this keeps.
struct BMPRuns {
    private let bytes: UnsafeRawBufferPointer
    private var at: Int
    private let isFourBits: Bool
    private let width: Int
    private let count: Int
    private var indices: [UInt8] = []

    /// - Parameter start: of the runs in the file's bytes.
    init(_ bytes: UnsafeRawBufferPointer, start: Int, isFourBits: Bool, width: Int, height: Int) {
        (self.bytes, at, self.isFourBits, self.width, count) = (bytes, start, isFourBits, width, width * height)
    }

    /// `[height, width]` in the file's order of rows; nil where they end too early.
    mutating func unpacked() -> [UInt8]? {
        var x = 0
        while indices.count < count, let pixels = take(), let byte = take() {
            if pixels > 0 {
                let length = max(0, min(Int(pixels), width - x))
                append((0..<length).map { isFourBits ? ($0 % 2 == 0 ? byte >> 4 : byte & 15) : byte })
                x += length
                continue
            }
            switch byte {
            case 0:
                appendZeros((width - indices.count % width) % width)
                x = 0
            case 1: return nil
            case 2:
                guard let right = take(), let up = take() else { return nil }
                appendZeros(Int(right) + Int(up) * width)
                x = indices.count % width
            default:
                let length = isFourBits ? Int(byte) / 2 : Int(byte)
                let literal = bytes[at..<min(at + length, bytes.count)]
                append(isFourBits ? literal.flatMap { [$0 >> 4, $0 & 15] } : Array(literal))
                guard literal.count == length else { return indices.count < count ? nil : indices }
                at += length
                x += Int(byte)
                at += at % 2
            }
        }
        return indices.count < count ? nil : indices
    }

    private mutating func take() -> UInt8? {
        guard at < bytes.count else { return nil }
        defer { at += 1 }
        return bytes[at]
    }

    private mutating func append(_ more: [UInt8]) { indices += more.prefix(count - indices.count) }

    private mutating func appendZeros(_ more: Int) {
        indices += repeatElement(0, count: min(more, count - indices.count))
    }
}
