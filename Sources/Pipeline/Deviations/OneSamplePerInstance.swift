extension Deviation {
    /// Instances of one category in one image are not merged (F).
    public static let oneSamplePerInstance = Deviation(
        "oneSamplePerInstance", effect: Effect(dataset: { rules, _ in rules.mergeInstances = false }))
}
