import Graphs
import Networks
import Tensors

/// What gives the maps of pictures: a network up to its target layers, its weights read. A value that threads share;
/// the bits depend on the picture alone.
protocol FeatureSource: Sendable {
    /// Of the target layers, in their order.
    var shapes: [FeatureShape] { get }
    /// Pictures a call for the best speed.
    var batch: Int { get }
    /// The maps of all target layers, `[count, d, h, w]` each, on the calling thread.
    /// - Parameter pixels: `[count, s, s, 3]`, RGB.
    /// - Throws: `GraphError`.
    func features(pixels: UnsafePointer<UInt8>, count: Int) throws -> [ArraySlice<Float>]
    /// Pictures that the last layers take together: as many masked ones a call need no more memory, and are fastest.
    var imagesAtOnce: Int { get }
    /// The first target layer's maps of pictures, normalised, then masked: zero but for a part (METHOD 6.3, `image`).
    /// - Parameters:
    ///   - images: `[count, 3, s, s]`.
    ///   - output: receives `[count, d, h, w]`.
    /// - Throws: `GraphError`.
    func features(
        maskedImages images: UnsafePointer<Float>, count: Int, into output: UnsafeMutablePointer<Float>
    ) throws
}

/// A hand-written backbone.
struct BackboneSource: FeatureSource {
    let backbone: Backbone
    /// Of every target layer, its place among the backbone's, which stand in the order of computation.
    let order: [Int]

    var shapes: [FeatureShape] { order.map { backbone.shapes[$0] } }
    var batch: Int { Backbone.batch }
    var imagesAtOnce: Int { backbone.imagesAtOnce }

    func features(pixels: UnsafePointer<UInt8>, count: Int) -> [ArraySlice<Float>] {
        let maps = backbone.layerFeatures(pixels: pixels, count: count)
        return order.map { maps[$0] }
    }

    func features(maskedImages images: UnsafePointer<Float>, count: Int, into output: UnsafeMutablePointer<Float>) {
        backbone.features(maskedImages: images, count: count, into: output)
    }
}

/// Any network as a graph.
struct GraphSource: FeatureSource {
    private let program: GraphProgram
    let shapes: [FeatureShape]
    private let normalisation: Normalisation
    private let side: Int
    var batch: Int { program.batch }
    var imagesAtOnce: Int { program.batch }

    /// - Throws: `UnknownGraphLayer`, or what `parameters` throws.
    init(_ graph: Graph, layers: [String], normalisation: Normalisation, parameters: any ParameterSource) throws {
        let layers = try layers.map(graph.layer(named:))
        program = try GraphProgram(graph, targets: layers.map(\.value)) { try parameters.tensor($0, shape: $1) }
        shapes = layers.map { FeatureShape($0.shape) }
        self.normalisation = normalisation
        side = graph.values[graph.input].shape[2]
    }

    func features(pixels: UnsafePointer<UInt8>, count: Int) throws -> [ArraySlice<Float>] {
        let places = side * side, images = FloatStorage(count: 3 * places * count)
        for index in 0..<count {
            normalisation.apply(pixels + index * places * 3, places: places, into: images.address + index * 3 * places)
        }
        let outputs = shapes.map { FloatStorage(count: count * $0.count) }
        try withExtendedLifetime(images) {
            try program.run(images: images.address, count: count, into: outputs.map(\.address))
        }
        return outputs.map { ArraySlice(UnsafeBufferPointer(start: $0.address, count: $0.count)) }
    }

    func features(
        maskedImages images: UnsafePointer<Float>, count: Int, into output: UnsafeMutablePointer<Float>
    ) throws {
        // All target layers are computed; the first is asked for.
        let others = shapes.dropFirst().map { FloatStorage(count: count * $0.count) }
        try withExtendedLifetime(others) {
            try program.run(
                images: images, count: count, zeroPixels: .skipped, into: [output] + others.map(\.address))
        }
    }
}
