import Tensors

/// The backbone computed the obvious way, layer by layer over `[channels, height, width]` tensors.
///
/// It is what the fast path is compared with, and what looks inside (`ProbedBatchNorm`).
package enum PlainNetwork {
    /// The output of `blocks` for `image`; `convolve` gives the normalised output, before any ReLU, of the convolution
    /// of that index among `blocks.flatMap(\.convolutions)`.
    package static func forward(_ blocks: [Block], _ image: Tensor, convolve: (Int, Tensor) -> Tensor) -> Tensor {
        var x = image
        var first = 0
        for block in blocks {
            switch block {
            case .convolution:
                x = rectified(convolve(first, x))
            case .maxPool(let kernel, let stride, let padding):
                x = maxPooled(x, kernel: kernel, stride: stride, padding: padding)
            case .residual(let main, let shortcut):
                let skipped = shortcut == nil ? x : convolve(first + main.count, x)
                for index in main.indices {
                    x = convolve(first + index, x)
                    if index < main.count - 1 { x = rectified(x) }
                }
                for index in x.data.indices { x.data[index] = max(x.data[index] + skipped.data[index], 0) }
            }
            first += block.convolutions.count
        }
        return x
    }

    /// `bias + weights ⋆ input` by im2col and one matrix product.
    package static func convolved(_ input: Tensor, _ layer: FoldedConvolution) -> Tensor {
        let convolution = layer.convolution
        let shape = convolution.outputShape(
            FeatureShape(channels: input.shape[0], height: input.shape[1], width: input.shape[2]))
        let places = shape.height * shape.width
        let columns = unfolded(input, convolution, shape)
        var output = Tensor(zeros: [shape.channels, shape.height, shape.width])
        for channel in 0..<shape.channels {
            for place in channel * places..<(channel + 1) * places { output.data[place] = layer.bias[channel] }
        }
        gemm(
            transposeA: false, transposeB: false, m: shape.channels, n: places, k: convolution.fanIn, alpha: 1,
            a: layer.weights, lda: convolution.fanIn, b: columns, ldb: places, beta: 1, c: &output.data, ldc: places)
        return output
    }

    /// im2col: `[inputs · kernel · kernel, height · width]`, zeros where the kernel reaches outside.
    private static func unfolded(_ input: Tensor, _ convolution: Convolution, _ shape: FeatureShape) -> [Float] {
        let (height, width) = (input.shape[1], input.shape[2])
        var columns = [Float](repeating: 0, count: convolution.fanIn * shape.height * shape.width)
        var row = 0
        for channel in 0..<convolution.inputs {
            for ky in 0..<convolution.kernel {
                for kx in 0..<convolution.kernel {
                    for y in 0..<shape.height {
                        let sourceY = y * convolution.stride + ky - convolution.padding
                        guard 0..<height ~= sourceY else { continue }
                        for x in 0..<shape.width {
                            let sourceX = x * convolution.stride + kx - convolution.padding
                            guard 0..<width ~= sourceX else { continue }
                            columns[(row * shape.height + y) * shape.width + x] =
                                input.data[(channel * height + sourceY) * width + sourceX]
                        }
                    }
                    row += 1
                }
            }
        }
        return columns
    }

    /// The largest number of each window; what lies outside the input takes no part.
    private static func maxPooled(_ input: Tensor, kernel: Int, stride: Int, padding: Int) -> Tensor {
        let (height, width) = (input.shape[1], input.shape[2])
        let shape = Block.maxPool(kernel: kernel, stride: stride, padding: padding)
            .outputShape(FeatureShape(channels: input.shape[0], height: height, width: width))
        var output = Tensor(
            shape: [shape.channels, shape.height, shape.width], data: [Float](repeating: -.infinity, count: shape.count)
        )
        var place = 0
        for channel in 0..<shape.channels {
            for y in 0..<shape.height {
                for x in 0..<shape.width {
                    for sourceY in max(y * stride - padding, 0)..<min(y * stride - padding + kernel, height) {
                        for sourceX in max(x * stride - padding, 0)..<min(x * stride - padding + kernel, width) {
                            output.data[place] = max(
                                output.data[place], input.data[(channel * height + sourceY) * width + sourceX])
                        }
                    }
                    place += 1
                }
            }
        }
        return output
    }

    private static func rectified(_ input: Tensor) -> Tensor {
        var output = input
        for index in output.data.indices { output.data[index] = max(output.data[index], 0) }
        return output
    }
}
