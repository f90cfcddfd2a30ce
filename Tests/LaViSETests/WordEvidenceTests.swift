import Testing

import LaViSE

/// What annotations and other filters say of a filter's words.
@Suite struct WordEvidenceTests {
    /// By the sum over k of C(n, k) pᵏ (1 − p)ⁿ⁻ᵏ in Python's whole numbers.
    @Test(arguments: [
        (4, 14, 0.03, 0.0006366731147749177), (1, 1, 0.25, 0.25), (25, 25, 0.9, 0.0717897987691853),
        (12, 17, 0.21, 1.5552814765220454e-05), (0, 5, 0.3, 1), (3, 2, 0.5, 0), (2, 3, 1, 1), (1, 3, 0, 0),
    ])
    func binomialTails(least: Int, trials: Int, share: Double, tail: Double) {
        #expect(abs(binomialTail(least, of: trials, share: share) - tail) <= 1e-12 * tail)
    }

    /// Benjamini and Hochberg's own example (1995, section 3.3): fifteen p-values, four counted at 0.05.
    @Test func falseDiscoveries() {
        let values = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ]
        #expect(falseDiscoveryLimit(values.reversed(), rate: 0.05) == 0.0095)
        // One value has the whole rate, of two the lower one half of it.
        #expect(falseDiscoveryLimit([0.05], rate: 0.05) == 0.05 && falseDiscoveryLimit([0.06], rate: 0.05) == nil)
        #expect(falseDiscoveryLimit([0.9, 0.025], rate: 0.05) == 0.025)
        #expect(falseDiscoveryLimit([0.9, 0.8], rate: 0.05) == nil && falseDiscoveryLimit([], rate: 0.05) == nil)
    }

    @Test func countsAreOfPairsWithATruth() {
        let evidence = WordEvidence(StatisticsTests.evaluation)
        #expect(evidence.pairs == 3 && evidence.pairs(ofFilter: 0) == 2 && evidence.pairs(ofFilter: 1) == 1)
        let third = 1.0 / 3, shares: [Int32: Double] = [1: 2 * third, 2: 2 * third, 3: 2 * third, 4: third]
        #expect(evidence.shares == shares)
        #expect(evidence.seen(1, filter: 0) == 1)
        #expect(evidence.seen(4, filter: 0) == 0)
        #expect(evidence.seen(4, filter: 1) == 1)
        let one: Double = evidence.chance(of: 1, filter: 0), none: Double = evidence.chance(of: 9, filter: 0)
        #expect(abs(one - 8 * third / 3) < 1e-15)
        #expect(none == 1)
    }
}
