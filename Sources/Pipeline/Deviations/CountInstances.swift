extension Deviation {
    /// A concept needs 100 instances over all data, not 100 training images (F).
    public static let countInstances = Deviation("countInstances", only: .visualGenome) { $0.countInstances = true }
}
