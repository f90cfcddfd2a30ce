/// What an explanation method looks at: channel k of the feature becomes `channels[k]` · F_k ⊙ `positions`.
package struct Attention: Equatable {
    /// `[h·w]`
    package var positions: [Float]
    /// `[d]`
    package var channels: [Float]

    /// Everything alike.
    package static func everything(_ feature: Feature) -> Attention {
        Attention(
            positions: [Float](repeating: 1, count: feature.positions),
            channels: [Float](repeating: 1, count: feature.channels))
    }

    /// Global average pooling of what is looked at, `[d]` (METHOD 5).
    func pool(_ feature: Feature) -> [Float] {
        (0..<feature.channels).map {
            channels[$0] * (dot(feature.map($0), positions[...]) / Float(feature.positions))
        }
    }
}
