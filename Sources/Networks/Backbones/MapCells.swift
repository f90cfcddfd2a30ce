import Tensors

/// A set of squares of a map of at most 256 columns, a bit a square: of pixels where it has at most 64.
struct MapCells: Equatable {
    let height: Int, width: Int
    /// Pixels a side of a square: 1, 2 or 4.
    let side: Int
    /// Bit c of row r: the square of rows `r · side ..< (r + 1) · side` and columns from `c · side` on.
    private var rows: [UInt64]

    private init(height: Int, width: Int) {
        self.height = height
        self.width = width
        side = width <= 64 ? 1 : width <= 128 ? 2 : 4
        rows = [UInt64](repeating: 0, count: (height + side - 1) / side)
    }

    /// The squares that have a pixel in a region.
    init(_ region: MapRegion, height: Int, width: Int) {
        self.init(height: height, width: width)
        if region.isEmpty { return }
        let bits = Self.bits(region.left / side..<(region.right - 1) / side + 1)
        for row in region.top / side...(region.bottom - 1) / side { rows[row] = bits }
    }

    /// The squares in which a plane of an image `[planes, height, width]` is not +0.
    /// - Parameter region: outside of it all planes are +0.
    init(nonzero image: UnsafePointer<Float>, planes: Int, in region: MapRegion, height: Int, width: Int) {
        self.init(height: height, width: width)
        for y in region.top..<region.bottom {
            for plane in 0..<planes {
                let pixels = image + (plane * height + y) * width
                for x in region.left..<region.right where pixels[x].bitPattern != 0 {
                    rows[y / side] |= 1 << UInt64(x / side)
                }
            }
        }
    }

    var count: Int { rows.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Rectangles that cover all squares once, rows that are alike together.
    var regions: [MapRegion] {
        var regions: [MapRegion] = [], row = 0
        while row < rows.count {
            let first = row
            while row < rows.count, rows[row] == rows[first] { row += 1 }
            var rest = rows[first]
            while rest != 0 {
                let left = rest.trailingZeroBitCount, length = (~(rest >> UInt64(left))).trailingZeroBitCount
                regions.append(
                    MapRegion(
                        top: first * side, left: left * side, bottom: min(row * side, height),
                        right: min((left + length) * side, width)))
                rest &= ~Self.bits(left..<left + length)
            }
        }
        return regions
    }

    func union(_ other: MapCells) -> MapCells { joined(other, |) }

    func intersection(_ other: MapCells) -> MapCells { joined(other, &) }

    func subtracting(_ other: MapCells) -> MapCells { joined(other) { $0 & ~$1 } }

    /// The squares of 4×4 pixels, from the first one on, in which a square is.
    var tiles: MapCells {
        var result = self
        let size = 4 / side
        for first in stride(from: 0, to: rows.count, by: size) {
            let range = first..<min(first + size, rows.count)
            let any = rows[range].reduce(0, |)
            var bits: UInt64 = 0
            for column in stride(from: 0, to: 64, by: size) where any >> UInt64(column) & Self.bits(0..<size) != 0 {
                bits |= Self.bits(column..<column + size)
            }
            for row in range { result.rows[row] = bits & Self.bits(0..<(width + side - 1) / side) }
        }
        return result
    }

    /// The outputs that depend on an input in one of the squares.
    func outputs(of shape: ConvolutionShape) -> MapCells {
        var result = MapCells(height: shape.outputHeight, width: shape.outputWidth)
        let columns = inputs(shape, result.side, outputs: result.width, inputs: width).map(Self.bits)
        for (row, range) in inputs(shape, result.side, outputs: result.height, inputs: height).enumerated() {
            let any = rows[range].reduce(0, |)
            if any == 0 { continue }
            for (column, bits) in columns.enumerated() where any & bits != 0 {
                result.rows[row] |= 1 << UInt64(column)
            }
        }
        return result
    }

    /// The inputs that outputs in one of the squares depend on.
    func inputs(of shape: ConvolutionShape) -> MapCells {
        var result = MapCells(height: shape.height, width: shape.width)
        let columns = result.inputs(shape, side, outputs: width, inputs: shape.width).map(Self.bits)
        for (row, range) in result.inputs(shape, side, outputs: height, inputs: shape.height).enumerated()
        where rows[row] != 0 {
            var bits: UInt64 = 0
            for (column, own) in columns.enumerated() where rows[row] >> UInt64(column) & 1 == 1 { bits |= own }
            for input in range { result.rows[input] |= bits }
        }
        return result
    }

    /// For every square of outputs along an axis, those of the own map that its windows look at.
    private func inputs(_ shape: ConvolutionShape, _ side: Int, outputs: Int, inputs: Int) -> [Range<Int>] {
        stride(from: 0, to: outputs, by: side).map { first in
            let last = min(first + side, outputs) - 1
            let low = max(first * shape.stride - shape.padding, 0)
            let high = min(last * shape.stride - shape.padding + shape.kernel, inputs)
            return low < high ? low / self.side..<(high - 1) / self.side + 1 : 0..<0
        }
    }

    private static func bits(_ range: Range<Int>) -> UInt64 {
        range.isEmpty ? 0 : (UInt64.max >> UInt64(64 - range.count)) << UInt64(range.lowerBound)
    }

    private func joined(_ other: MapCells, _ join: (UInt64, UInt64) -> UInt64) -> MapCells {
        var result = self
        for row in rows.indices { result.rows[row] = join(rows[row], other.rows[row]) }
        return result
    }
}
