import CKernels
import Foundation
import Tensors
import Testing

/// Windows that slide over blocked maps, by every instruction set: each output is the chain of multiply-adds that
/// CMaps.h tells, bit for bit.
@Suite struct WindowKernelTests {
    /// Kernels with functions of their own and others, at sizes of which rows end in every way.
    static let windows: [(kernel: Int, stride: Int, dilation: Int, side: Int)] =
        [1, 2, 3, 4, 5, 7].flatMap { kernel in
            [(1, 1, 7), (1, 1, 21), (2, 1, 14), (2, 1, 33), (3, 1, 20), (1, 2, 19)].map {
                (kernel, $0.0, $0.1, $0.2)
            }
        }

    private static func window(_ kernel: Int, _ stride: Int, _ dilation: Int, _ side: Int) -> ck_window {
        let padding = kernel / 2 * dilation, reach = (kernel - 1) * dilation
        let out = (side + 2 * padding - reach - 1) / stride + 1
        func both(_ number: Int) -> (Int32, Int32) { (Int32(number), Int32(number)) }
        return ck_window(
            kernel: both(kernel), stride: both(stride), dilation: both(dilation), before: both(padding),
            size: both(side), out: both(out))
    }

    /// Runs a kernel over two images of `blocks` · 16 channels; the output's numbers, blocked.
    private func run(
        _ window: ck_window, blocks: Int, outputs: Int, _ activation: ck_activation,
        _ body: (UnsafePointer<ck_maps>) -> Void
    ) -> [Float] {
        let pixels = Int(window.size.0 * window.size.1), places = Int(window.out.0 * window.out.1)
        var output = [Float](repeating: -7, count: 16 * outputs * 2 * places)
        let input = Self.input(blocks: blocks, pixels: pixels)
        let whole = ck_region(top: 0, left: 0, bottom: window.out.0, right: window.out.1)
        input.withUnsafeBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                [whole, whole].withUnsafeBufferPointer { regions in
                    var maps = ck_maps(
                        input: input.baseAddress, input_plane: 2 * pixels, output: output.baseAddress,
                        output_plane: 2 * places, regions: regions.baseAddress, images: 2, blocks: blocks,
                        activation: activation)
                    body(&maps)
                }
            }
        }
        return output
    }

    private static func input(blocks: Int, pixels: Int) -> [Float] {
        PackedConvolutionTests.random(16 * blocks * 2 * pixels, 5)
    }

    /// The taps of an output that lie in the map: (place of the tap, pixel of the input).
    private func taps(_ window: ck_window, _ y: Int, _ x: Int) -> [(tap: Int, pixel: Int)] {
        let (kernel, size) = (Int(window.kernel.0), Int(window.size.0))
        var found: [(Int, Int)] = []
        for ky in 0..<kernel {
            for kx in 0..<kernel {
                let row = y * Int(window.stride.0) - Int(window.before.0) + ky * Int(window.dilation.0)
                let column = x * Int(window.stride.1) - Int(window.before.1) + kx * Int(window.dilation.1)
                if 0..<size ~= row, 0..<size ~= column { found.append((ky * kernel + kx, row * size + column)) }
            }
        }
        return found
    }

    private func differences(
        _ window: ck_window, blocks: Int, _ output: [Float], _ expected: (Int, [(tap: Int, pixel: Int)]) -> Float
    ) -> Int {
        let places = Int(window.out.0 * window.out.1), width = Int(window.out.1)
        var count = 0
        for channel in 0..<16 * blocks {
            for image in 0..<2 {
                for place in 0..<places {
                    let at = (channel / 16 * 2 * places + image * places + place) * 16 + channel % 16
                    let own = taps(window, place / width, place % width)
                    let offset = image * Int(window.size.0 * window.size.1)
                    let wanted = expected(channel, own.map { ($0.tap, $0.pixel + offset) })
                    if output[at].bitPattern != wanted.bitPattern { count += 1 }
                }
            }
        }
        return count
    }

    static let bounded = [
        ck_activation(function: ck_identity, a: 0, b: 0), ck_activation(function: ck_relu, a: 0, b: 0),
        ck_activation(function: ck_clip, a: -0.25, b: 0.5),
    ]

    private func held(_ value: Float, _ activation: ck_activation) -> Float {
        switch activation.function {
        case ck_relu: max(value, 0)
        case ck_clip: min(max(value, activation.a), activation.b)
        default: value
        }
    }

    @Test(arguments: windows)
    func depthwiseIsAChain(kernel: Int, stride: Int, dilation: Int, side: Int) {
        var window = Self.window(kernel, stride, dilation, side)
        let blocks = 2, taps = kernel * kernel, pixels = side * side
        let weights = PackedConvolutionTests.random(16 * blocks * taps, 6)
        let bias = PackedConvolutionTests.random(16 * blocks, 7), input = Self.input(blocks: blocks, pixels: pixels)
        for set in InstructionSet.allCases where set.isSupported {
            for activation in Self.bounded {
                let output = run(window, blocks: blocks, outputs: blocks, activation) {
                    ck_depthwise(set.kernels, &window, $0, weights, bias)
                }
                let wrong = differences(window, blocks: blocks, output) { channel, own in
                    let (block, lane) = (channel / 16, channel % 16)
                    let sum = own.reduce(bias[channel]) { sum, tap in
                        fmaf(
                            input[(block * 2 * pixels + tap.pixel) * 16 + lane],
                            weights[(block * taps + tap.tap) * 16 + lane], sum)
                    }
                    return held(sum, activation)
                }
                #expect(wrong == 0, "\(set), function \(activation.function.rawValue)")
            }
        }
    }

    @Test(arguments: windows)
    func pooledNumbersAreInTurn(kernel: Int, stride: Int, dilation: Int, side: Int) {
        var window = Self.window(kernel, stride, dilation, side)
        let pixels = side * side, input = Self.input(blocks: 1, pixels: pixels)
        for set in InstructionSet.allCases where set.isSupported {
            for isMax in [true, false] {
                let output = run(window, blocks: 1, outputs: 1, Self.bounded[0]) {
                    ck_pool(set.kernels, &window, $0, isMax ? 1 : 0, nil)
                }
                let wrong = differences(window, blocks: 1, output) { channel, own in
                    let numbers = own.map { input[$0.pixel * 16 + channel] }
                    return isMax ? numbers.reduce(-.infinity, max) : numbers.reduce(0, +) / Float(numbers.count)
                }
                #expect(wrong == 0, "\(set), \(isMax ? "largest" : "mean")")
            }
        }
    }

    /// Channels that fill no tile, or no block.
    @Test(arguments: [(24, 16), (40, 48), (16, 32), (4, 80)], [1, 3])
    func convolutionsOfAnyChannelsAreChains(channels: (inputs: Int, outputs: Int), kernel: Int) {
        var window = Self.window(kernel, 1, 1, 9)
        let (inputs, outputs) = channels, blocks = (inputs + 15) / 16, taps = kernel * kernel
        let input = Self.input(blocks: blocks, pixels: 81)
        let own = PackedConvolutionTests.random(outputs * inputs * taps, 8)
        let bias = PackedConvolutionTests.random(outputs, 9)
        var weights = [Float](repeating: 0, count: outputs * 16 * blocks * taps)
        for output in 0..<outputs {
            for place in 0..<inputs * taps {
                weights[output * 16 * blocks * taps + place] = own[output * inputs * taps + place]
            }
        }
        for set in InstructionSet.allCases where set.isSupported {
            var packed = [Float](repeating: 0, count: ck_window_packed_count(&window, 16 * blocks, outputs))
            ck_pack_window(set.kernels, &window, 16 * blocks, outputs, weights, &packed)
            var scratch = [Float](repeating: 0, count: ck_window_scratch_count())
            for activation in Self.bounded {
                let output = run(window, blocks: blocks, outputs: outputs / 16, activation) { maps in
                    packed.withUnsafeBufferPointer { packed in
                        scratch.withUnsafeMutableBufferPointer { scratch in
                            bias.withUnsafeBufferPointer { bias in
                                var filter = ck_filter(
                                    packed: packed.baseAddress, bias: bias.baseAddress, addend: nil, addend_plane: 0,
                                    inputs: 16 * blocks, outputs: outputs, channels: inputs,
                                    scratch: scratch.baseAddress)
                                ck_convolve_window(set.kernels, &window, maps, &filter)
                            }
                        }
                    }
                }
                // Terms in the order of taps, then channels; those outside the map are 0.
                let wrong = differences(window, blocks: outputs / 16, output) { channel, own in
                    var sum = bias[channel]
                    for (tap, pixel) in own {
                        for term in 0..<inputs {
                            sum = fmaf(
                                input[(term / 16 * 162 + pixel) * 16 + term % 16],
                                weights[(channel * 16 * blocks + term) * taps + tap], sum)
                        }
                    }
                    return held(sum, activation)
                }
                #expect(wrong == 0, "\(set), function \(activation.function.rawValue)")
            }
        }
    }
}
