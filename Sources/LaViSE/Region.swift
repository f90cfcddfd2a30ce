/// A set of pixels of the 224×224 image.
public struct Region: Sendable, Equatable {
    /// Pixels a side.
    public static let side = 224
    /// Pixels of the image.
    public static let pixels = side * side
    /// Words of `bits`.
    public static let wordCount = pixels / UInt64.bitWidth

    /// Bit y · 224 + x, least significant first: pixel i is bit i % 64 of word i / 64.
    public let bits: [UInt64]

    /// - Throws: `EvaluationError` when `bits` does not have 784 words.
    public init(bits: [UInt64]) throws {
        guard bits.count == Self.wordCount else {
            throw EvaluationError.wrongShape("a 224×224 mask has \(Self.wordCount) words of 64 bits, not \(bits.count)")
        }
        self.bits = bits
    }

    init(validBits: [UInt64]) { bits = validBits }

    /// The pixels of a `[224, 224]` map above a threshold.
    public init(_ map: [Float], above threshold: Float) {
        bits = (0..<Self.wordCount).map { word in
            var set: UInt64 = 0
            // The last pixel first: no branch, which would be taken as if by chance.
            for pixel in (64 * word..<64 * word + 64).reversed() { set = set << 1 | (map[pixel] > threshold ? 1 : 0) }
            return set
        }
    }

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

    /// `image` `[3, 224, 224]` with the pixels outside the region set to 0.
    func masked(_ image: [Float]) -> [Float] {
        var image = image
        for pixel in 0..<Self.pixels where !self[pixel] {
            for channel in 0..<3 { image[channel * Self.pixels + pixel] = 0 }
        }
        return image
    }
}
