/// A mean over seeds with the bounds of its interval.
public struct SeedInterval: Sendable, Equatable {
    /// The mean.
    public var value: Double
    /// The lower bound.
    public var low: Double
    /// The upper bound.
    public var high: Double

    /// Bounds that somebody else has computed.
    public init(value: Double, low: Double, high: Double) {
        self.value = value
        self.low = low
        self.high = high
    }

    /// The mean over seeds. Each side of its interval joins two independent uncertainties by the root of their squares:
    /// the filters' (the mean of the seeds' own intervals, which more seeds do not narrow, for the filters are the
    /// same) and the seeds' (Student's t · s / √n). One seed keeps its interval, which knows nothing of what seeds
    /// change.
    /// - Parameters:
    ///   - seeds: each with the interval over filters, of the same confidence.
    ///   - confidence: of the seeds' part.
    ///   - range: what the number can be; bounds end there.
    /// - Returns: nil for no seed.
    public init?(seeds: [SeedInterval], confidence: Double = 0.95, within range: ClosedRange<Double> = -1...1) {
        guard let summary = SeedSummary(seeds.map(\.value)) else { return nil }
        let n = Double(seeds.count)
        let spread =
            seeds.count < 2
            ? 0
            : StudentsT.bound(confidence: confidence, degrees: seeds.count - 1) * summary.deviation / n.squareRoot()
        func side(_ width: (SeedInterval) -> Double) -> Double {
            let mean = seeds.reduce(0) { $0 + width($1) } / n
            return (mean * mean + spread * spread).squareRoot()
        }
        self.init(
            value: summary.mean, low: max(range.lowerBound, summary.mean - side { $0.value - $0.low }),
            high: min(range.upperBound, summary.mean + side { $0.high - $0.value }))
    }
}
