import Tensors

/// Bilinear enlargement of an `[h, w]` map to 224×224 with half-pixel centres.
///
/// Bit for bit `torch.nn.functional.interpolate(mode: "bilinear", align_corners: False)` on a CPU with fused
/// multiply-add: along an axis the value is fma(left, 1 − λ, right · λ), columns first.
public struct Upsampling: Sendable {
    private struct Tap {
        let low: Int, high: Int
        let lowWeight: Float, highWeight: Float

        /// The value between two neighbours, rounded as PyTorch's compiled kernel rounds it.
        func mix(_ a: Float, _ b: Float) -> Float { (b * highWeight).addingProduct(a, lowWeight) }
    }

    public let height: Int
    public let width: Int
    private let rows: [Tap]
    private let columns: [Tap]

    /// For maps of `height` × `width`.
    public init(height: Int, width: Int) {
        self.height = height
        self.width = width
        rows = Self.taps(height)
        columns = Self.taps(width)
    }

    private static func taps(_ source: Int) -> [Tap] {
        let scale = Float(source) / Float(Region.side)
        return (0..<Region.side).map { i in
            let position = max(scale * (Float(i) + 0.5) - 0.5, 0)
            let low = min(Int(position), source - 1)
            let high = min(low + 1, source - 1)
            let weight = min(max(position - Float(low), 0), 1)
            return Tap(low: low, high: high, lowWeight: 1 - weight, highWeight: weight)
        }
    }

    /// `[224, 224]` of a map `[h, w]`.
    public func apply(_ map: ArraySlice<Float>) -> [Float] {
        let side = Region.side
        var wide = [Float](repeating: 0, count: height * side)
        for y in 0..<height {
            let row = map.startIndex + y * width
            for (x, tap) in columns.enumerated() { wide[y * side + x] = tap.mix(map[row + tap.low], map[row + tap.high]) }
        }
        var output = [Float](repeating: 0, count: Region.pixels)
        wide.withUnsafeBufferPointer { wide in
            output.withUnsafeMutableBufferPointer { output in
                guard let wide = wide.baseAddress, let output = output.baseAddress else { return }
                for (y, tap) in rows.enumerated() {
                    mix(wide + tap.low * side, tap.lowWeight, wide + tap.high * side, tap.highWeight, count: side, into: output + y * side)
                }
            }
        }
        return output
    }

    /// R = [up(F_u) > T_u] (METHOD 7).
    public func region(_ map: ArraySlice<Float>, above threshold: Float) -> Region {
        Region(apply(map), above: threshold)
    }
}
