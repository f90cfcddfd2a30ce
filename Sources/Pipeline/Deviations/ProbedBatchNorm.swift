extension Deviation {
    /// An all-zero image passes the backbone in training mode: its batch norms move towards it, once before training
    /// and once more before inference (F).
    public static let probedBatchNorm = Deviation(
        "probedBatchNorm", fact2023: { $1.canBeProbed },
        effect: Effect(features: { $0.isProbed = true }, evaluation: { $0.isProbed = true }))
}
