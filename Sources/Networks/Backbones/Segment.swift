import Tensors

/// Consecutive blocks packed for this processor, run over several images at once.
struct Segment: Sendable {
    /// Where a step finds or leaves maps.
    private enum Place: Sendable, Equatable {
        case input, output, slot(Int)
    }

    private enum Operation: Sendable {
        case convolution(PackedConvolution, addend: Place?, rectifying: Bool)
        case maxPool(ConvolutionShape)
    }

    private struct Step: Sendable {
        let operation: Operation
        let from: Place, to: Place
    }

    /// Images that pass together.
    let images: Int
    let input: FeatureShape, output: FeatureShape
    let instructions: InstructionSet
    private var steps: [Step] = []
    private var freeSlots: [Int] = []
    private var slots = 0
    private var slotCount = 0
    /// Floats of scratch space that the steps need.
    private(set) var scratchCount = 0

    /// - Parameter layers: `blocks.flatMap(\.convolutions)` with their parameters.
    init(images: Int, input: FeatureShape, blocks: [Block], layers: [FoldedConvolution], instructions: InstructionSet) {
        self.images = images
        self.input = input
        self.instructions = instructions
        output = blocks.reduce(input) { $1.outputShape($0) }
        var remaining = layers[...]
        var shape = input
        var place = Place.input
        for (index, block) in blocks.enumerated() {
            let last = index == blocks.count - 1
            switch block {
            case .convolution:
                place = convolve(remaining.removeFirst(), shape, from: place, to: last ? .output : nil, rectifying: true)
            case .maxPool(let kernel, let stride, let padding):
                place = pool(shape, kernel: kernel, stride: stride, padding: padding, from: place, to: last ? .output : nil)
            case .residual(let main, let shortcut):
                let convolutions = remaining.prefix(main.count)
                remaining = remaining.dropFirst(main.count)
                place = addResidual(
                    convolutions, shortcut: shortcut == nil ? nil : remaining.removeFirst(), shape, from: place, last: last)
            }
            shape = block.outputShape(shape)
        }
    }

    /// Floats of all slots together.
    var slotsCount: Int { slots * slotCount }

    /// Runs on the calling thread; `images` is at most `self.images`.
    /// - Parameters:
    ///   - slots: `slotsCount` floats.
    ///   - scratch: `scratchCount` floats.
    func run(
        images: Int, input: BlockedMaps, output: BlockedMaps, slots: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        func maps(_ place: Place, _ height: Int, _ width: Int) -> BlockedMaps {
            switch place {
            case .input: input
            case .output: output
            case .slot(let index):
                BlockedMaps(slots + index * slotCount, plane: BlockedMaps.plane(pixels: images * height * width))
            }
        }
        for step in steps {
            switch step.operation {
            case .convolution(let convolution, let addend, let rectifying):
                let shape = convolution.shape
                convolution.apply(
                    images: images, input: maps(step.from, shape.height, shape.width),
                    output: maps(step.to, shape.outputHeight, shape.outputWidth),
                    addend: addend.map { maps($0, shape.outputHeight, shape.outputWidth) }, rectifying: rectifying, scratch: scratch)
            case .maxPool(let shape):
                maps(step.from, shape.height, shape.width).maxPool(
                    shape, images: images, into: maps(step.to, shape.outputHeight, shape.outputWidth), instructions: instructions)
            }
        }
    }

    /// `ReLU(main(x) + shortcut(x))`. An identity's sum takes the place of `x`, which is not needed any more.
    private mutating func addResidual(
        _ main: ArraySlice<FoldedConvolution>, shortcut: FoldedConvolution?, _ input: FeatureShape, from: Place, last: Bool
    ) -> Place {
        var addend = from
        var target = last ? Place.output : from
        if let shortcut {
            addend = convolve(shortcut, input, from: from, to: last ? .output : nil, rectifying: false, keeping: from)
            target = addend
        }
        var place = from
        var shape = input
        for layer in main.dropLast() {
            place = convolve(layer, shape, from: place, to: nil, rectifying: true, keeping: from)
            shape = layer.convolution.outputShape(shape)
        }
        for layer in main.suffix(1) {
            place = convolve(layer, shape, from: place, to: target, addend: addend, rectifying: true, keeping: from)
        }
        if from != target { release(from) }
        return place
    }

    /// Appends a convolution to a place, a free slot by default, and releases `from` unless it is `keeping`.
    private mutating func convolve(
        _ layer: FoldedConvolution, _ input: FeatureShape, from: Place, to: Place?, addend: Place? = nil, rectifying: Bool,
        keeping: Place? = nil
    ) -> Place {
        let convolution = layer.convolution
        let shape = ConvolutionShape(
            inputs: convolution.inputs, outputs: convolution.outputs, kernel: convolution.kernel, stride: convolution.stride,
            padding: convolution.padding, height: input.height, width: input.width)
        let algorithms: [ConvolutionAlgorithm] = [.winograd, .direct]
        let packed = PackedConvolution(
            shape, algorithms.first { $0.handles(shape) } ?? .image, weights: layer.weights, bias: layer.bias,
            instructions: instructions)
        scratchCount = max(scratchCount, packed.scratchCount(images: images))
        let target = to ?? reserve(convolution.outputShape(input))
        steps.append(Step(operation: .convolution(packed, addend: addend, rectifying: rectifying), from: from, to: target))
        if from != keeping { release(from) }
        return target
    }

    private mutating func pool(_ input: FeatureShape, kernel: Int, stride: Int, padding: Int, from: Place, to: Place?) -> Place {
        let shape = ConvolutionShape(
            inputs: input.channels, outputs: input.channels, kernel: kernel, stride: stride, padding: padding,
            height: input.height, width: input.width)
        let target = to ?? reserve(FeatureShape(channels: input.channels, height: shape.outputHeight, width: shape.outputWidth))
        steps.append(Step(operation: .maxPool(shape), from: from, to: target))
        release(from)
        return target
    }

    private mutating func reserve(_ shape: FeatureShape) -> Place {
        slotCount = max(slotCount, shape.channels * BlockedMaps.plane(pixels: images * shape.height * shape.width))
        if let free = freeSlots.popLast() { return .slot(free) }
        slots += 1
        return .slot(slots - 1)
    }

    private mutating func release(_ place: Place) {
        if case .slot(let index) = place { freeSlots.append(index) }
    }
}
