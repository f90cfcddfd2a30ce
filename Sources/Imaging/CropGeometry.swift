/// Where METHOD's standard view of an image lies: the shorter side resized to 256, then the central 224×224.
public struct CropGeometry: Sendable, Equatable {
    /// Side of the crop.
    public static let side = 224
    /// Length of the shorter side before the crop.
    public static let shorterSide = 256

    /// Size of the resized image: the longer side is `int(256 · long / short)`.
    public let resizedWidth: Int, resizedHeight: Int
    /// Top left corner of the crop in the resized image: `round((side − 224) / 2)`, halves to even.
    public let x: Int, y: Int

    /// The geometry of an image of `width`×`height` pixels, both positive.
    public init(width: Int, height: Int) {
        func longer(_ long: Int, _ short: Int) -> Int { Int(Double(Self.shorterSide * long) / Double(short)) }
        func offset(_ length: Int) -> Int { Int((Double(length - Self.side) / 2).rounded(.toNearestOrEven)) }
        resizedWidth = width <= height ? Self.shorterSide : longer(width, height)
        resizedHeight = width <= height ? longer(height, width) : Self.shorterSide
        x = offset(resizedWidth)
        y = offset(resizedHeight)
    }
}
