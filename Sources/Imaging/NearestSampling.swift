/// Source index of every one of `size` output pixels of a nearest-neighbour resize from `source` pixels, as
/// Pillow's `resize(NEAREST)`: the floor of a running double sum that starts at ½·scale and adds scale.
public func nearestPositions(source: Int, size: Int) -> [Int] {
    nearestPositions(source: source, size: size, window: 0..<size)
}

/// The part `window` of `nearestPositions(source:size:)`.
private func nearestPositions(source: Int, size: Int, window: Range<Int>) -> [Int] {
    let scale = Double(source) / Double(size)
    var at = scale * 0.5
    var positions: [Int] = []
    positions.reserveCapacity(window.count)
    for i in 0..<window.upperBound {
        if i >= window.lowerBound { positions.append(min(Int(at), source - 1)) }
        at += scale
    }
    return positions
}

/// Which source pixel every pixel of a resized, cropped or mirrored mask comes from.
public struct NearestSampling: Sendable, Equatable {
    /// Source column of each output column, source row of each output row.
    public var columns: [Int], rows: [Int]
    /// Size of the source.
    public let sourceWidth: Int, sourceHeight: Int

    /// A resize of the whole source.
    public init(width: Int, height: Int, toWidth: Int, toHeight: Int) {
        self.init(
            x: 0, y: 0, width: width, height: height, ofWidth: width, ofHeight: height, toWidth: toWidth,
            toHeight: toHeight)
    }

    /// A rectangle of the source, cropped and then resized.
    public init(x: Int, y: Int, width: Int, height: Int, ofWidth: Int, ofHeight: Int, toWidth: Int, toHeight: Int) {
        columns = nearestPositions(source: width, size: toWidth).map { $0 + x }
        rows = nearestPositions(source: height, size: toHeight).map { $0 + y }
        sourceWidth = ofWidth
        sourceHeight = ofHeight
    }

    /// A rule's view (METHOD 2, "Masks on the grid"): shorter side resized, then the central square.
    public init(centreCropOfWidth width: Int, height: Int, rule: CropRule = .standard) {
        let crop = CropGeometry(width: width, height: height, rule: rule)
        columns = nearestPositions(source: width, size: crop.resizedWidth, window: crop.x..<crop.x + rule.side)
        rows = nearestPositions(source: height, size: crop.resizedHeight, window: crop.y..<crop.y + rule.side)
        sourceWidth = width
        sourceHeight = height
    }
}
