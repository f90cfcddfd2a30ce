extension Deviation {
    /// Instances, not images, are split into training and validation (F).
    public static let splitByInstance = Deviation(
        "splitByInstance", fact2023: { dataset, _ in dataset == .visualGenome },
        effect: Effect(dataset: { rules, format in if format == .visualGenome { rules.splitByInstance = true } }))
}
