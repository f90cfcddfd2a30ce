/// What a method looks at: channel k of the feature becomes `channels[k]` · F_k ⊙ `positions`.
struct Attention: Equatable {
    /// `[h·w]`
    var positions: [Float]
    /// `[d]`
    var channels: [Float]

    /// Everything alike: the method `original`, and what `image` does with the masked image's feature.
    static func everything(_ feature: Feature) -> Attention {
        Attention(
            positions: [Float](repeating: 1, count: feature.positions),
            channels: [Float](repeating: 1, count: feature.channels))
    }

    /// The positions where the filter exceeds its threshold, [F_u > T_u]: the method `activation`.
    static func active(_ feature: Feature, filter: Int, threshold: Float) -> Attention {
        var attention = everything(feature)
        attention.positions = feature.map(filter).map { $0 > threshold ? 1 : 0 }
        return attention
    }

    /// The filter attention cos(F_u, F_k): the method `projection` (paper A, section 3.3).
    static func projection(_ feature: Feature, filter: Int) -> Attention {
        var attention = everything(feature)
        let map = feature.map(filter), norm = feature.norms[filter]
        for k in 0..<feature.channels {
            // The floor is PyTorch's: a channel that is 0 everywhere has cosine 0.
            attention.channels[k] = dot(map, feature.map(k)) / max(norm * feature.norms[k], 1e-12)
        }
        return attention
    }

    /// Global average pooling of what is looked at, `[d]` (METHOD 5).
    func pool(_ feature: Feature) -> [Float] {
        (0..<feature.channels).map {
            channels[$0] * (dot(feature.map($0), positions[...]) / Float(feature.positions))
        }
    }
}
