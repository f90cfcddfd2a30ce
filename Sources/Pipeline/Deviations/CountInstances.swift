extension Deviation {
    /// A concept needs 100 instances over all data, not 100 training images (F).
    public static let countInstances = Deviation(
        "countInstances", fact2023: { dataset, _ in dataset == .visualGenome },
        effect: Effect(dataset: { rules, format in if format == .visualGenome { rules.countInstances = true } }))
}
