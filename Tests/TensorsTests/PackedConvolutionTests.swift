import Tensors
import Testing

/// Small odd shapes with several images, an addend and ReLU, by every algorithm and instruction set, against plain
/// loops in double.
@Suite struct PackedConvolutionTests {
    static let shapes = [
        ConvolutionShape(inputs: 3, outputs: 64, kernel: 7, stride: 2, padding: 3, height: 31, width: 37),
        ConvolutionShape(inputs: 3, outputs: 32, kernel: 11, stride: 4, padding: 2, height: 40, width: 63),
        ConvolutionShape(inputs: 16, outputs: 32, kernel: 1, stride: 1, padding: 0, height: 1, width: 1),
        ConvolutionShape(inputs: 48, outputs: 96, kernel: 1, stride: 1, padding: 0, height: 9, width: 13),
        ConvolutionShape(inputs: 32, outputs: 64, kernel: 1, stride: 2, padding: 0, height: 13, width: 9),
        ConvolutionShape(inputs: 32, outputs: 32, kernel: 3, stride: 2, padding: 1, height: 14, width: 11),
        ConvolutionShape(inputs: 16, outputs: 64, kernel: 3, stride: 2, padding: 1, height: 17, width: 34),
        ConvolutionShape(inputs: 64, outputs: 64, kernel: 5, stride: 1, padding: 2, height: 10, width: 9),
        ConvolutionShape(inputs: 32, outputs: 64, kernel: 3, stride: 1, padding: 1, height: 7, width: 7),
        ConvolutionShape(inputs: 16, outputs: 32, kernel: 3, stride: 1, padding: 1, height: 17, width: 30),
        ConvolutionShape(inputs: 80, outputs: 32, kernel: 3, stride: 1, padding: 1, height: 3, width: 2),
    ]

