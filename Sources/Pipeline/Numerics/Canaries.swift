import Fingerprints
import Graphs
import LaViSE
import Networks
import Tensors

/// Small cases for the kernels that stages use, of sizes that reach the edges of their tiles and more than one of their
/// blocks.
package struct Canaries {
    /// `[outputs · pixels]` numbers of a convolution of blocked (for `.image`: plain) random maps, with bias and ReLU.
    package typealias Convolve = (
        _ shape: ConvolutionShape, _ algorithm: ConvolutionAlgorithm, _ input: [Float], _ weights: [Float],
        _ bias: [Float]
    ) -> [Float]
    package enum Product: CaseIterable { case plain, packed, sparse }
    package typealias Multiply = (_ kind: Product, _ size: ProductSize, _ a: [Float], _ b: [Float]) -> [Float]
    package struct ProductSize {
        package let rows: Int, columns: Int, terms: Int
    }

    // Tests put other kernels in their place.
    package var convolve: Convolve
    package var pool: (_ shape: ConvolutionShape, _ input: [Float]) -> [Float]
    package var multiply: Multiply
    package var train: (Optimiser) throws -> [Float] = Self.trained
    package var enlarge: (_ height: Int, _ width: Int, _ map: [Float]) -> [Float] = {
        Upsampling(height: $0, width: $1, side: 224).apply($2[...])
    }
    package var convolvePlainly:
        (_ shape: ConvolutionShape, _ input: [Float], _ weights: [Float], _ bias: [Float]) -> [Double] = {
            $0.reference(input: $1, weights: $2, bias: $3)
        }

    package var runGraphs: () throws -> [Float] = { try Graph.canary() }

    package init(instructions: InstructionSet = .best) {
        convolve = { Self.convolved($0, $1, $2, $3, $4, instructions) }
        pool = { Self.pooled($0, $1, instructions) }
        multiply = { Self.multiplied($0, $1, $2, $3, instructions) }
    }

    /// First layers, pointwise ones (one of them deeper than the kernels pack at once), strided ones, and maps of more
    /// tiles than Winograd's transforms take together.
    package static let convolutions = [
        ConvolutionShape(inputs: 3, outputs: 64, kernel: 7, stride: 2, padding: 3, height: 21, width: 27),
        ConvolutionShape(inputs: 3, outputs: 32, kernel: 11, stride: 4, padding: 2, height: 23, width: 31),
        ConvolutionShape(inputs: 16, outputs: 32, kernel: 1, stride: 1, padding: 0, height: 9, width: 13),
        ConvolutionShape(inputs: 528, outputs: 32, kernel: 1, stride: 1, padding: 0, height: 5, width: 3),
        ConvolutionShape(inputs: 32, outputs: 64, kernel: 1, stride: 2, padding: 0, height: 13, width: 9),
        ConvolutionShape(inputs: 16, outputs: 32, kernel: 3, stride: 2, padding: 1, height: 14, width: 11),
        ConvolutionShape(inputs: 16, outputs: 32, kernel: 3, stride: 2, padding: 1, height: 16, width: 24),
        ConvolutionShape(inputs: 16, outputs: 32, kernel: 5, stride: 1, padding: 2, height: 10, width: 9),
        ConvolutionShape(inputs: 32, outputs: 96, kernel: 3, stride: 1, padding: 1, height: 7, width: 7),
        ConvolutionShape(inputs: 16, outputs: 32, kernel: 3, stride: 1, padding: 1, height: 41, width: 37),
    ]
    static let pools = [
        ConvolutionShape(inputs: 16, outputs: 16, kernel: 3, stride: 2, padding: 1, height: 13, width: 11),
        ConvolutionShape(inputs: 16, outputs: 16, kernel: 3, stride: 2, padding: 0, height: 9, width: 9),
    ]
    static let products = [
        ProductSize(rows: 1, columns: 300, terms: 257), ProductSize(rows: 33, columns: 47, terms: 129),
        ProductSize(rows: 7, columns: 1030, terms: 70),
        ProductSize(rows: 9, columns: 40, terms: 800), ProductSize(rows: 520, columns: 24, terms: 30),
    ]
    static let maps = [(7, 7), (14, 14), (13, 6)]

    /// - Throws: what training and graphs throw.
    package func digest(of family: KernelFamily) throws -> Digest {
        var stream = DigestStream(), numbers = Numbers()
        func add<Number: BitwiseCopyable>(_ values: [Number]) { values.withUnsafeBytes { stream.update($0) } }
        switch family {
        case .convolutions:
            for shape in Self.convolutions {
                for algorithm in ConvolutionAlgorithm.allCases where algorithm.handles(shape) {
                    let input = numbers.draw(Self.inputCount(shape, algorithm))
                    add(
                        convolve(
                            shape, algorithm, input,
                            numbers.draw(shape.outputs * shape.inputs * shape.kernel * shape.kernel),
                            numbers.draw(shape.outputs)))
                }
            }
            for shape in Self.pools { add(pool(shape, numbers.draw(Self.inputCount(shape, .direct)))) }
        case .products:
            for size in Self.products {
                for kind in Product.allCases {
                    // Of a sparse factor few numbers are not 0.
                    let a = numbers.draw(size.rows * size.terms).map { kind == .sparse && abs($0) < 0.8 ? 0 : $0 }
                    add(multiply(kind, size, a, numbers.draw(size.terms * size.columns)))
                }
            }
        case .training:
            for optimiser in Optimiser.allCases { add(try train(optimiser)) }
        case .maps:
            for (height, width) in Self.maps { add(enlarge(height, width, numbers.draw(height * width))) }
        case .graphs: add(try runGraphs())
        case .plainConvolutions:
            for shape in Self.convolutions.prefix(3) {
                let input = numbers.draw(shape.inputs * shape.height * shape.width)
                add(
                    convolvePlainly(
                        shape, input, numbers.draw(shape.outputs * shape.inputs * shape.kernel * shape.kernel),
                        numbers.draw(shape.outputs)))
            }
        }
        return stream.finish()
    }
}

