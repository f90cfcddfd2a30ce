import Imaging

extension RGBImage {
    /// The picture as the paper shows what a filter sees: the region where the map exceeds the threshold as it is,
    /// outlined around it, the rest dimmed and grey.
    ///
    /// - Parameter region: of the picture's size.
    public func heatMap(of region: Bitmap) -> RGBImage {
        var result = self
        for y in 0..<height {
            for x in 0..<width {
                let at = (y * width + x) * 3
                if region[x, y] { continue }
                if touches(x, y, region) {
                    result.paint(at, HeatMapStyle.outline)
                } else {
                    let sum = pixels[at..<at + 3].reduce(0) { $0 + Int($1) }
                    let grey = UInt8(Double(sum) / 3 * HeatMapStyle.dimming)
                    result.paint(at, (grey, grey, grey))
                }
            }
        }
        return result
    }

    /// Whether a pixel outside the region is within two pixels of it.
    private func touches(_ x: Int, _ y: Int, _ region: Bitmap) -> Bool {
        for reach in 1...HeatMapStyle.outlineWidth {
            if x >= reach && region[x - reach, y] || x + reach < width && region[x + reach, y] { return true }
            if y >= reach && region[x, y - reach] || y + reach < height && region[x, y + reach] { return true }
        }
        return false
    }

    fileprivate mutating func paint(_ at: Int, _ colour: (UInt8, UInt8, UInt8)) {
        (pixels[at], pixels[at + 1], pixels[at + 2]) = colour
    }

    /// Pictures of one size side by side, `columns` a row, with a gap between them; places without a picture stay white.
    public static func grid(_ images: [RGBImage], columns: Int, gap: Int = 4) -> RGBImage {
        guard let first = images.first, columns > 0 else { return RGBImage(width: 1, height: 1, pixels: [255, 255, 255]) }
        let across = min(columns, images.count), down = (images.count + columns - 1) / columns
        let width = across * (first.width + gap) - gap, height = down * (first.height + gap) - gap
        var grid = RGBImage(width: width, height: height, pixels: [UInt8](repeating: 255, count: width * height * 3))
        for (index, image) in images.enumerated() {
            let left = index % columns * (first.width + gap), top = index / columns * (first.height + gap)
            for y in 0..<min(image.height, first.height) {
                let to = ((top + y) * width + left) * 3, from = y * image.width * 3
                let count = min(image.width, first.width) * 3
                grid.pixels.replaceSubrange(to..<to + count, with: image.pixels[from..<from + count])
            }
        }
        return grid
    }
}

private enum HeatMapStyle {
    static let outline: (UInt8, UInt8, UInt8) = (255, 214, 0)
    static let outlineWidth = 2
    /// Share of its brightness that the rest keeps.
    static let dimming = 0.5
}
