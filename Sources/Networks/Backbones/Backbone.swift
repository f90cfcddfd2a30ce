import Tensors

/// A target model up to and including its target layer: METHOD's Feat.
public struct Backbone: Sendable {
    public let architecture: Architecture
    public let layer: String
    /// The shape of the target layer's output for one image.
    public let shape: FeatureShape
    /// What is computed, in order.
    package let blocks: [Block]
    /// `blocks.flatMap(\.convolutions)`, batch norms folded in.
    package let layers: [FoldedConvolution]

    /// Reads the parameters up to the target layer, and no others.
    /// - Parameter probes: METHOD's deviation `probedBatchNorm`: how many all-zero images passed in training mode before.
    /// - Throws: `UnknownLayer`, `BackboneError`, or what `parameters` throws for a missing tensor.
    public init(_ architecture: Architecture, layer: String, parameters: any ParameterSource, probes: Int = 0) throws {
        self.architecture = architecture
        self.layer = layer
        shape = try architecture.featureShape(layer: layer)
        blocks = try architecture.blocks(upTo: layer)
        let loaded = try blocks.flatMap(\.convolutions).map { try FoldedConvolution.load($0, from: parameters) }
        var batchNorms = loaded.map(\.batchNorm)
        ProbedBatchNorm.move(&batchNorms, blocks: blocks, layers: loaded.map(\.raw), probes: probes)
        layers = try zip(loaded, batchNorms).map { try $0.raw.folding($1) }
    }

    /// The target layer's output for one crop.
    ///
    /// Runs on the calling thread alone; the bits depend on nothing but the pixels.
    /// - Parameters:
    ///   - pixels: `[224, 224, 3]`, RGB.
    ///   - output: receives `[d, h', w']`, `shape.count` numbers.
    public func features(pixels: UnsafePointer<UInt8>, into output: UnsafeMutablePointer<Float>) {
        var image = [Float](repeating: 0, count: FeatureShape.image.count)
        image.withUnsafeMutableBufferPointer { image in
            guard let image = image.baseAddress else { return }
            Self.normalise(pixels: pixels, into: image)
            features(image: image, into: output)
        }
    }

    /// The target layer's output for one normalised image.
    ///
    /// Runs on the calling thread alone; the bits depend on nothing but the image.
    /// - Parameters:
    ///   - image: `[3, 224, 224]`, normalised (METHOD 1.4).
    ///   - output: receives `[d, h', w']`, `shape.count` numbers.
    public func features(image: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>) {
        let shape = FeatureShape.image
        let tensor = Tensor(
            shape: [shape.channels, shape.height, shape.width],
            data: [Float](UnsafeBufferPointer(start: image, count: shape.count)))
        let features = plainFeatures(tensor)
        for index in features.data.indices { output[index] = features.data[index] }
    }

    /// The same by `PlainNetwork`: what the fast path is compared with.
    package func plainFeatures(_ image: Tensor) -> Tensor {
        PlainNetwork.forward(blocks, image) { PlainNetwork.convolved($1, layers[$0]) }
    }
}
