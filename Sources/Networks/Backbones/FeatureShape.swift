/// The shape of one image's feature maps: `[channels, height, width]`.
public struct FeatureShape: Sendable, Hashable {
    public let channels: Int, height: Int, width: Int

    /// Of one image: without the axis of images.
    public init(channels: Int, height: Int, width: Int) {
        self.channels = channels
        self.height = height
        self.width = width
    }

    /// The number of elements.
    public var count: Int { channels * height * width }

    /// The backbones' input: a normalised RGB crop (METHOD 1).
    public static let image = FeatureShape(channels: 3, height: 224, width: 224)
}
