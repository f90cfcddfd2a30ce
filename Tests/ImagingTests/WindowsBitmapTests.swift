import Imaging
import Testing

/// Windows bitmaps made by hand, as Pillow 13 shows them.
@Suite struct WindowsBitmapTests {
    private static let palette = (UInt8(0)..<16).map { (grey: UInt8) -> [UInt8] in [10 * grey, grey, 255 - grey] }

    /// A file with a header of 40 bytes.
    private static func file(
        _ width: Int, _ height: Int, bits: Int, packing: Int = 0, _ data: [UInt8], palette: [[UInt8]] = palette,
        declared: Int = 0
    ) -> [UInt8] {
        func number(_ value: Int, _ size: Int) -> [UInt8] {
            (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let table: [UInt8] = palette.flatMap { colour in [colour[2], colour[1], colour[0], 0] },
            start = 54 + table.count
        let head = Array("BM".utf8) + number(start + data.count, 4) + number(0, 4) + number(start, 4)
        let info: [(Int, Int)] = [
            (40, 4), (width, 4), (height, 4), (1, 2), (bits, 2), (packing, 4), (data.count, 4), (0, 4), (0, 4),
            (declared, 4), (0, 4),
        ]
        return head + info.flatMap { number($0, $1) } + table + data
    }

    private func pixels(_ file: [UInt8]) throws -> [[UInt8]] {
        let image = try file.withUnsafeBytes { try decodeImage(bytes: $0, name: "x.bmp") }
        return stride(from: 0, to: image.pixels.count, by: 3).map { Array(image.pixels[$0..<$0 + 3]) }
    }

    private func expect(_ file: [UInt8], _ indices: [Int], _ location: SourceLocation = #_sourceLocation) throws {
        #expect(try pixels(file) == indices.map { Self.palette[$0] }, sourceLocation: location)
    }

    /// A run of four bits takes both halves of its byte in turn, the high one first; the first row is the lowest.
    @Test func runsOfFourBits() throws {
        let data: [UInt8] = [5, 0x12, 0, 0, 3, 0x34, 2, 0x55]
        try expect(Self.file(5, 2, bits: 4, packing: 2, data), [3, 4, 3, 5, 5, 1, 2, 1, 2, 1])
        // A negative height: the first row is the highest.
        try expect(Self.file(5, -2, bits: 4, packing: 2, data), [1, 2, 1, 2, 1, 3, 4, 3, 5, 5])
    }

    /// A run, a step of one to the right and one up, a run, five numbers as they are and a byte that fills up to an
    /// even place, a run; a row that ends early is filled with the first colour.
    @Test func runsOfEightBits() throws {
        let data: [UInt8] = [2, 7, 0, 2, 1, 1, 2, 9, 0, 0, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0, 5, 6]
        try expect(
            Self.file(5, 4, bits: 8, packing: 1, data, declared: 16),
            [6, 6, 6, 6, 6] + [1, 2, 3, 4, 5] + [0, 0, 0, 9, 9] + [7, 7, 0, 0, 0])
        try expect(
            Self.file(5, 2, bits: 8, packing: 1, [3, 7, 0, 0, 5, 2], declared: 16),
            [2, 2, 2, 2, 2] + [7, 7, 7, 0, 0])
        // A run ends with its row.
        try expect(
            Self.file(5, 2, bits: 8, packing: 1, [3, 7, 4, 8, 0, 0, 5, 2], declared: 16),
            [2, 2, 2, 2, 2] + [7, 7, 7, 8, 8])
        #expect(throws: ImagingError.self) {
            try pixels(Self.file(5, 2, bits: 8, packing: 1, [3, 7, 0, 0, 4, 2], declared: 16))
        }
        #expect(throws: ImagingError.self) {
            try pixels(Self.file(5, 2, bits: 8, packing: 1, [3, 7, 0, 1, 5, 2], declared: 16))
        }
    }

    /// An index beyond the palette is black, unless the palette is that of greys in their order: three or more of them.
    @Test func indicesBeyondThePalette() throws {
        func grey(_ value: UInt8) -> [UInt8] { [value, value, value] }
        let two = [grey(0), grey(1)], three = two + [grey(2)], coloured = two + [[2, 2, 3]]
        for (palette, expected) in [
            (two, [grey(0), grey(1), grey(0), grey(0)]), (three, [grey(0), grey(1), grey(5), grey(255)]),
            (coloured, [grey(0), grey(1), grey(0), grey(0)]),
        ] {
            let file = Self.file(4, 1, bits: 8, [0, 1, 5, 255], palette: palette, declared: palette.count)
            #expect(try pixels(file) == expected)
        }
        #expect(throws: ImagingError.self) {
            try pixels(Self.file(4, 1, bits: 8, [0, 1, 2, 3], palette: two, declared: 65_537))
        }
    }

    /// One bit a pixel, the highest first, rows of four bytes; four bits likewise.
    @Test func pixelsOfAFewBits() throws {
        try expect(
            Self.file(
                9, 2, bits: 1, [0b1010_0001, 0x80, 0, 0, 0b0100_0000, 0, 0, 0], palette: Array(Self.palette.prefix(2))),
            [0, 1, 0, 0, 0, 0, 0, 0, 0] + [1, 0, 1, 0, 0, 0, 0, 1, 1])
        try expect(Self.file(3, 1, bits: 4, [0x5A, 0xF0, 0, 0]), [5, 10, 15])
    }

    /// Five bits a colour of 16, the highest for nothing: 31 is 255, 16 is 131 (16 · 255 / 31 rounded down).
    @Test func pixelsOfSixteenBits() throws {
        let red = 0b0_11111_00000_10000, data = [UInt8(red & 255), UInt8(red >> 8), 0, 0]
        #expect(try pixels(Self.file(1, 1, bits: 16, data, palette: [])) == [[255, 0, 131]])
        #expect(try pixels(Self.file(1, 1, bits: 24, [1, 2, 3, 0], palette: [])) == [[3, 2, 1]])
        #expect(try pixels(Self.file(1, 1, bits: 32, [1, 2, 3, 9], palette: [])) == [[3, 2, 1]])
        #expect(throws: ImagingError.self) { try pixels(Self.file(1, 1, bits: 24, [1, 2, 3], palette: [])) }
        #expect(throws: ImagingError.self) { try pixels(Self.file(0, 1, bits: 24, [], palette: [])) }
    }
}
