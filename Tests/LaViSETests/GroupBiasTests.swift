import Foundation
import LaViSE
import Testing

/// Differences between groups against SciPy (`Fixtures/make_bias.py`).
@Suite struct GroupBiasTests {
    private struct Golden: Decodable {
        struct Row: Decodable {
            let own: Int, others: Int, difference: Double, low: Double, high: Double, p: Double, q: Double
        }
        let images: [Int], rows: [Row]
    }

    private static func golden() throws -> Golden {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/bias", withExtension: "json"))
        return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
    }

    @Test func testsAndIntervalsEqualSciPy() throws {
        let golden = try Self.golden()
        let all = GroupDifference.all(
            active: golden.rows.map { ($0.own, $0.others) }, filters: Array(golden.rows.indices),
            images: (golden.images[0], golden.images[1]))
        let ranked = GroupDifference.ranked(all)
        #expect(ranked.count == golden.rows.count)
        for found in ranked {
            let expected = golden.rows[found.filter]
            for (mine, theirs) in [
                (found.difference, expected.difference), (found.low, expected.low), (found.high, expected.high),
                (found.p, expected.p),
                (found.q, expected.q),
            ] { #expect(abs(mine - theirs) < 1e-6, "filter \(found.filter): \(mine), not \(theirs)") }
            #expect(found.low <= found.difference && found.difference <= found.high)
        }
    }

    @Test func theSurestStandsFirstAndTiesByTheLargerDifference() {
        let all = GroupDifference.all(
            active: [(5, 5), (10, 0), (0, 10), (6, 4)], filters: [7, 8, 9, 10], images: (10, 10))
        let ranked = GroupDifference.ranked(all)
        #expect(ranked.map(\.filter) == [8, 9, 10, 7])
        #expect(ranked[0].difference == 1 && ranked[1].difference == -1 && ranked[0].q < 0.001 && ranked[3].q == 1)
        #expect(ranked[0].rates == (1, 0))
    }
}
