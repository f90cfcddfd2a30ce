import Tensors

/// What two looks at all maps leave of them. U filters, p images a filter.
public struct MapSummary: Sendable, Equatable {
    /// The U channels.
    public var filters: [Int]
    /// p: images a filter.
    public var imagesPerFilter: Int
    /// `[U, p]` rows of the images with the highest maximum, highest first, ties to the lower row; −1 where no further
    /// image has a maximum above 0.
    public var topImages: [Int32]
    /// `[U, p]` those maxima; 0 where there is no image.
    public var maxima: [Float]
    /// `[U]` the quantile of the raw map over all images and positions.
    public var thresholds: [Float]

    /// - Parameters:
    ///   - filters: the U channels.
    ///   - imagesPerFilter: p.
    ///   - topImages: `[U, p]` rows, −1 where there is none.
    ///   - maxima: `[U, p]`, 0 where there is no image.
    ///   - thresholds: `[U]`.
    public init(filters: [Int], imagesPerFilter: Int, topImages: [Int32], maxima: [Float], thresholds: [Float]) {
        self.filters = filters
        self.imagesPerFilter = imagesPerFilter
        self.topImages = topImages
        self.maxima = maxima
        self.thresholds = thresholds
    }
}
