extension Deviation {
    /// An object counts once for each of its synsets, also where two are the same concept (F).
    public static let instancePerSynset = Deviation(
        "instancePerSynset", fact2023: { dataset, _ in dataset == .visualGenome },
        effect: Effect(dataset: { rules, format in if format == .visualGenome { rules.instancePerSynset = true } }))
}
