import Tensors

/// One convolution of a backbone as it is computed.
package struct ConvolutionLayer: Sendable {
    /// torchvision's module name.
    package let name: String
    package let shape: ConvolutionShape
    package let algorithm: ConvolutionAlgorithm
    /// Images that pass it together.
    package let images: Int

    /// FLOP of one image by the plain formula.
    package var flop: Double { shape.flop }
}

extension Architecture {
    /// The convolutions in the order of computation, a block's shortcut last.
    /// - Throws: `UnknownLayer`.
    package func convolutionLayers(upTo layer: String) throws -> [ConvolutionLayer] {
        var layers: [ConvolutionLayer] = []
        var input = FeatureShape.image
        for block in try blocks(upTo: layer) {
            let images = PackedNetwork.images(block.outputShape(input))
            var between = input
            for (index, convolution) in block.convolutions.enumerated() {
                if case .residual(let main, _) = block, index == main.count { between = input }
                let shape = convolution.shape(on: between)
                layers.append(
                    ConvolutionLayer(
                        name: convolution.name, shape: shape, algorithm: .fastest(for: shape), images: images))
                between = convolution.outputShape(between)
            }
            input = block.outputShape(input)
        }
        return layers
    }
}

extension Convolution {
    /// What it computes on maps of that shape.
    func shape(on input: FeatureShape) -> ConvolutionShape {
        ConvolutionShape(
            inputs: inputs, outputs: outputs, kernel: kernel, stride: stride, padding: padding, height: input.height,
            width: input.width)
    }
}
