/// A mask of one bit a pixel.
public struct Bitmap: Sendable, Equatable {
    /// Columns and rows.
    public let width: Int, height: Int
    /// Row-major without padding: bit i % 64 of word i / 64 is pixel i, lowest bit first. Bits past the last pixel are
    /// 0.
    public var bits: [UInt64]

    /// An empty mask.
    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
        bits = [UInt64](repeating: 0, count: (width * height + 63) / 64)
    }

    /// A mask from numpy's `packbits` order: row-major, highest bit first; bits past the last pixel are ignored.
    public init(packed: [UInt8], width: Int, height: Int) {
        precondition(packed.count == (width * height + 7) / 8, "packed bits are not [height, width]")
        self.init(width: width, height: height)
        for (i, byte) in packed.enumerated() { bits[i / 8] |= UInt64(byte.bitReversed) << UInt64(i % 8 * 8) }
        let used = width * height % 64
        if used != 0 { bits[bits.count - 1] &= (1 << UInt64(used)) - 1 }
    }

    /// The mask in numpy's `packbits` order.
    public var packed: [UInt8] {
        (0..<(width * height + 7) / 8).map { UInt8(truncatingIfNeeded: bits[$0 / 8] >> UInt64($0 % 8 * 8)).bitReversed }
    }

    /// The pixel in column x of row y.
    public subscript(x: Int, y: Int) -> Bool {
        get {
            let i = y * width + x
            return bits[i / 64] >> UInt64(i % 64) & 1 != 0
        }
        set {
            let i = y * width + x
            if newValue { bits[i / 64] |= 1 << UInt64(i % 64) } else { bits[i / 64] &= ~(1 << UInt64(i % 64)) }
        }
    }

    /// Whether no pixel is set.
    public var isEmpty: Bool { bits.allSatisfy { $0 == 0 } }

    /// Number of pixels set.
    public var count: Int { bits.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Adds the pixels of a mask of the same size.
    public mutating func formUnion(_ other: Bitmap) {
        precondition(width == other.width && height == other.height, "masks of unequal size")
        for i in bits.indices { bits[i] |= other.bits[i] }
    }

    /// Number of pixels set in both of two masks of the same size.
    public static func intersectionCount(_ a: Bitmap, _ b: Bitmap) -> Int {
        zip(a.bits, b.bits).reduce(0) { $0 + ($1.0 & $1.1).nonzeroBitCount }
    }

    /// Number of pixels set in at least one of two masks of the same size.
    public static func unionCount(_ a: Bitmap, _ b: Bitmap) -> Int {
        zip(a.bits, b.bits).reduce(0) { $0 + ($1.0 | $1.1).nonzeroBitCount }
    }

    /// The mask whose pixel (x, y) is this one's at (columns[x], rows[y]).
    public func sampled(_ sampling: NearestSampling) -> Bitmap {
        precondition(sampling.sourceWidth == width && sampling.sourceHeight == height, "sampling of another size")
        var out = Bitmap(width: sampling.columns.count, height: sampling.rows.count)
        var i = 0
        for row in sampling.rows {
            let start = row * width
            for column in sampling.columns {
                let from = start + column
                out.bits[i >> 6] |= (bits[from >> 6] >> UInt64(from & 63) & 1) << UInt64(i & 63)
                i += 1
            }
        }
        return out
    }

    /// The mask in METHOD's standard view: follows the image's resize to shorter side 256 and centre crop 224.
    public func crop224() -> Bitmap { sampled(NearestSampling(centreCropOfWidth: width, height: height)) }

    /// The mask resized to `width`×`height` as Pillow's NEAREST does.
    public func nearest(width: Int, height: Int) -> Bitmap {
        sampled(NearestSampling(width: self.width, height: self.height, toWidth: width, toHeight: height))
    }
}

extension UInt8 {
    fileprivate var bitReversed: UInt8 {
        var x = self
        x = (x >> 4) | (x << 4)
        x = ((x & 0xCC) >> 2) | ((x & 0x33) << 2)
        return ((x & 0xAA) >> 1) | ((x & 0x55) << 1)
    }
}
