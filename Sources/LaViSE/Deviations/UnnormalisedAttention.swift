extension Attention {
    /// Deviation `unnormalisedAttention` (METHOD 6.3 and 9): both released codes compute pool(F_k ⊙ F_u) / ‖F_u‖ for
    /// the method `projection`, a product position by position where the paper weighs F_k by its cosine with F_u.
    static func unnormalisedProjection(_ feature: Feature, filter: Int) -> Attention {
        var attention = everything(feature)
        let norm = max(feature.norms[filter], 1e-12)
        attention.positions = feature.map(filter).map { $0 / norm }
        return attention
    }
}
