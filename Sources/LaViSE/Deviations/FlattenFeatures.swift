extension Attention {
    /// Deviation `flattenFeatures` (METHOD 5 and 9): FACT2023 does not pool AlexNet's 6×6 map but flattens it, so that
    /// the explainer takes d·h·w = 9216 numbers.
    func flatten(_ feature: Feature) -> [Float] {
        (0..<feature.channels).flatMap { k in
            zip(feature.map(k), positions).map { channels[k] * ($0 * $1) }
        }
    }
}
