extension Backbone {
    /// Pixels to the backbones' input: `(x / 255 − mean) / deviation`, channel by channel (METHOD 1.4), each step
    /// rounded to float as torchvision's `ToTensor` and `Normalize` do.
    /// - Parameters:
    ///   - pixels: `[224, 224, 3]`, RGB.
    ///   - image: receives `[3, 224, 224]`.
    public static func normalise(pixels: UnsafePointer<UInt8>, into image: UnsafeMutablePointer<Float>) {
        let places = FeatureShape.image.height * FeatureShape.image.width
        for channel in 0..<3 {
            for place in 0..<places {
                image[channel * places + place] = normalised[channel][Int(pixels[place * 3 + channel])]
            }
        }
    }

    /// The normalised value of every byte, for each channel.
    private static let normalised: [[Float]] = zip([0.485, 0.456, 0.406] as [Float], [0.229, 0.224, 0.225] as [Float])
        .map { mean, deviation in (0...255).map { (Float($0) / 255 - mean) / deviation } }
}
