import Networks
import Tensors
import Testing

/// Every convolution that a backbone computes, on random input, against the plain one in double.
@Suite struct ConvolutionShapesTests {
    static func shapes() throws -> [ConvolutionShape] {
        var shapes: [ConvolutionShape] = []
        for architecture in Architecture.all {
            for layer in try architecture.convolutionLayers(upTo: architecture.layers[architecture.layers.count - 1])
            where !shapes.contains(layer.shape) { shapes.append(layer.shape) }
        }
        return shapes
    }

    @Test func everyShapeIsThere() throws {
        #expect(try Self.shapes().count == 5 + 11 + 18, "AlexNet, ResNet-18, and what ResNet-50 has beside")
    }

    /// Within 1e-4 of the root mean square of the outputs, for every algorithm and instruction set; all of them the
    /// same bits.
    @Test(arguments: try shapes())
    func fastKernelsAgreeWithTheReference(shape: ConvolutionShape) {
        let input = hashed("input", shape.inputs * shape.height * shape.width)
        let fanIn = shape.inputs * shape.kernel * shape.kernel
        let weights = hashed("weights", shape.outputs * fanIn).map { $0 * Float((6 / Double(fanIn)).squareRoot()) }
        let bias = hashed("bias", shape.outputs)
        let expected = shape.reference(input: input, weights: weights, bias: bias)
        let scale = (expected.reduce(0) { $0 + $1 * $1 } / Double(expected.count)).squareRoot()
        for algorithm in ConvolutionAlgorithm.allCases where algorithm.handles(shape) {
            var first: [Float]?
            // The portable kernels may call fmaf a number at a time: PackedConvolutionTests has small shapes for them.
            for instructions in InstructionSet.allCases
            where instructions.isSupported && (instructions != .portable || instructions == InstructionSet.best) {
                let output = computed(shape, algorithm, input: input, weights: weights, bias: bias, instructions)
                let worst = zip(output, expected).map { abs(Double($0) - $1) }.max() ?? .infinity
                #expect(worst <= 1e-4 * scale, "\(algorithm) with \(instructions): off by \(worst / scale)")
                let differences = zip(output, first ?? output).count { $0 != $1 }
                #expect(differences == 0, "\(algorithm): \(instructions) has bits of its own")
                first = first ?? output
            }
        }
    }

    private func computed(
        _ shape: ConvolutionShape, _ algorithm: ConvolutionAlgorithm, input: [Float], weights: [Float], bias: [Float],
        _ instructions: InstructionSet
    ) -> [Float] {
        let convolution = PackedConvolution(shape, algorithm, weights: weights, bias: bias, instructions: instructions)
        let pixels = shape.height * shape.width, places = shape.outputHeight * shape.outputWidth
        let blocked =
            algorithm == .image
            ? FloatStorage(count: input.count) : FloatStorage(count: shape.inputs * BlockedMaps.plane(pixels: pixels))
        let maps = BlockedMaps(blocked.address, plane: BlockedMaps.plane(pixels: pixels))
        for channel in 0..<shape.inputs {
            for pixel in 0..<pixels {
                let place =
                    algorithm == .image
                    ? channel * pixels + pixel : (channel / 16 * maps.plane + pixel) * 16 + channel % 16
                blocked.address[place] = input[channel * pixels + pixel]
            }
        }
        let plane = BlockedMaps.plane(pixels: places)
        let result = FloatStorage(count: shape.outputs * plane)
        let scratch = FloatStorage(count: convolution.scratchCount(images: 1))
        let outputs = BlockedMaps(result.address, plane: plane)
        [MapRegion(height: shape.outputHeight, width: shape.outputWidth)].withUnsafeBufferPointer { regions in
            convolution.apply(
                input: maps, output: outputs, rectifying: false, regions: regions, scratch: scratch.address)
        }
        var output = [Float](repeating: .nan, count: shape.outputs * places)
        outputs.unblock(channels: shape.outputs, pixels: places, into: &output)
        return withExtendedLifetime(blocked) { output }
    }
}
