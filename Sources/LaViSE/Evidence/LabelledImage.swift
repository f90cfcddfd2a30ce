/// The annotated concepts of one image: union masks, and the share of every cell of the layer's grid that they cover.
struct LabelledImage: Sendable {
    struct Concept: Sendable {
        let index: Int
        let mask: Region
        let pixels: Int
        /// `[h·w]`
        let shares: [Float]
    }

    /// Ascending; each has a pixel at least.
    let concepts: [Concept]

    init(_ samples: [TruthSample], grid: GridCells) throws {
        var masks: [Int: [UInt64]] = [:]
        for sample in samples {
            let mask = try Region(bits: sample.mask, side: grid.side).bits
            for word in sample.words {
                masks[Int(word), default: [UInt64](repeating: 0, count: Region.wordCount(side: grid.side))]
                    .withUnsafeMutableBufferPointer { bits in
                        for i in mask.indices { bits[i] |= mask[i] }
                    }
            }
        }
        concepts = masks.sorted { $0.key < $1.key }.compactMap { index, bits in
            let pixels = bits.reduce(0) { $0 + $1.nonzeroBitCount }
            return pixels == 0
                ? nil
                : Concept(
                    index: index, mask: Region(validBits: bits, side: grid.side), pixels: pixels,
                    shares: grid.shares(of: bits))
        }
    }
}

/// How the pixels of a square crop lie in the cells of an h×w grid: exactly, also where a cell's side is no whole
/// number.
struct GridCells: Sendable {
    /// The one or two cells along an axis that a pixel lies in, and its shares of their sides.
    private struct Place: Sendable {
        let first: Int, firstShare: Float, second: Int, secondShare: Float
    }

    let height: Int, width: Int
    /// Of the crop.
    let side: Int
    private let rows: [Place], columns: [Place]

    init(height: Int, width: Int, side: Int) {
        self.height = height
        self.width = width
        self.side = side
        rows = Self.places(height, side)
        columns = Self.places(width, side)
    }

    private static func places(_ cells: Int, _ pixels: Int) -> [Place] {
        let side = Double(pixels) / Double(cells)
        return (0..<pixels).map { pixel in
            let first = min(pixel * cells / pixels, cells - 1), second = min(first + 1, cells - 1)
            let end = Double(first + 1) * side
            let inFirst = min(Double(pixel + 1), end) - Double(pixel)
            return Place(
                first: first, firstShare: Float(inFirst / side), second: second,
                secondShare: Float((1 - inFirst) / side))
        }
    }

    /// `[h·w]` the share of every cell that the pixels cover.
    func shares(of bits: [UInt64]) -> [Float] {
        var shares = [Float](repeating: 0, count: height * width)
        for (word, set) in bits.enumerated() where set != 0 {
            var left = set, (y, start) = (word * 64).quotientAndRemainder(dividingBy: side)
            // The word's bit that is the first pixel of row y; before it lie those of rows above.
            start = -start
            while left != 0 {
                let bit = left.trailingZeroBitCount
                left &= left - 1
                while bit - start >= side { (y, start) = (y + 1, start + side) }
                let row = rows[y], column = columns[bit - start]
                shares[row.first * width + column.first] += row.firstShare * column.firstShare
                guard row.secondShare > 0 || column.secondShare > 0 else { continue }
                shares[row.first * width + column.second] += row.firstShare * column.secondShare
                shares[row.second * width + column.first] += row.secondShare * column.firstShare
                shares[row.second * width + column.second] += row.secondShare * column.secondShare
            }
        }
        return shares
    }
}
