/// A set of pixels of a square image.
public struct Region: Sendable, Equatable {
    /// Pixels a side.
    public let side: Int
    /// Bit y · side + x, least significant first: pixel i is bit i % 64 of word i / 64; bits past the last pixel are 0.
    public let bits: [UInt64]

    /// Words of `bits` of an image of that side.
    public static func wordCount(side: Int) -> Int { (side * side + UInt64.bitWidth - 1) / UInt64.bitWidth }

    /// Pixels of the image.
    public var pixels: Int { side * side }

    /// - Throws: `EvaluationError` when `bits` does not have as many words as the image needs.
    public init(bits: [UInt64], side: Int) throws {
        guard bits.count == Self.wordCount(side: side) else {
            throw EvaluationError.wrongShape(
                "a \(side)×\(side) mask has \(Self.wordCount(side: side)) words of 64 bits, not \(bits.count)")
        }
        self.init(validBits: bits, side: side)
    }

    init(validBits: [UInt64], side: Int) {
        self.side = side
        bits = validBits
    }

    /// The pixels of a `[side, side]` map above a threshold.
    public init(_ map: [Float], above threshold: Float, side: Int) {
        self.side = side
        bits = (0..<Self.wordCount(side: side)).map { word in
            var set: UInt64 = 0
            // The last pixel first: no branch, which would be taken as if by chance.
            for pixel in (64 * word..<min(64 * word + 64, map.count)).reversed() {
                set = set << 1 | (map[pixel] > threshold ? 1 : 0)
            }
            return set
        }
    }

    /// Whether a pixel is in the region, counted row by row from 0 to side² − 1.
    public subscript(pixel: Int) -> Bool { bits[pixel / 64] >> UInt64(pixel % 64) & 1 == 1 }

    /// Intersection over union; 0 for two empty regions.
    public func intersectionOverUnion(_ other: Region) -> Double {
        var intersection = 0, union = 0
        for (a, b) in zip(bits, other.bits) {
            intersection += (a & b).nonzeroBitCount
            union += (a | b).nonzeroBitCount
        }
        return union == 0 ? 0 : Double(intersection) / Double(union)
    }

    /// Writes `image` `[3, side, side]` with the pixels outside the region set to 0.
    func mask(_ image: [Float], into masked: UnsafeMutablePointer<Float>) {
        masked.update(repeating: 0, count: 3 * pixels)
        image.withUnsafeBufferPointer { image in
            for (index, word) in bits.enumerated() {
                var rest = word
                while rest != 0 {
                    let pixel = 64 * index + rest.trailingZeroBitCount
                    for channel in 0..<3 { masked[channel * pixels + pixel] = image[channel * pixels + pixel] }
                    rest &= rest - 1
                }
            }
        }
    }
}
