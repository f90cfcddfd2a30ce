import CKernels

/// A rectangle of a map: rows `top..<bottom`, columns `left..<right`.
public struct MapRegion: Sendable, Equatable {
    public var top: Int, left: Int, bottom: Int, right: Int

    /// Rows `top..<bottom` and columns `left..<right`.
    public init(top: Int, left: Int, bottom: Int, right: Int) {
        self.top = top
        self.left = left
        self.bottom = bottom
        self.right = right
    }

    /// A whole map.
    public init(height: Int, width: Int) {
        self.init(top: 0, left: 0, bottom: height, right: width)
    }

    /// No pixel.
    public static let empty = MapRegion(top: 0, left: 0, bottom: 0, right: 0)

    /// Whether it has no pixel.
    public var isEmpty: Bool { top >= bottom || left >= right }

    /// The smallest region that covers both.
    public func union(_ other: MapRegion) -> MapRegion {
        if isEmpty { return other }
        if other.isEmpty { return self }
        return MapRegion(
            top: min(top, other.top), left: min(left, other.left), bottom: max(bottom, other.bottom),
            right: max(right, other.right))
    }

    /// The smallest region outside of which all planes of an image `[planes, height, width]` are +0.
    public static func nonzero(_ image: UnsafePointer<Float>, planes: Int, height: Int, width: Int) -> MapRegion {
        let region = ck_nonzero(planes, Int32(height), Int32(width), image)
        return MapRegion(
            top: Int(region.top), left: Int(region.left), bottom: Int(region.bottom), right: Int(region.right))
    }

    package var kernels: ck_region {
        ck_region(top: Int32(top), left: Int32(left), bottom: Int32(bottom), right: Int32(right))
    }
}

extension ConvolutionShape {
    /// The outputs that depend on an input in that region.
    public func outputs(touching region: MapRegion) -> MapRegion {
        if region.isEmpty { return .empty }
        func reached(_ low: Int, _ high: Int, _ count: Int) -> (Int, Int) {
            // The window of output i covers i · stride − padding ..< i · stride − padding + kernel.
            (max(low - kernel + padding + stride, 0) / stride, min((high - 1 + padding) / stride + 1, count))
        }
        let (top, bottom) = reached(region.top, region.bottom, outputHeight)
        let (left, right) = reached(region.left, region.right, outputWidth)
        let outputs = MapRegion(top: top, left: left, bottom: bottom, right: right)
        return outputs.isEmpty ? .empty : outputs
    }

    /// The inputs that outputs in that region depend on.
    public func inputs(of region: MapRegion) -> MapRegion {
        if region.isEmpty { return .empty }
        func covered(_ low: Int, _ high: Int, _ count: Int) -> (Int, Int) {
            (max(low * stride - padding, 0), min((high - 1) * stride - padding + kernel, count))
        }
        let (top, bottom) = covered(region.top, region.bottom, height)
        let (left, right) = covered(region.left, region.right, width)
        return MapRegion(top: top, left: left, bottom: bottom, right: right)
    }
}
