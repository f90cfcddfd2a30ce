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

    /// Finds top images and exact thresholds (METHOD 6.1 and 6.2): two looks at every range of images, joined.
    ///
    /// Reads every map twice. Memory: one block of maps (at most 64 MB, or one map) and three tables of 256 KB a
    /// filter, of which only the touched pages are real: activations have few exponents. Neither grows with the number
    /// of images.
    /// - Throws: `EvaluationError` (no image, unknown filter, a number that is not finite), or what `data` and
    ///   `progress` throw.
    public init(of data: any EvaluationData, options: EvaluationOptions, progress: @escaping ProgressHandler) throws {
        let looks = try MapLooks(of: data, options: options, progress: progress)
        let first = try looks.joinedFirst()
        for range in looks.ranges { first.add(try looks.first(range)) }
        let second = try looks.joinedSecond(first)
        for range in looks.ranges { second.add(try looks.second(range, first)) }
        self = second.summary
    }
}
