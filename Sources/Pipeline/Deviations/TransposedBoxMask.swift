extension Deviation {
    /// A box's mask is made as (width, height) and indexed [y, x] (OFF, F).
    public static let transposedBoxMask = Deviation(
        "transposedBoxMask", fact2023: { dataset, _ in dataset == .visualGenome },
        effect: Effect(dataset: { rules, format in if format == .visualGenome { rules.transposedBoxMask = true } }))
}
