extension Deviation {
    /// Instances, not images, are split into training and validation (F).
    public static let splitByInstance = Deviation("splitByInstance", only: .visualGenome) { $0.splitByInstance = true }
}
