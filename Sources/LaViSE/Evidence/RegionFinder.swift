import Tensors

/// Finds active regions quickly: what `Upsampling.region` gives, without the rows that no part of the map lifts above
/// the threshold.
package struct RegionFinder: Sendable {
    /// A region's pixels in rows `rows`; other rows are empty.
    package struct Found {
        package let region: Region
        /// The 64-bit words that may have a pixel.
        package let words: Range<Int>
        package let pixels: Int
    }

    /// Bits 1, 2, 4 … 2¹⁵.
    private static let places = SIMD16<UInt32>(
        1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768)

    package let upsampling: Upsampling

    /// For maps of `height` × `width` of images of `side` pixels a side.
    package init(height: Int, width: Int, side: Int) {
        upsampling = Upsampling(height: height, width: width, side: side)
    }

    /// nil for an empty region.
    package func region(of map: UnsafePointer<Float>, above threshold: Float) -> Found? {
        let height = upsampling.height, width = upsampling.width, side = upsampling.side
        let peaks = (0..<height).map { y in (0..<width).reduce(-Float.infinity) { max($0, map[y * width + $1]) } }
        // Interpolation may exceed its ends by rounding alone.
        let bound = threshold - 1e-5 * abs(threshold)
        guard peaks.contains(where: { $0 > bound }) else { return nil }
        // Where a side is a multiple of 32, as 224 is, every row begins at a border of the words' halves.
        let isEven = side % 32 == 0, perRow = side / 32
        var halves = [UInt32](repeating: 0, count: 2 * Region.wordCount(side: side))
        var first = side, last = -1, pixels = 0
        withUnsafeTemporaryAllocation(of: Float.self, capacity: (height + 1) * side) { memory in
            guard let wide = memory.baseAddress else { return }
            var isWide = [Bool](repeating: false, count: height)
            let row = wide + height * side
            for y in 0..<side {
                let tap = upsampling.rowTap(y)
                guard peaks[tap.low] > bound || peaks[tap.high] > bound else { continue }
                for source in [tap.low, tap.high] where !isWide[source] {
                    upsampling.widen(map + source * width, into: wide + source * side)
                    isWide[source] = true
                }
                upsampling.mixRow(y, wide + tap.low * side, wide + tap.high * side, into: row)
                var count = 0
                if isEven {
                    for half in 0..<perRow {
                        let bits = Self.bits(row + 32 * half, above: threshold)
                        halves[perRow * y + half] = bits
                        count += bits.nonzeroBitCount
                    }
                } else {
                    for x in 0..<side where row[x] > threshold {
                        let pixel = y * side + x
                        halves[pixel / 32] |= 1 << UInt32(pixel % 32)
                        count += 1
                    }
                }
                guard count > 0 else { continue }
                pixels += count
                first = min(first, y)
                last = y
            }
        }
        guard pixels > 0 else { return nil }
        let bits = (0..<Region.wordCount(side: side)).map { UInt64(halves[2 * $0]) | UInt64(halves[2 * $0 + 1]) << 32 }
        return Found(
            region: Region(validBits: bits, side: side), words: first * side / 64..<((last + 1) * side + 63) / 64,
            pixels: pixels)
    }

    /// Which of 32 numbers exceed the threshold, the first in the lowest bit.
    private static func bits(_ numbers: UnsafePointer<Float>, above threshold: Float) -> UInt32 {
        let raw = UnsafeRawPointer(numbers), none = SIMD16<UInt32>()
        let low = raw.loadUnaligned(as: SIMD16<Float>.self),
            high = raw.loadUnaligned(fromByteOffset: 64, as: SIMD16<Float>.self)
        return none.replacing(with: places, where: low .> threshold).wrappedSum()
            | none.replacing(with: places, where: high .> threshold).wrappedSum() << 16
    }
}

extension Region {
    /// The number of common pixels within some of the words.
    package func common(_ other: Region, words: Range<Int>) -> Int {
        bits.withUnsafeBufferPointer { a in
            other.bits.withUnsafeBufferPointer { b in
                var count = 0
                for i in words { count += (a[i] & b[i]).nonzeroBitCount }
                return count
            }
        }
    }
}
