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

    /// The picture in grey under the map's values in colours, from blue (0 and less) over green to red (`most` and
    /// more).
    /// - Parameter values: a number a pixel.
    public func heatMap(of values: [Float], most: Float) -> RGBImage {
        var result = self
        for pixel in 0..<min(values.count, width * height) {
            let share = most > 0 ? min(max(values[pixel] / most, 0), 1) : 0, at = pixel * 3
            let grey = Float(pixels[at..<at + 3].reduce(0) { $0 + Int($1) }) / 3
            let colours = [HeatMapStyle.ramp(share - 0.5), HeatMapStyle.ramp(share), HeatMapStyle.ramp(share + 0.5)]
            for channel in 0..<3 {
                let colour = 255 * colours[channel] * HeatMapStyle.colour + grey * (1 - HeatMapStyle.colour)
                result.pixels[at + channel] = UInt8(colour.rounded())
            }
        }
        return result
    }

    /// Two pictures of one height side by side.
    public func beside(_ other: RGBImage, gap: Int = 4) -> RGBImage { .grid([self, other], columns: 2, gap: gap) }

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

    /// Pictures of one size side by side, `columns` a row, with a gap between them; places without a picture stay
    /// white.
    public static func grid(_ images: [RGBImage], columns: Int, gap: Int = 4) -> RGBImage {
        guard let first = images.first, columns > 0 else {
            return RGBImage(width: 1, height: 1, pixels: [255, 255, 255])
        }
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

fileprivate enum HeatMapStyle {
    static let outline: (UInt8, UInt8, UInt8) = (255, 214, 0)
    static let outlineWidth = 2
    /// Share of its brightness that the rest keeps.
    static let dimming = 0.5
    /// Share of the colour in a map of values.
    static let colour: Float = 0.55

    /// 1 in the middle (0.5), 0 half a unit away.
    static func ramp(_ place: Float) -> Float { max(0, min(1, 1.5 - 3 * (place - 0.5).magnitude)) }
}

extension RGBImage {
    /// The picture, grey, under a map in colours: from nothing, where the map is at most 0, over blue and green to
    /// yellow where it is highest.
    /// - Parameter values: one a pixel.
    public func coloured(by values: [Float]) -> RGBImage {
        let most = values.max() ?? 0
        guard most > 0, values.count == width * height else { return self }
        var result = self
        for pixel in values.indices {
            let at = pixel * 3, share = Double(max(0, values[pixel]) / most)
            let grey = Double(pixels[at..<at + 3].reduce(0) { $0 + Int($1) }) / 3 * 0.6
            let colour = HeatMapStyle.colour(share), cover = min(0.85, share * 1.5)
            let mixed = [colour.0, colour.1, colour.2].map { UInt8(grey * (1 - cover) + $0 * cover) }
            result.paint(at, (mixed[0], mixed[1], mixed[2]))
        }
        return result
    }
}

extension HeatMapStyle {
    /// Viridis by five of its colours, which the colour-blind can tell apart and which grow lighter throughout.
    private static let viridis: [(Double, Double, Double)] = [
        (68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37),
    ]

    fileprivate static func colour(_ share: Double) -> (Double, Double, Double) {
        let place = share * Double(viridis.count - 1), low = min(Int(place), viridis.count - 2),
            part = place - Double(low)
        let (a, b) = (viridis[low], viridis[low + 1])
        return (a.0 + (b.0 - a.0) * part, a.1 + (b.1 - a.1) * part, a.2 + (b.2 - a.2) * part)
    }
}