/// Numbers in [−1, 1) that never change.
struct Numbers {
    private var state: UInt64 = 1

    mutating func draw(_ count: Int) -> [Float] {
        (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(state >> 40) / 0x1p23 - 1
        }
    }
}

extension Canaries {
    private static let images = 2

    /// Floats of the input of a canary: maps of two images in the kernels' layout, for `.image` the planes of one.
    static func inputCount(_ shape: ConvolutionShape, _ algorithm: ConvolutionAlgorithm) -> Int {
        let pixels = shape.height * shape.width
        return shape.inputs * (algorithm == .image ? pixels : BlockedMaps.plane(pixels: images * pixels))
    }

    private static func convolved(
        _ shape: ConvolutionShape, _ algorithm: ConvolutionAlgorithm, _ input: [Float], _ weights: [Float],
        _ bias: [Float],
        _ instructions: InstructionSet
    ) -> [Float] {
        let images = algorithm == .image ? 1 : images
        let convolution = PackedConvolution(shape, algorithm, weights: weights, bias: bias, instructions: instructions)
        let scratch = FloatStorage(count: convolution.scratchCount(images: images))
        return applied(shape, images: images, input) { input, output, regions in
            convolution.apply(
                input: input, output: output, rectifying: true, regions: regions, scratch: scratch.address)
        }
    }

    private static func pooled(_ shape: ConvolutionShape, _ input: [Float], _ instructions: InstructionSet) -> [Float] {
        applied(shape, images: images, input) { $0.maxPool(shape, into: $1, regions: $2, instructions: instructions) }
    }

