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

    private static let side = Region.side
    /// Bits 1, 2, 4 … 2¹⁵.
    private static let places = SIMD16<UInt32>(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768)

    package let upsampling: Upsampling

    package init(height: Int, width: Int) { upsampling = Upsampling(height: height, width: width) }

    /// nil for an empty region.
    package func region(of map: UnsafePointer<Float>, above threshold: Float) -> Found? {
        let height = upsampling.height, width = upsampling.width
        let peaks = (0..<height).map { y in (0..<width).reduce(-Float.infinity) { max($0, map[y * width + $1]) } }
        // Interpolation may exceed its ends by rounding alone.
        let bound = threshold - 1e-5 * abs(threshold)
        guard peaks.contains(where: { $0 > bound }) else { return nil }
        // 224 pixels are seven times 32: in halves of the words every row begins at a border.
        var halves = [UInt32](repeating: 0, count: Region.pixels / 32)
        var first = Self.side, last = -1, pixels = 0
        withUnsafeTemporaryAllocation(of: Float.self, capacity: (height + 1) * Self.side) { memory in
            guard let wide = memory.baseAddress else { return }
            var isWide = [Bool](repeating: false, count: height)
            let row = wide + height * Self.side
            for y in 0..<Self.side {
                let tap = upsampling.rowTap(y)
                guard peaks[tap.low] > bound || peaks[tap.high] > bound else { continue }
                for source in [tap.low, tap.high] where !isWide[source] {
                    upsampling.widen(map + source * width, into: wide + source * Self.side)
                    isWide[source] = true
                }
                upsampling.mixRow(y, wide + tap.low * Self.side, wide + tap.high * Self.side, into: row)
                var count = 0
                for half in 0..<7 {
                    let bits = Self.bits(row + 32 * half, above: threshold)
                    halves[7 * y + half] = bits
                    count += bits.nonzeroBitCount
                }
                guard count > 0 else { continue }
                pixels += count
                first = min(first, y)
                last = y
            }
        }
        guard pixels > 0 else { return nil }
        let bits = (0..<Region.wordCount).map { UInt64(halves[2 * $0]) | UInt64(halves[2 * $0 + 1]) << 32 }
        return Found(
            region: Region(validBits: bits), words: first * Self.side / 64..<((last + 1) * Self.side + 63) / 64, pixels: pixels)
    }

    /// Which of 32 numbers exceed the threshold, the first in the lowest bit.
    private static func bits(_ numbers: UnsafePointer<Float>, above threshold: Float) -> UInt32 {
        let raw = UnsafeRawPointer(numbers), none = SIMD16<UInt32>()
        let low = raw.loadUnaligned(as: SIMD16<Float>.self), high = raw.loadUnaligned(fromByteOffset: 64, as: SIMD16<Float>.self)
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
