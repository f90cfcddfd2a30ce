import CKernels
import Tensors

/// Attention of some heads over blocked maps, a pixel a token: softmax(q · kᵀ) · v of each, their channels side by side.
struct AttentionStep: Sendable {
    let heads: Int
    /// Channels of a head, a multiple of 16.
    let depth: Int
    let queries: Int, keys: Int
    /// The first channel of the queries, keys and values in the three inputs, multiples of 16.
    let first: [Int]
    /// What q and k are multiplied by before.
    let queryFactor: Float, keyFactor: Float

    var scratchCount: Int { ck_attention_scratch(queries, keys, depth) }

    func run(
        _ inputs: [BlockedMaps], _ output: BlockedMaps, images: Int, scratch: UnsafeMutablePointer<Float>,
        instructions: InstructionSet
    ) {
        for image in 0..<images {
            for head in 0..<heads {
                func maps(_ index: Int, tokens: Int) -> BlockedMaps {
                    inputs[index].advanced(pixels: image * tokens)
                        .advanced(blocks: (first[index] + head * depth) / 16)
                }
                let query = maps(0, tokens: queries), key = maps(1, tokens: keys), value = maps(2, tokens: keys)
                let target = output.advanced(pixels: image * queries).advanced(blocks: head * depth / 16)
                var attention = ck_attention(
                    query: query.address, key: key.address, value: value.address, query_plane: query.plane,
                    key_plane: key.plane, value_plane: value.plane, output: target.address,
                    output_plane: target.plane, queries: queries, keys: keys, depth: depth,
                    query_factor: queryFactor, key_factor: keyFactor, scratch: scratch)
                ck_attend(instructions.kernels, &attention)
            }
        }
    }
}
