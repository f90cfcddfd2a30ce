import Fingerprints
import LaViSE
import Testing

/// How often intervals hold what they should, by simulation with a fixed seed.
@Suite struct CoverageTests {
    /// Filters as they are in reference datasets: 1 to 12 pairs each, of 1 to 3 concepts, with recalls that differ from
    /// filter to filter and are skewed: the cube of a uniform number (mean ¼), or its square root's mirror (mean ⅓).
    private struct Population {
        let name: String
        let chance: @Sendable (Double) -> Double
        let filters: [(sum: Double, pairs: Int)]

        init(_ name: String, _ chance: @escaping @Sendable (Double) -> Double) {
            (self.name, self.chance) = (name, chance)
            var random = RandomSource(seed: 1, stream: "population/" + name)
            filters = (0..<4096).map { _ in
                let p = chance(random.uniform(0, 1)), pairs = 1 + random.below(12)
                let sum = (0..<pairs).reduce(0.0) { sum, _ in
                    let concepts = 1 + random.below(3)
                    return sum + Double((0..<concepts).count { _ in random.uniform(0, 1) < p }) / Double(concepts)
                }
                return (sum, pairs)
            }
        }

        var recall: Double { filters.reduce(0) { $0 + $1.sum } / Double(filters.reduce(0) { $0 + $1.pairs }) }

        func draw(_ count: Int, _ random: inout RandomSource) -> RecallSums {
            let chosen = (0..<count).map { _ in filters[random.below(filters.count)] }
            return RecallSums(sums: chosen.map(\.sum), pairs: chosen.map(\.pairs))
        }
    }

    /// Nominal 95 %: between 93 and 97, whatever the number of filters. The percentile bootstrap has 69 with 3 filters.
    @Test(arguments: [3, 5, 10, 22, 64, 256])
    func intervalsKeepTheirPromise(filters: Int) throws {
        // As many as tell the third digit of the coverage where that is cheap.
        let repetitions = filters > 100 ? 1000 : filters > 10 ? 3000 : 20_000
        for population in [Population("low") { $0 * $0 * $0 }, Population("middle") { 1 - $0.squareRoot() }] {
            var random = RandomSource(seed: UInt64(filters), stream: "samples")
            let bootstrap = Bootstrap(filters: filters, seed: 9)
            var within = 0, given = 0
            for _ in 0..<repetitions {
                let estimate = try bootstrap.estimate(population.draw(filters, &random))
                guard let low = estimate.low, let high = estimate.high else { continue }
                given += 1
                if low <= population.recall, population.recall <= high { within += 1 }
            }
            let coverage = Double(within) / Double(given)
            print(
                "coverage, \(population.name), \(filters) filters: \(coverage), without an interval \(repetitions - given)"
            )
            #expect((0.93...0.97).contains(coverage), "\(population.name), \(filters) filters")
        }
    }

    /// Student's t: tables' values, and no jump at 31 degrees of freedom.
    @Test func quantilesOfStudentsT() {
        let table = [
            1: 12.7062, 2: 4.3027, 3: 3.1824, 4: 2.7764, 9: 2.2622, 29: 2.0452, 30: 2.0423, 31: 2.0395, 60: 2.0003,
            120: 1.9799,
        ]
        for (degrees, value) in table {
            #expect(abs(StudentsT.bound(confidence: 0.95, degrees: degrees) - value) < 5e-5, "\(degrees)")
        }
        #expect(abs(StudentsT.bound(confidence: 0.99, degrees: 10) - 3.1693) < 5e-5)
        #expect(abs(StudentsT.bound(confidence: 0.95, degrees: 100_000) - 1.95998) < 5e-5)
        let bounds = (1...300).map { StudentsT.bound(confidence: 0.95, degrees: $0) }
        #expect(zip(bounds, bounds.dropFirst()).allSatisfy { $0 > $1 })
    }

    @Test func seedsWidenTheInterval() throws {
        let one = SeedInterval(value: 0.5, low: 0.4, high: 0.7)
        func near(_ interval: SeedInterval?, _ low: Double, _ high: Double) -> Bool {
            interval.map { abs($0.value - 0.5) < 1e-12 && abs($0.low - low) < 1e-4 && abs($0.high - high) < 1e-4 }
                ?? false
        }
        #expect(near(SeedInterval(seeds: [one]), 0.4, 0.7) && SeedInterval(seeds: []) == nil)
        #expect(near(SeedInterval(seeds: [one, one, one]), 0.4, 0.7))
        // Values 0.4 and 0.6: s = √0.02, s / √2 = 0.1, times 12.7062; joined with 0.1 below and 0.2 above.
        let two = [SeedInterval(value: 0.4, low: 0.3, high: 0.6), SeedInterval(value: 0.6, low: 0.5, high: 0.8)]
        let wide = 1.27062 * 1.27062
        #expect(
            near(
                SeedInterval(seeds: two, within: -9...9), 0.5 - (0.01 + wide).squareRoot(),
                0.5 + (0.04 + wide).squareRoot()))
        // A difference ends at 1, a recall at 0 and 1.
        #expect(near(SeedInterval(seeds: two), 0.5 - (0.01 + wide).squareRoot(), 1))
        #expect(near(SeedInterval(seeds: two, within: 0...1), 0, 1))
    }
}
