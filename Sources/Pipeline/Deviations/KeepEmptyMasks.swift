extension Deviation {
    /// An instance outside the crop trains on zero features (F).
    public static let keepEmptyMasks = Deviation(
        "keepEmptyMasks", effect: Effect(training: { $0.keepsEmptyMasks = true }))
}
