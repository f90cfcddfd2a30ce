import Tensors

/// A target model up to its target layer with its parameters read and its batch norms folded, not yet packed for a
/// processor.
package struct FoldedNetwork: Sendable {
    /// The shape of the target layer's output for one image.
    package let shape: FeatureShape
    /// What is computed, in order.
    package let blocks: [Block]
    /// `blocks.flatMap(\.convolutions)`, batch norms folded in.
    package let layers: [FoldedConvolution]

    /// Reads the parameters up to the target layer, and no others; see `Backbone.init`.
    package init(_ architecture: Architecture, layer: String, parameters: any ParameterSource, probes: Int) throws {
        shape = try architecture.featureShape(layer: layer)
        blocks = try architecture.blocks(upTo: layer)
        let loaded = try blocks.flatMap(\.convolutions).map { try FoldedConvolution.load($0, from: parameters) }
        var batchNorms = loaded.map(\.batchNorm)
        ProbedBatchNorm.move(&batchNorms, blocks: blocks, layers: loaded.map(\.raw), probes: probes)
        layers = try zip(loaded, batchNorms).map { try $0.raw.folding($1) }
    }

    /// The target layer's output for one normalised image `[3, 224, 224]`, by `PlainNetwork`.
    package func plainFeatures(_ image: Tensor) -> Tensor {
        PlainNetwork.forward(blocks, image) { PlainNetwork.convolved($1, layers[$0]) }
    }
}
