extension Deviation {
    /// `projection` pools F_k ⊙ F_u / ‖F_u‖ in place of weighing F_k by its cosine with F_u (OFF, F).
    public static let unnormalisedAttention = Deviation(
        "unnormalisedAttention", effect: Effect(evaluation: { $0.options.unnormalisedAttention = true }))
}
