/// One evaluated image with all that its filters are asked about.
struct Scene: Sendable {
    /// Row of the image.
    let image: Int
    let feature: Feature
    /// `[3, side, side]` normalised; empty where no method needs it.
    private let pixels: [Float]
    private let samples: [(words: [Int32], mask: Region)]

    init(_ data: any EvaluationData, image: Int, options: EvaluationOptions) throws {
        self.image = image
        feature = try Feature(channels: data.channels, positions: data.positions) { try data.maps(image, into: $0) }
        var pixels: [Float] = []
        if options.methods.contains(where: \.masksImage) {
            pixels = [Float](repeating: 0, count: 3 * data.side * data.side)
            try data.image(image, into: &pixels)
        }
        self.pixels = pixels
        samples = try data.truth(image).map {
            let mask = try Region(bits: $0.mask, side: data.side)
            return (
                $0.words, options.gridMaskIoU ? mask.throughGrid(height: data.mapHeight, width: data.mapWidth) : mask
            )
        }
    }

    /// G: the ascending ids of the concepts whose mask covers the region well enough (METHOD 7).
    func truth(of region: Region, above threshold: Double) -> [Int32] {
        var words: Set<Int32> = []
        for sample in samples where sample.mask.intersectionOverUnion(region) > threshold {
            words.formUnion(sample.words)
        }
        return words.sorted()
    }

    /// Writes the image `[3, side, side]` with everything outside the region set to 0: what the method `image` shows
    /// the backbone.
    func mask(_ region: Region, into masked: UnsafeMutablePointer<Float>) { region.mask(pixels, into: masked) }
}
