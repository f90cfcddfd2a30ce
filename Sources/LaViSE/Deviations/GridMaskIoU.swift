extension Region {
    /// Deviation `gridMaskIoU` (METHOD 7 and 9): FACT2023 compares the active region not with the mask but with the
    /// mask on the target layer's h×w grid, blown up again; both steps take the nearest pixel.
    func throughGrid(height: Int, width: Int) -> Region {
        let rows = thereAndBack(height), columns = thereAndBack(width)
        var bits = [UInt64](repeating: 0, count: Self.wordCount(side: side))
        for y in 0..<side {
            for x in 0..<side where self[rows[y] * side + columns[x]] {
                let pixel = y * side + x
                bits[pixel / 64] |= 1 << UInt64(pixel % 64)
            }
        }
        return Region(validBits: bits, side: side)
    }

    /// For each of a side's pixels the pixel it shows after the side has become `grid` and itself again.
    private func thereAndBack(_ grid: Int) -> [Int] {
        let there = Self.nearest(side, grid)
        return Self.nearest(grid, side).map { there[$0] }
    }

    /// Pillow's nearest source positions: the floor of a running sum (METHOD 2, "Masks on the grid").
    private static func nearest(_ source: Int, _ size: Int) -> [Int] {
        let step = Double(source) / Double(size)
        var position = step * 0.5
        return (0..<size).map { _ in
            defer { position += step }
            return min(Int(position), source - 1)
        }
    }
}
