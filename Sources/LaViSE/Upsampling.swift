import Tensors

/// Bilinear enlargement of an `[h, w]` map to the image's side×side with half-pixel centres.
///
/// Bit for bit `torch.nn.functional.interpolate(mode: "bilinear", align_corners: False)` on a CPU with fused
/// multiply-add: a pixel's place in the map is fma(scale, i + ½, −½), and along an axis the value is
/// fma(left, 1 − λ, right · λ), columns first.
public struct Upsampling: Sendable {
    private struct Tap {
        let low: Int, high: Int
        let lowWeight: Float, highWeight: Float

        /// The values between `count` neighbours, rounded as PyTorch's compiled kernel rounds it.
        func mix(
            _ low: UnsafePointer<Float>, _ high: UnsafePointer<Float>, count: Int,
            into result: UnsafeMutablePointer<Float>
        ) {
            Tensors.mix(low, lowWeight, high, highWeight, count: count, into: result)
        }
    }

    /// Rows of the map.
    public let height: Int
    /// Columns of the map.
    public let width: Int
    /// Of the enlarged map.
    public let side: Int
    private let rows: [Tap]
    private let columns: [Tap]

    /// For maps of `height` × `width` of images of `side` pixels a side.
    public init(height: Int, width: Int, side: Int) {
        self.height = height
        self.width = width
        self.side = side
        rows = Self.taps(height, side)
        columns = Self.taps(width, side)
    }

    private static func taps(_ source: Int, _ side: Int) -> [Tap] {
        let scale = Float(source) / Float(side)
        return (0..<side).map { i in
            let position = max(Float(-0.5).addingProduct(scale, Float(i) + 0.5), 0)
            let low = min(Int(position), source - 1)
            let high = min(low + 1, source - 1)
            let weight = min(max(position - Float(low), 0), 1)
            return Tap(low: low, high: high, lowWeight: 1 - weight, highWeight: weight)
        }
    }

    /// `[side, side]` of a map `[h, w]`.
    public func apply(_ map: ArraySlice<Float>) -> [Float] {
        [Float](unsafeUninitializedCapacity: side * side) { output, count in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: height * side) { wide in
                map.withUnsafeBufferPointer { map in
                    guard let map = map.baseAddress, let wide = wide.baseAddress, let output = output.baseAddress else {
                        return
                    }
                    for y in 0..<height {
                        let row = map + y * width
                        for (x, tap) in columns.enumerated() {
                            tap.mix(row + tap.low, row + tap.high, count: 1, into: wide + y * side + x)
                        }
                    }
                    for (y, tap) in rows.enumerated() {
                        tap.mix(wide + tap.low * side, wide + tap.high * side, count: side, into: output + y * side)
                    }
                    count = side * side
                }
            }
        }
    }

    /// The rows of the map that row `y` of the enlargement lies between.
    func rowTap(_ y: Int) -> (low: Int, high: Int) { (rows[y].low, rows[y].high) }

    /// A row of the map, `[w]`, enlarged along it, `[side]`.
    func widen(_ row: UnsafePointer<Float>, into wide: UnsafeMutablePointer<Float>) {
        for (x, tap) in columns.enumerated() { tap.mix(row + tap.low, row + tap.high, count: 1, into: wide + x) }
    }

    /// Row `y` of the enlargement of two widened rows, `[side]`.
    func mixRow(
        _ y: Int, _ low: UnsafePointer<Float>, _ high: UnsafePointer<Float>, into row: UnsafeMutablePointer<Float>
    ) {
        rows[y].mix(low, high, count: side, into: row)
    }

    /// R = [up(F_u) > T_u] (METHOD 7).
    public func region(_ map: ArraySlice<Float>, above threshold: Float) -> Region {
        Region(apply(map), above: threshold, side: side)
    }
}
