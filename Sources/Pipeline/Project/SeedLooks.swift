/// At which numbers of seeds the claims of an experiment are looked at, where seeds are added until they are settled.
///
/// Who looks again and again is wrong more often than in one look. So the looks are fixed beforehand, and each has an
/// equal part of the error that one look would have (Bonferroni).
public struct SeedLooks: Sendable, Equatable {
    /// Of a single look.
    private static let error = 0.05
    private static let first = 3

    /// Rising; the last is the budget.
    public let counts: [Int]

    /// 3 seeds, then twice as many each time, up to `budget`.
    /// - Throws: `ExperimentError` for a budget under 3.
    public init(budget: Int) throws {
        guard budget >= Self.first else {
            throw ExperimentError("--budget \(budget): expected at least \(Self.first) seeds")
        }
        var counts: [Int] = [], next = Self.first
        while next < budget {
            counts.append(next)
            next *= 2
        }
        self.counts = counts + [budget]
    }

    /// Of the intervals at every look.
    public var confidence: Double { 1 - Self.error / Double(counts.count) }
}
