import Fingerprints
import LaViSE
import Pipeline
import Reporting
import Testing

/// How often verdicts are wrong, by simulation with a fixed seed.
@Suite struct VerdictTests {
    /// An experiment whose recall differs from seed to seed by normal numbers, and whose filters were drawn from more.
    private struct Simulated {
        /// The recall of all filters and seeds.
        let truth = 0.5
        let seedDeviation: Double, filterError: Double
        /// Filters explained, which tell `filterError` with n − 1 degrees of freedom.
        let filters = 22
        var random: RandomSource

        init(seedDeviation: Double, filterError: Double) {
            (self.seedDeviation, self.filterError) = (seedDeviation, filterError)
            random = RandomSource(seed: 1, stream: "verdicts/\(seedDeviation)/\(filterError)")
        }

        /// One experiment's seeds: they share the filters' error, and each tells its size on its own.
        mutating func seeds(_ count: Int) -> [(value: Double, error: Double)] {
            let shared = random.normal() * filterError
            return (0..<count).map { _ in
                let squares = (1..<filters).reduce(0.0) { sum, _ in
                    let z = random.normal()
                    return sum + z * z
                }
                return (
                    truth + shared + random.normal() * seedDeviation,
                    filterError * (squares / Double(filters - 1)).squareRoot()
                )
            }
        }

        func interval(_ seeds: some Collection<(value: Double, error: Double)>, confidence: Double) -> Interval? {
            let bound = StudentsT.bound(confidence: confidence, degrees: filters - 1)
            let own = seeds.map {
                SeedInterval(value: $0.value, low: $0.value - bound * $0.error, high: $0.value + bound * $0.error)
            }
            return SeedInterval(seeds: own, confidence: confidence).map {
                Interval(value: $0.value, low: $0.low, high: $0.high)
            }
        }
    }

    private static let repetitions = 4000

    private static func verdict(
        _ interval: Interval?, seeds: Int, published: Double, margin: Double
    ) -> Verdict {
        CheckedClaim(
            source: "S", method: "m", k: 5, published: published, margin: margin, ours: interval,
            evidence: Evidence(seeds: seeds, filters: 22, pairs: 400)
        ).verdict
    }

    /// Claims that are true to the last digit, with no margin at all, are refuted in at most 5 %; claims whose margin
    /// ends where the truth is are right and wrong at once, and each of the two wrong verdicts is rarer still.
    @Test(arguments: [(0.03, 0.01), (0.01, 0.01), (0.01, 0.03)])
    func falseVerdicts(seedDeviation: Double, filterError: Double) throws {
        for count in [1, 2, 3, 10] {
            var simulated = Simulated(seedDeviation: seedDeviation, filterError: filterError), wrong = [0, 0, 0]
            for _ in 0..<Self.repetitions {
                let interval = simulated.interval(simulated.seeds(count), confidence: 0.95)
                func verdict(_ published: Double, _ margin: Double) -> Verdict {
                    Self.verdict(interval, seeds: count, published: published, margin: margin)
                }
                if verdict(simulated.truth, 0) == .refuted { wrong[0] += 1 }
                if verdict(simulated.truth + 0.05, 0.05) == .refuted { wrong[1] += 1 }
                if verdict(simulated.truth + 0.05, 0.05) == .reproduced { wrong[2] += 1 }
            }
            let rates = wrong.map { Double($0) / Double(Self.repetitions) }
            print("\(count) seeds, deviations \(seedDeviation) and \(filterError): false verdicts \(rates)")
            #expect(rates.allSatisfy { $0 <= 0.05 } && (count > 1 || rates == [0, 0, 0]), "\(count) seeds")
        }
    }

    /// Looking at 3, 6 and 12 seeds and stopping at the first verdict is wrong in at most 5 %, too.
    @Test(arguments: [(0.03, 0.01), (0.03, 0.001), (0.01, 0.03)])
    func falseVerdictsUntilSettled(seedDeviation: Double, filterError: Double) throws {
        let looks = try SeedLooks(budget: 12)
        #expect(looks.counts == [3, 6, 12] && abs(looks.confidence - (1 - 0.05 / 3)) < 1e-12)
        var simulated = Simulated(seedDeviation: seedDeviation, filterError: filterError), wrong = [0, 0]
        for _ in 0..<Self.repetitions {
            let seeds = simulated.seeds(12)
            let intervals = looks.counts.map {
                ($0, simulated.interval(seeds.prefix($0), confidence: looks.confidence))
            }
            for (place, published) in [simulated.truth, simulated.truth + 0.05].enumerated() {
                let verdicts = intervals.map {
                    Self.verdict($1, seeds: $0, published: published, margin: published - simulated.truth)
                }
                if verdicts.first(where: { $0 != .inconclusive }) == .refuted { wrong[place] += 1 }
            }
        }
        let rates = wrong.map { Double($0) / Double(Self.repetitions) }
        print("until settled, deviations \(seedDeviation) and \(filterError): false verdicts \(rates)")
        #expect(rates.allSatisfy { $0 <= 0.05 })
    }

    @Test(arguments: [(3, [3]), (4, [3, 4]), (6, [3, 6]), (10, [3, 6, 10]), (50, [3, 6, 12, 24, 48, 50])])
    func looksDouble(budget: Int, counts: [Int]) throws {
        #expect(try SeedLooks(budget: budget).counts == counts)
    }

    @Test func twoSeedsAreNoBudget() {
        #expect(throws: ExperimentError.self) { try SeedLooks(budget: 2) }
    }
}
