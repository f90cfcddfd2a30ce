/// One annotated mask of an evaluated image with its positive words.
public struct TruthSample: Sendable, Equatable {
    /// Ids of the positive concepts, in the id space of `Vocabulary.ids`.
    public var words: [Int32]
    /// The mask on the image's pixels, laid out as `Region.bits`.
    public var mask: [UInt64]

    /// - Parameters:
    ///   - words: ids of the positive concepts.
    ///   - mask: laid out as `Region.bits`.
    public init(words: [Int32], mask: [UInt64]) {
        self.words = words
        self.mask = mask
    }
}

/// What the evaluation reads. Rows are the evaluated images, in order; every method is called from several threads.
public protocol EvaluationData: Sendable {
    /// Number of evaluated images.
    var imageCount: Int { get }
    /// Pixels a side of the images.
    var side: Int { get }
    /// Channels d of the target layer.
    var channels: Int { get }
    /// Height h of the target layer's map.
    var mapHeight: Int { get }
    /// Width w of the target layer's map.
    var mapWidth: Int { get }
    /// Writes the feature of an image, `[d, h, w]`.
    /// - Throws: what reading the features throws; it ends the evaluation.
    func maps(_ image: Int, into: UnsafeMutablePointer<Float>) throws
    /// Writes the normalised image, `[3, side, side]`.
    /// - Throws: what reading the picture throws; it ends the evaluation.
    func image(_ image: Int, into: UnsafeMutablePointer<Float>) throws
    /// The annotated samples of an image.
    /// - Throws: what reading the annotations throws; it ends the evaluation.
    func truth(_ image: Int) throws -> [TruthSample]
    /// Masked images a call of `features` for the best speed.
    var imagesAtOnce: Int { get }
    /// The backbone: `count` masked normalised images `[count, 3, side, side]` to features `[count, d, h, w]`.
    /// - Throws: what the backbone throws; it ends the evaluation.
    func features(of images: UnsafePointer<Float>, count: Int, into: UnsafeMutablePointer<Float>) throws
    /// The explainer in eval mode: `[count, inputs]` to `[count, dimension of the vocabulary]`.
    func explain(_ inputs: UnsafePointer<Float>, count: Int, into: UnsafeMutablePointer<Float>)
}

extension EvaluationData {
    /// Positions h·w of a map.
    public var positions: Int { mapHeight * mapWidth }

    /// One, where nothing is gained by more.
    public var imagesAtOnce: Int { 1 }
}
