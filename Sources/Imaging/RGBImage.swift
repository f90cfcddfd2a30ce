/// An RGB image of 8 bits a channel.
public struct RGBImage: Sendable, Equatable {
    /// Columns and rows.
    public let width: Int, height: Int
    /// `[height, width, 3]`, row-major: red, green, blue.
    public var pixels: [UInt8]

    /// An image of the given pixels, `[height, width, 3]`.
    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0 && pixels.count == width * height * 3, "pixels are not [height, width, 3]")
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// The rectangle of `width`×`height` pixels whose top left corner is (x, y); it must lie inside.
    public func cropped(x: Int, y: Int, width: Int, height: Int) -> RGBImage {
        precondition(
            x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= self.width && y + height <= self.height,
            "crop outside the image")
        var out: [UInt8] = []
        out.reserveCapacity(width * height * 3)
        for row in y..<y + height {
            let start = (row * self.width + x) * 3
            out.append(contentsOf: pixels[start..<start + width * 3])
        }
        return RGBImage(width: width, height: height, pixels: out)
    }

    /// The image with left and right exchanged.
    public func mirrored() -> RGBImage {
        var out = pixels
        for row in 0..<height {
            for column in 0..<width {
                let from = (row * width + column) * 3, to = (row * width + width - 1 - column) * 3
                for channel in 0..<3 { out[to + channel] = pixels[from + channel] }
            }
        }
        return RGBImage(width: width, height: height, pixels: out)
    }
}
