import Tensors

/// METHOD's deviation `probedBatchNorm`: FACT2023 finds the size of the feature maps by passing an all-zero image
/// through the backbone in *training* mode, which moves every stored statistic.
enum ProbedBatchNorm {
    /// PyTorch's `momentum`.
    static let momentum = 0.1

    /// Moves the statistics of `batchNorms`, the ones behind `layers` in order, as `probes` such passes do.
    ///
    /// A pass normalises with the image's own statistics (biased variance) and moves the stored mean and variance by
    /// 0.1 towards them (unbiased variance), so every pass sees the same ones.
    static func move(_ batchNorms: inout [BatchNorm?], blocks: [Block], layers: [FoldedConvolution], probes: Int) {
        guard probes > 0 else { return }
        let zeros = Tensor(zeros: [FeatureShape.image.channels, FeatureShape.image.height, FeatureShape.image.width])
        _ = PlainNetwork.forward(blocks, zeros) { index, input in
            var output = convolved(input, layers[index])
            guard var batchNorm = batchNorms[index] else { return output }
            let places = output.shape[1] * output.shape[2]
            for channel in 0..<output.shape[0] {
                let range = channel * places..<(channel + 1) * places
                let mean = output.data[range].reduce(0.0) { $0 + Double($1) } / Double(places)
                let squares = output.data[range].reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
                for _ in 0..<probes {
                    batchNorm.mean[channel] += momentum * (mean - batchNorm.mean[channel])
                    batchNorm.variance[channel] +=
                        momentum * (squares / Double(places - 1) - batchNorm.variance[channel])
                }
                let (scale, shift) = BatchNorm.affine(
                    weight: batchNorm.weight[channel], bias: batchNorm.bias[channel], mean: mean,
                    variance: squares / Double(places))
                for place in range { output.data[place] = Float(scale * Double(output.data[place]) + shift) }
            }
            batchNorms[index] = batchNorm
            return output
        }
    }

    /// Summed in double, every place in the same order: a zero image gives planes that are constant but for their
    /// border, and a product that rounds places differently would give them a variance, which normalising blows up from
    /// layer to layer.
    private static func convolved(_ input: Tensor, _ layer: FoldedConvolution) -> Tensor {
        let convolution = layer.convolution
        let shape = ConvolutionShape(
            inputs: convolution.inputs, outputs: convolution.outputs, kernel: convolution.kernel,
            stride: convolution.stride,
            padding: convolution.padding, height: input.shape[1], width: input.shape[2])
        return Tensor(
            shape: [shape.outputs, shape.outputHeight, shape.outputWidth],
            data: shape.reference(input: input.data, weights: layer.weights, bias: layer.bias).map { Float($0) })
    }
}
