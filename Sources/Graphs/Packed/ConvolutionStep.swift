import CKernels
import Tensors

/// A convolution or linear layer by packed kernels, with what follows it: a summand and a function.
struct ConvolutionStep: Sendable {
    /// Some outputs from some inputs: all, or some groups together, whose weights are block-diagonal.
    private struct Part: Sendable {
        enum Way: Sendable {
            /// Winograd's algorithm, or the image's planes as they are.
            case packed(PackedConvolution)
            case window(weights: PackedNumbers, bias: PackedNumbers, inputs: Int, outputs: Int)
        }

        let way: Way
        /// Blocks before its inputs and outputs.
        let from: Int, to: Int
    }

    let input: MapSize, output: MapSize
    /// Whether it reads the image's planes as they are.
    let readsImage: Bool
    let activation: ck_activation
    let window: ck_window
    private let parts: [Part]
    private let instructions: InstructionSet

    /// - Parameters:
    ///   - weights: `[outputs, inputs / groups, kh, kw]`.
    ///   - bias: `[outputs]`.
    ///   - scale: what the weights' outputs are multiplied by.
    init(
        _ window: Window, groups: Int, input: MapSize, output: MapSize, weights: [Float], scale: [Double]?,
        bias: [Double], readsImage: Bool,
        activation: ck_activation, instructions: InstructionSet
    ) {
        (self.input, self.output, self.readsImage, self.activation, self.instructions) = (
            input, output, readsImage, activation, instructions
        )
        self.window = window.kernels(on: input, output: output)
        let packing = ConvolutionPacking(
            window: window, groups: groups, input: input, output: output, weights: weights, scale: scale, bias: bias)
        let together = packing.groupsTogether, kernels = self.window
        parts = stride(from: 0, to: groups, by: together).map { first in
            let chosen = first..<min(first + together, groups)
            let inputs = chosen.count * packing.groupInputs, outputs = chosen.count * packing.groupOutputs
            let from = first * packing.groupInputs / 16, to = first * packing.groupOutputs / 16
            let wide = readsImage ? inputs : (inputs + 15) / 16 * 16, tiles = (outputs + 31) / 32 * 32
            if let (shape, algorithm) = packing.fastest(inputs: wide, outputs: tiles, readsImage: readsImage) {
                let dense = packing.dense(chosen, inputs: wide, outputs: tiles)
                let packed = PackedConvolution(
                    shape, algorithm, weights: dense.weights, bias: dense.bias, instructions: instructions)
                return Part(way: .packed(packed), from: from, to: to)
            }
            let blocks = (outputs + 15) / 16, dense = packing.dense(chosen, inputs: wide, outputs: 16 * blocks)
            let weights = withUnsafePointer(to: kernels) { window in
                PackedNumbers(count: ck_window_packed_count(window, wide, 16 * blocks)) {
                    ck_pack_window(instructions.kernels, window, wide, 16 * blocks, dense.weights, $0)
                }
            }
            let bias = PackedNumbers(dense.bias.map(Double.init), blocks: blocks)
            return Part(
                way: .window(weights: weights, bias: bias, inputs: inputs, outputs: 16 * blocks), from: from, to: to)
        }
    }

    func scratchCount(images: Int) -> Int {
        parts.map { part in
            switch part.way {
            case .packed(let packed): packed.scratchCount(images: images)
            case .window: ck_window_scratch_count()
            }
        }.max() ?? 0
    }

    /// The region that is computed for the outputs in `region`: Winograd's tiles are computed whole.
    func computed(for region: MapRegion) -> MapRegion {
        parts.reduce(region) { region, part in
            if case .packed(let packed) = part.way { packed.computed(for: region) } else { region }
        }
    }

