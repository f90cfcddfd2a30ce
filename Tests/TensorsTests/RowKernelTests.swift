import CKernels
import Foundation
import Tensors
import Testing

/// What is computed row by row or pixel by pixel, by every instruction set, bit for bit.
@Suite struct RowKernelTests {
    /// The largest number is subtracted, and the powers summed in 16 lanes.
    @Test(arguments: [1, 15, 16, 33, 197]) func softmaxIsInTurn(columns: Int) {
        let rows = 11, numbers = PackedConvolutionTests.random(rows * columns, 31).map { 8 * $0 }
        for set in InstructionSet.allCases where set.isSupported {
            var output = numbers
            ck_softmax(set.kernels, &output, rows, columns)
            for row in 0..<rows {
                let own = numbers[row * columns..<(row + 1) * columns], largest = own.max() ?? 0
                var powers = own.map { $0 - largest }
                ck_activate(set.kernels, &powers, columns, ck_activation(function: ck_exponential, a: 0, b: 0))
                var lanes = [Double](repeating: 0, count: 16)
                for (place, power) in powers.enumerated() { lanes[place % 16] += Double(power) }
                let factor = Float(1 / lanes.reduce(0, +))
                #expect(powers.map { $0 * factor } == Array(output[row * columns..<(row + 1) * columns]), "\(set)")
            }
        }
    }

    /// A mean and a variance in double, in 16 lanes.
    @Test(arguments: [(5, 24), (9, 16), (4, 7), (11, 64)]) func normIsInTurn(pixels: Int, channels: Int) {
        let blocks = (channels + 15) / 16, input = PackedConvolutionTests.random(16 * blocks * pixels, 32)
        let weight = PackedConvolutionTests.random(16 * blocks, 33),
            bias = PackedConvolutionTests.random(16 * blocks, 34)
        let whole = ck_region(top: 0, left: 0, bottom: 1, right: Int32(pixels)), epsilon = 1e-6
        for set in InstructionSet.allCases where set.isSupported {
            var output = [Float](repeating: 0, count: input.count)
            input.withUnsafeBufferPointer { input in
                output.withUnsafeMutableBufferPointer { output in
                    withUnsafePointer(to: whole) { region in
                        var maps = ck_maps(
                            input: input.baseAddress, input_plane: pixels, output: output.baseAddress,
                            output_plane: pixels, regions: region, images: 1, blocks: blocks,
                            activation: ck_activation(function: ck_identity, a: 0, b: 0))
                        ck_channel_norm(set.kernels, &maps, 1, pixels, channels, epsilon, weight, bias)
                    }
                }
            }
            for pixel in 0..<pixels {
                func place(_ channel: Int) -> Int { (channel / 16 * pixels + pixel) * 16 + channel % 16 }
                func mean(_ number: (Double) -> Double) -> Double {
                    var lanes = [Double](repeating: 0, count: 16)
                    for channel in 0..<channels { lanes[channel % 16] += number(Double(input[place(channel)])) }
                    return lanes.reduce(0, +) / Double(channels)
                }
                let middle = mean { $0 }, variance = mean { ($0 - middle) * ($0 - middle) }
                let scale = Float(1 / (variance + epsilon).squareRoot())
                let wrong = (0..<channels).count { channel in
                    let x = (input[place(channel)] - Float(middle)) * scale
                    return output[place(channel)] != fmaf(x, weight[channel], bias[channel])
                }
                #expect(wrong == 0, "\(set), pixel \(pixel)")
            }
        }
    }
}
