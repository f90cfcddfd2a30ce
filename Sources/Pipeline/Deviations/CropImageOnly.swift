extension Deviation {
    /// Training draws a random crop and flip of the image; the mask gets the standard crop (OFF, F).
    public static let cropImageOnly = Deviation(
        "cropImageOnly", fact2023: { dataset, _ in dataset != .visualGenome },
        effect: Effect(dataset: { rules, _ in rules.cropImageOnly = true }))
}
