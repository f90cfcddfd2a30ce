extension Deviation {
    /// Of a synset of several words the first is its concept (F).
    public static let firstWordOfSynset = Deviation(
        "firstWordOfSynset", fact2023: { dataset, _ in dataset == .visualGenome },
        effect: Effect(dataset: { rules, format in if format == .visualGenome { rules.firstWordOfSynset = true } }))
}