    /// Whole output maps of a kernel, `[outputs, images · pixels]`.
    private static func applied(
        _ shape: ConvolutionShape, images: Int, _ input: [Float],
        _ kernel: (BlockedMaps, BlockedMaps, UnsafeBufferPointer<MapRegion>) -> Void
    ) -> [Float] {
        let pixels = images * shape.outputHeight * shape.outputWidth, plane = BlockedMaps.plane(pixels: pixels)
        let source = FloatStorage(count: input.count), target = FloatStorage(count: shape.outputs * plane)
        source.address.update(from: input, count: input.count)
        let output = BlockedMaps(target.address, plane: plane)
        let regions = [MapRegion](
            repeating: MapRegion(height: shape.outputHeight, width: shape.outputWidth), count: images)
        return withExtendedLifetime((source, target)) {
            regions.withUnsafeBufferPointer {
                kernel(
                    BlockedMaps(source.address, plane: BlockedMaps.plane(pixels: images * shape.height * shape.width)),
                    output, $0)
            }
            return [Float](unsafeUninitializedCapacity: shape.outputs * pixels) { result, count in
                if let result = result.baseAddress {
                    output.unblock(channels: shape.outputs, pixels: pixels, into: result)
                }
                count = shape.outputs * pixels
            }
        }
    }

    private static func multiplied(
        _ kind: Product, _ size: ProductSize, _ a: [Float], _ b: [Float], _ instructions: InstructionSet
    ) -> [Float] {
        var result = [Float](repeating: 0, count: size.rows * size.columns)
        let products = MatrixProducts(instructions: instructions)
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                guard let a = a.baseAddress, let b = b.baseAddress else { return }
                let left = MatrixView(a, rowStride: size.terms), right = MatrixView(b, rowStride: size.columns)
                switch kind {
                case .plain:
                    products.multiply(
                        left, right, rows: size.rows, columns: size.columns, terms: size.terms, into: &result,
                        rowStride: size.columns)
                case .packed:
                    let packed = PackedMatrix(
                        right, terms: size.terms, columns: size.columns, instructions: instructions)
                    products.multiply(left, by: packed, rows: size.rows, into: &result, rowStride: size.columns)
                case .sparse:
                    products.multiplySparse(
                        left, right, rows: size.rows, columns: size.columns, terms: size.terms, into: &result,
                        rowStride: size.columns)
                }
            }
        }
        return result
    }

    /// All numbers of an explainer after two epochs of a few steps, and what it predicts.
    private static func trained(_ optimiser: Optimiser) throws -> [Float] {
        let width = 40, outputs = 30, concepts = 50
        var numbers = Numbers()
        let samples = CanarySamples(count: 37, width: width, concepts: concepts, &numbers)
        let options = TrainingOptions(epochs: 2, batchSize: 16, optimiser: optimiser, learningRate: 1e-2, dropout: 0.1)
        var trainer = try Trainer(
            options: options, concepts: Tensor(shape: [concepts, outputs], data: numbers.draw(concepts * outputs)),
            initial: Explainer(inputs: width, outputs: outputs, seed: 0))
        for _ in 0..<options.epochs { try trainer.runEpoch(training: samples, validation: samples) }
        var predictions = [Float](repeating: 0, count: samples.count * outputs)
        trainer.current.predict(samples.features, count: samples.count, into: &predictions)
        return trainer.current.parameters + trainer.current.statistics + predictions
            + trainer.history.map { Float($0.validLoss) }
    }
}

private struct CanarySamples: SampleSource {
    let count: Int, width: Int
    let features: [Float]
    private let concepts: Int

    init(count: Int, width: Int, concepts: Int, _ numbers: inout Numbers) {
        self.count = count
        self.width = width
        self.concepts = concepts
        features = numbers.draw(count * width)
    }

    func read(_ rows: ArraySlice<Int>, into destination: UnsafeMutablePointer<Float>) {
        for (place, row) in rows.enumerated() {
            for i in 0..<width { destination[place * width + i] = features[row * width + i] }
        }
    }

    func positives(_ row: Int) -> [Int32] { [Int32(row % concepts), Int32((row + 7) % concepts)] }
}
