import CKernels
import Foundation
import Tensors
import Testing

/// A head's attention over blocked maps, by every instruction set: two chains of multiply-adds and a softmax, bit for
/// bit.
@Suite struct AttentionKernelTests {
    /// Tokens that fill tiles and blocks, and some more; heads of a half and of one and a half tiles.
    @Test(arguments: [(197, 197, 64), (1, 1, 16), (5, 3, 16), (50, 50, 32), (17, 33, 48), (40, 31, 80)])
    func productsAreChains(queries: Int, keys: Int, depth: Int) {
        let plane = max(queries, keys) + 3, count = depth * plane
        let maps = (0..<3).map { PackedConvolutionTests.random(count, 20 + UInt64($0)) }
        func number(_ input: Int, _ token: Int, _ channel: Int) -> Float {
            maps[input][(channel / 16 * plane + token) * 16 + channel % 16]
        }
        let queryFactor: Float = 0.3, keyFactor: Float = 1.7
        for set in InstructionSet.allCases where set.isSupported {
            var scores = (0..<queries * keys).map { place in
                (0..<depth).reduce(Float(0)) {
                    fmaf(
                        number(0, place / keys, $1) * queryFactor, number(1, place % keys, $1) * keyFactor, $0)
                }
            }
            ck_softmax(set.kernels, &scores, queries, keys)
            var output = [Float](repeating: -7, count: count)
            var scratch = [Float](repeating: .nan, count: ck_attention_scratch(queries, keys, depth))
            maps[0].withUnsafeBufferPointer { query in
                maps[1].withUnsafeBufferPointer { key in
                    maps[2].withUnsafeBufferPointer { value in
                        output.withUnsafeMutableBufferPointer { output in
                            scratch.withUnsafeMutableBufferPointer { scratch in
                                var head = ck_attention(
                                    query: query.baseAddress, key: key.baseAddress, value: value.baseAddress,
                                    query_plane: plane, key_plane: plane, value_plane: plane,
                                    output: output.baseAddress, output_plane: plane, queries: queries, keys: keys,
                                    depth: depth, query_factor: queryFactor, key_factor: keyFactor,
                                    scratch: scratch.baseAddress)
                                ck_attend(set.kernels, &head)
                            }
                        }
                    }
                }
            }
            var wrong = 0
            for place in output.indices {
                let token = place / 16 % plane, channel = place / 16 / plane * 16 + place % 16
                let expected =
                    token < queries
                    ? (0..<keys).reduce(Float(0)) { fmaf(scores[token * keys + $1], number(2, $1, channel), $0) } : -7
                if output[place].bitPattern != expected.bitPattern { wrong += 1 }
            }
            #expect(wrong == 0, "\(set)")
        }
    }
}