    /// - Parameter regions: of each image's output, as `computed(for:)` gives them.
    func run(
        _ source: BlockedMaps, _ target: BlockedMaps, addend: BlockedMaps?, regions: [MapRegion],
        scratch: UnsafeMutablePointer<Float>
    ) {
        let kernels = regions.map(\.kernels)
        for part in parts {
            let from = readsImage ? source : source.advanced(blocks: part.from)
            let to = target.advanced(blocks: part.to), addend = addend?.advanced(blocks: part.to)
            switch part.way {
            case .packed(let packed):
                regions.withUnsafeBufferPointer {
                    packed.apply(
                        input: from, output: to, addend: addend, rectifying: activation.function == ck_relu,
                        regions: $0, scratch: scratch)
                }
                guard activation.function != ck_identity, activation.function != ck_relu else { continue }
                var combination = ck_combination(
                    scale: nil, shift: nil, joint: ck_alone, other: nil, other_plane: 0, other_is_one: 0,
                    height: Int32(output.height),
                    width: Int32(output.width))
                withMaps(to, to, kernels, images: regions.count, blocks: packed.shape.outputs / 16, activation) {
                    ck_combine(instructions.kernels, $0, &combination)
                }
            case .window(let weights, let bias, let inputs, let outputs):
                var filter = ck_filter(
                    packed: weights.address, bias: bias.address, addend: addend.map { UnsafePointer($0.address) },
                    addend_plane: addend?.plane ?? 0,
                    inputs: (inputs + 15) / 16 * 16, outputs: outputs, channels: (inputs + 3) / 4 * 4, scratch: scratch)
                var window = window
                withMaps(from, to, kernels, images: regions.count, blocks: outputs / 16, activation) { maps in
                    ck_convolve_window(instructions.kernels, &window, maps, &filter)
                }
            }
        }
    }
}

/// Weights of a convolution as its parts want them.
private struct ConvolutionPacking {
    let window: Window
    let groups: Int
    let input: MapSize, output: MapSize
    let weights: [Float], scale: [Double]?, bias: [Double]

    var groupInputs: Int { input.channels / groups }
    var groupOutputs: Int { output.channels / groups }

    /// The fewest groups whose inputs fill blocks and whose outputs fill tiles.
    var groupsTogether: Int {
        guard groups > 1 else { return 1 }
        return (1...groups).first { $0 * groupInputs % 16 == 0 && $0 * groupOutputs % 32 == 0 } ?? groups
    }

    /// The weights of some groups as one convolution of so many channels: 0 where they do not belong together.
    func dense(_ chosen: Range<Int>, inputs: Int, outputs: Int) -> (weights: [Float], bias: [Float]) {
        let taps = window.kernel[0] * window.kernel[1]
        var dense = [Float](repeating: 0, count: outputs * inputs * taps),
            shifts = [Float](repeating: 0, count: outputs)
        for (place, group) in chosen.enumerated() {
            for own in 0..<groupOutputs {
                let output = group * groupOutputs + own, row = place * groupOutputs + own
                shifts[row] = Float(bias[output])
                let target = (row * inputs + place * groupInputs) * taps, source = output * groupInputs * taps
                for tap in 0..<groupInputs * taps {
                    let number = weights[source + tap]
                    dense[target + tap] = scale.map { Float(Double(number) * $0[output]) } ?? number
                }
            }
        }
        return (dense, shifts)
    }

    /// The shape and algorithm where the convolution is one that they are for: square, not dilated, padded evenly.
    func fastest(inputs: Int, outputs: Int, readsImage: Bool) -> (ConvolutionShape, ConvolutionAlgorithm)? {
        guard window.kernel[0] == window.kernel[1], window.stride[0] == window.stride[1], window.dilation == [1, 1],
            window.before[0] == window.before[1]
        else { return nil }
        let shape = ConvolutionShape(
            inputs: inputs, outputs: outputs, kernel: window.kernel[0], stride: window.stride[0],
            padding: window.before[0], height: input.height,
            width: input.width)
        guard shape.outputHeight == output.height, shape.outputWidth == output.width else { return nil }
        if readsImage { return (shape, .image) }
        return ConvolutionAlgorithm.fastest(for: shape) == .winograd ? (shape, .winograd) : nil
    }
}

extension BlockedMaps {
    func advanced(blocks: Int) -> BlockedMaps { BlockedMaps(address + 16 * plane * blocks, plane: plane) }
}

/// A call of the kernels over whole maps.
func withMaps(
    _ input: BlockedMaps, _ output: BlockedMaps, _ regions: [ck_region], images: Int, blocks: Int,
    _ activation: ck_activation,
    _ body: (UnsafePointer<ck_maps>) -> Void
) {
    regions.withUnsafeBufferPointer { regions in
        var maps = ck_maps(
            input: UnsafePointer(input.address), input_plane: input.plane, output: output.address,
            output_plane: output.plane,
            regions: regions.baseAddress, images: images, blocks: blocks, activation: activation)
        body(&maps)
    }
}
