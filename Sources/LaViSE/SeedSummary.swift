/// A number over several seeds, or resamples.
public struct SeedSummary: Sendable, Equatable, Codable {
    /// The mean over the seeds.
    public var mean: Double
    /// Sample standard deviation (n − 1); 0 for a single seed.
    public var deviation: Double
    /// How many values there are.
    public var seeds: Int

    /// nil for no values.
    public init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        self.mean = mean
        deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0
        seeds = values.count
    }
}
