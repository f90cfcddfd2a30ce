extension Deviation {
    /// The explainer's batch norms are in eval mode in training: mean 0 and variance 1 never move (OFF, F).
    public static let frozenBatchNorm = Deviation(
        "frozenBatchNorm", effect: Effect(training: { $0.frozenBatchNorm = true }))
}
