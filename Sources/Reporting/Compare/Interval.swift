/// A number with the bounds of its 95 % interval.
public struct Interval: Sendable, Equatable {
    public var value: Double
    public var low: Double
    public var high: Double

    public init(value: Double, low: Double, high: Double) {
        self.value = value
        self.low = low
        self.high = high
    }

    /// The mean over seeds. Each side of its interval joins two independent uncertainties by the root of their squares:
    /// the filters' (the mean of the seeds' own intervals, which more seeds do not narrow, for the filters are the same) and
    /// the seeds' (Student's t · s / √n). One seed keeps its interval.
    /// - Returns: nil for no seed.
    public init?(seeds: [Interval]) {
        guard let first = seeds.first else { return nil }
        guard seeds.count > 1 else {
            self = first
            return
        }
        let n = Double(seeds.count)
        func mean(_ part: (Interval) -> Double) -> Double { seeds.reduce(0) { $0 + part($1) } / n }
        let value = mean(\.value)
        let variance = seeds.reduce(0) { $0 + ($1.value - value) * ($1.value - value) } / (n - 1)
        let spread = Self.student(degrees: seeds.count - 1) * (variance / n).squareRoot()
        func side(_ width: Double) -> Double { (width * width + spread * spread).squareRoot() }
        self.init(
            value: value, low: value - side(mean { $0.value - $0.low }), high: value + side(mean { $0.high - $0.value }))
    }

    /// The 97.5 % quantile of Student's t.
    private static func student(degrees: Int) -> Double {
        let table = [
            12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
            2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
        ]
        return degrees <= table.count ? table[degrees - 1] : 1.96
    }
}
