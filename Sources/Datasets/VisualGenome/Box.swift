import Imaging

/// A rectangle of pixels, of which a part or all may lie outside the image.
struct Box {
    let x: Int32, y: Int32, width: Int32, height: Int32

    /// - Throws: `JSONProblem` for a negative size and for numbers beyond 32 bits.
    init(_ object: JSONValue) throws {
        func number(_ key: StaticString) throws -> Int32 {
            let value = try object.member(key).integer(key)
            guard let number = Int32(exactly: value) else { throw JSONProblem("\"\(key)\": \(value) is no number of pixels") }
            return number
        }
        (x, y, width, height) = (try number("x"), try number("y"), try number("w"), try number("h"))
        guard width >= 0, height >= 0 else { throw JSONProblem("a box of negative size, \(width)×\(height) pixels") }
    }

    /// The mask of the box on a canvas of `canvas` pixels, seen through a sampling; what lies outside the canvas is lost.
    func mask(on canvas: (width: Int, height: Int), _ sampling: NearestSampling) -> Bitmap {
        var mask = Bitmap(width: sampling.columns.count, height: sampling.rows.count)
        let columns = Self.covered(sampling.columns, from: x, count: width, below: canvas.width)
        for row in Self.covered(sampling.rows, from: y, count: height, below: canvas.height) {
            mask.fill(row * mask.width + columns.lowerBound..<row * mask.width + columns.upperBound)
        }
        return mask
    }

    /// Which places of `positions`, rising or falling, lie in the box's side and in 0..<limit: always a run.
    private static func covered(_ positions: [Int], from start: Int32, count: Int32, below limit: Int) -> Range<Int> {
        let low = max(0, Int(start)), high = min(limit, Int(start) + Int(count))
        guard let first = positions.firstIndex(where: { low <= $0 && $0 < high }),
              let last = positions.lastIndex(where: { low <= $0 && $0 < high }) else { return 0..<0 }
        return first..<last + 1
    }
}

extension Bitmap {
    /// Sets the pixels whose numbers, row by row, are in `pixels`.
    fileprivate mutating func fill(_ pixels: Range<Int>) {
        var at = pixels.lowerBound
        while at < pixels.upperBound {
            let word = at >> 6, end = min(pixels.upperBound, (word + 1) << 6)
            bits[word] |= (~0 >> UInt64(64 - (end - at))) << UInt64(at & 63)
            at = end
        }
    }
}
