/// How a picture is brought to a model's size: its shorter side resized, then the central square.
public struct CropRule: Sendable, Hashable, Encodable {
    /// How a resized pixel comes of the picture's, both antialiased as Pillow does.
    public enum Filter: String, Sendable, CaseIterable, Encodable { case bilinear, bicubic }

    /// Length of the shorter side before the crop, at least `side`.
    public var shorterSide = 256
    /// Side of the crop.
    public var side = 224
    /// How the picture is resized; masks are always sampled by the nearest pixel.
    public var filter = Filter.bilinear

    /// `standard` where nothing else is given.
    public init(shorterSide: Int = 256, side: Int = 224, filter: Filter = .bilinear) {
        self.shorterSide = shorterSide
        self.side = side
        self.filter = filter
    }

    /// METHOD's standard view: 256, then 224×224.
    public static let standard = CropRule()
}

/// Where a rule's view of an image lies.
public struct CropGeometry: Sendable, Equatable {
    /// Size of the resized image: the longer side is `int(shorterSide · long / short)`.
    public let resizedWidth: Int, resizedHeight: Int
    /// Top left corner of the crop in the resized image: `round((length − side) / 2)`, halves to even.
    public let x: Int, y: Int

    /// The geometry of an image of `width`×`height` pixels, both positive.
    public init(width: Int, height: Int, rule: CropRule = .standard) {
        func longer(_ long: Int, _ short: Int) -> Int { Int(Double(rule.shorterSide * long) / Double(short)) }
        func offset(_ length: Int) -> Int { Int((Double(length - rule.side) / 2).rounded(.toNearestOrEven)) }
        resizedWidth = width <= height ? rule.shorterSide : longer(width, height)
        resizedHeight = width <= height ? longer(height, width) : rule.shorterSide
        x = offset(resizedWidth)
        y = offset(resizedHeight)
    }
}
