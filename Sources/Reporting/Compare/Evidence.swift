/// What stands behind a verdict.
public struct Evidence: Sendable, Equatable {
    /// One seed says nothing of what another would have brought: verdicts take at least two.
    static let fewestSeeds = 2

    /// Seeds that were run.
    public var seeds: Int
    /// Filters of every seed.
    public var filters: Int
    /// Pairs with a ground truth, of all seeds together.
    public var pairs: Int

    /// - Parameters:
    ///   - filters: of every seed.
    ///   - pairs: with a ground truth, of all seeds together.
    public init(seeds: Int, filters: Int, pairs: Int) {
        self.seeds = seeds
        self.filters = filters
        self.pairs = pairs
    }

    var isEnough: Bool { seeds >= Self.fewestSeeds }

    /// `10 seeds, 256 filters, 17420 pairs`
    var text: String {
        func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
        return [seeds == 1 ? "one seed" : count(seeds, "seed"), count(filters, "filter"), count(pairs, "pair")]
            .joined(separator: ", ")
    }

    /// Why there is nothing to judge.
    var lack: String {
        pairs == 0 ? "no pair has a ground truth" : "no interval: under 3 filters with a ground truth, or all alike"
    }
}