    static func random(_ count: Int, _ seed: UInt64) -> [Float] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(state >> 40) / 0x1p23 - 1
        }
    }

    /// Winograd's tiles are of 4 × 4 outputs, and its padding is half the kernel.
    @Test func winogradComputesWholeTiles() {
        let shape = ConvolutionShape(inputs: 16, outputs: 32, kernel: 3, stride: 1, padding: 1, height: 14, width: 14)
        let convolution = PackedConvolution(
            shape, .winograd, weights: Self.random(32 * 16 * 9, 1), bias: Self.random(32, 2))
        func computed(_ top: Int, _ left: Int, _ bottom: Int, _ right: Int) -> MapRegion {
            convolution.computed(for: MapRegion(top: top, left: left, bottom: bottom, right: right))
        }
        #expect(computed(3, 5, 5, 9) == MapRegion(top: 0, left: 4, bottom: 8, right: 12))
        #expect(computed(4, 8, 8, 13) == MapRegion(top: 4, left: 8, bottom: 8, right: 14))
        #expect(ConvolutionAlgorithm.winograd.handles(shape))
        let open = ConvolutionShape(inputs: 16, outputs: 32, kernel: 3, stride: 1, padding: 0, height: 14, width: 14)
        #expect(!ConvolutionAlgorithm.winograd.handles(open))
    }

    @Test(arguments: shapes)
    func everyAlgorithmAgrees(shape: ConvolutionShape) {
        let fanIn = shape.inputs * shape.kernel * shape.kernel
        let weights = Self.random(shape.outputs * fanIn, 2), bias = Self.random(shape.outputs, 3)
        let size = shape.inputs * shape.height * shape.width, places = shape.outputHeight * shape.outputWidth
        for algorithm in ConvolutionAlgorithm.allCases where algorithm.handles(shape) {
            let images = algorithm == .image ? 1 : 3
            let input = Self.random(images * size, 1), addend = Self.random(images * shape.outputs * places, 4)
            var expected: [Double] = []
            for image in 0..<images {
                let own = Array(input[image * size..<(image + 1) * size])
                expected += shape.reference(input: own, weights: weights, bias: bias)
            }
            for index in expected.indices {
                if algorithm != .image { expected[index] += Double(addend[index]) }
                expected[index] = max(expected[index], 0)
            }
            var bits: [Float]?
            for instructions in InstructionSet.allCases where instructions.isSupported {
                let convolution = PackedConvolution(
                    shape, algorithm, weights: weights, bias: bias, instructions: instructions)
                let output = applied(convolution, images: images, input, addend)
                let worst = zip(output, expected).map { abs(Double($0) - $1) }.max() ?? .infinity
                #expect(
                    worst <= 1e-5 * Double(fanIn).squareRoot(), "\(algorithm) with \(instructions): off by \(worst)")
                let differences = zip(output, bits ?? output).count { $0 != $1 }
                #expect(differences == 0, "\(algorithm): \(instructions) has bits of its own")
                bits = bits ?? output
            }
        }
    }

    /// `[images, channels, pixels]` in the kernels' layout.
    func blocked(_ values: [Float], images: Int, channels: Int) -> (storage: FloatStorage, maps: BlockedMaps) {
        let pixels = values.count / images / channels
        let plane = BlockedMaps.plane(pixels: images * pixels)
        let storage = FloatStorage(count: channels * plane)
        for (index, value) in values.enumerated() {
            let (image, channel, pixel) = (index / pixels / channels, index / pixels % channels, index % pixels)
            storage.address[(channel / 16 * plane + image * pixels + pixel) * 16 + channel % 16] = value
        }
        return (storage, BlockedMaps(storage.address, plane: plane))
    }

    /// The convolution plus the addend, rectified, added in place.
    func applied(_ convolution: PackedConvolution, images: Int, _ input: [Float], _ addend: [Float]) -> [Float] {
        let shape = convolution.shape
        let places = shape.outputHeight * shape.outputWidth
        let isImage = convolution.algorithm == .image
        let (storage, maps) =
            isImage
            ? (FloatStorage(count: input.count), BlockedMaps(FloatStorage(count: 0).address, plane: 0))
            : blocked(input, images: images, channels: shape.inputs)
        if isImage { storage.address.update(from: input, count: input.count) }
        let (result, sums) = blocked(addend, images: images, channels: shape.outputs)
        let scratch = FloatStorage(count: convolution.scratchCount(images: images))
        let regions = [MapRegion](
            repeating: MapRegion(height: shape.outputHeight, width: shape.outputWidth), count: images)
        regions.withUnsafeBufferPointer { regions in
            convolution.apply(
                input: isImage ? BlockedMaps(storage.address, plane: 0) : maps, output: sums,
                addend: isImage ? nil : sums, rectifying: true, regions: regions, scratch: scratch.address)
        }
        var output = [Float](repeating: .nan, count: images * shape.outputs * places)
        for image in 0..<images {
            output.withUnsafeMutableBufferPointer { output in
                sums.advanced(pixels: image * places).unblock(
                    channels: shape.outputs, pixels: places, into: output.baseAddress! + image * shape.outputs * places)
            }
        }
        return withExtendedLifetime((storage, result, scratch)) { output }
    }

    @Test(arguments: [(3, 2, 1, 9, 12), (3, 2, 0, 13, 13), (2, 1, 0, 4, 5)])
    func maxPoolTakesTheLargest(kernel: Int, stride: Int, padding: Int, height: Int, width: Int) {
        let shape = ConvolutionShape(
            inputs: 32, outputs: 32, kernel: kernel, stride: stride, padding: padding, height: height, width: width)
        let values = Self.random(32 * height * width, 5).map { $0 - 2 }
        let (storage, maps) = blocked(values, images: 1, channels: 32)
        let places = shape.outputHeight * shape.outputWidth
        for instructions in InstructionSet.allCases where instructions.isSupported {
            let (result, pooled) = blocked([Float](repeating: 0, count: 32 * places), images: 1, channels: 32)
            [MapRegion(height: shape.outputHeight, width: shape.outputWidth)].withUnsafeBufferPointer { regions in
                maps.maxPool(shape, into: pooled, regions: regions, instructions: instructions)
            }
            var output = [Float](repeating: .nan, count: 32 * places)
            pooled.unblock(channels: 32, pixels: places, into: &output)
            for index in output.indices {
                let (channel, y, x) = (index / places, index % places / shape.outputWidth, index % shape.outputWidth)
                var largest = -Float.infinity
                for ky in y * stride - padding..<y * stride - padding + kernel where 0..<height ~= ky {
                    for kx in x * stride - padding..<x * stride - padding + kernel where 0..<width ~= kx {
                        largest = max(largest, values[(channel * height + ky) * width + kx])
                    }
                }
                #expect(output[index] == largest)
            }
            withExtendedLifetime((storage, result)) {}
        }
    }

    /// A NaN must reach the features, where it is noticed.
    @Test(arguments: InstructionSet.allCases.filter(\.isSupported))
    func notANumberStays(instructions: InstructionSet) {
        let shape = ConvolutionShape(inputs: 16, outputs: 32, kernel: 1, stride: 1, padding: 0, height: 1, width: 1)
        let convolution = PackedConvolution(
            shape, .direct, weights: [Float](repeating: 1, count: 512), bias: [Float](repeating: 0, count: 32),
            instructions: instructions)
        var input = [Float](repeating: 1, count: 16)
        input[5] = .nan
        let output = applied(convolution, images: 1, input, [Float](repeating: 0, count: 32))
        #expect(output.filter(\.isNaN).count == 32)
    }
}
