import LaViSE
import Testing

@Suite struct StatisticsTests {
    // Two filters, two images each; words 1 and 2 are said of every image. The fourth pair has no ground truth.
    static let evaluation = Evaluation(
        summary: MapSummary(
            filters: [0, 1], imagesPerFilter: 2, topImages: [0, 1, 0, 1], maxima: [1, 1, 1, 1], thresholds: [0, 0]),
        ks: [1, 2], wordsPerImage: 2, groundTruth: [[1, 3], [2], [1, 2, 3, 4], []],
        methods: [
            .init(
                method: .projection, words: [1, 2, 1, 2, 1, 2, 1, 2], similarities: .init(repeating: 0.5, count: 8),
                recall: .init(repeating: 0, count: 8))
        ])

    @Test func recallIsTheMeanOverPairsWithATruth() throws {
        let said = Self.evaluation.methods[0]
        let one = Self.evaluation.recallSums(of: said, k: 1)
        #expect(one == RecallSums(sums: [0.5, 0.25], pairs: [2, 1]))
        #expect(one.recall == 0.25)
        #expect(Self.evaluation.recallSums(of: said, k: 2) == RecallSums(sums: [1.5, 0.5], pairs: [2, 1]))
    }

    @Test func recallAmongSomeConceptsForgetsTheOthers() throws {
        let said = Self.evaluation.methods[0]
        // Of G ∩ {2, 3} = {3}, {2}, {2, 3}: word 2 finds none, all, half.
        #expect(Self.evaluation.recallSums(of: said, k: 2, among: [2, 3]) == RecallSums(sums: [1, 0.5], pairs: [2, 1]))
        #expect(Self.evaluation.recallSums(of: said, k: 2, among: [9]).recall == nil)
    }

    @Test func baselines() throws {
        #expect(Self.evaluation.mostFrequentSums([3, 2, 1], k: 1) == RecallSums(sums: [0.5, 0.25], pairs: [2, 1]))
        #expect(Self.evaluation.mostFrequentSums([3, 2, 1], k: 2) == RecallSums(sums: [1.5, 0.5], pairs: [2, 1]))
        // Two of the eight words: each of the ground truth comes with chance 1/4.
        #expect(Self.evaluation.randomSums(pool: [1, 2, 3, 4, 5, 6, 7, 8], k: 2).recall == 0.25)
        // Word 4 is not in the pool: 3/4 of the third pair's truth can be found, with chance 1/3.
        #expect(Self.evaluation.randomSums(pool: [1, 2, 3], k: 1).sums == [2.0 / 3, 1.0 / 4])
        #expect(Self.evaluation.randomSums(pool: [1, 2, 3, 4], k: 9).recall == 1)
    }

    /// The expectation equals the mean over all subsets of two of four words.
    @Test func randomBaselineIsTheMeanOverAllDraws() throws {
        let truth = Self.evaluation.groundTruth.filter { !$0.isEmpty }
        var total = 0.0
        let draws: [[Int32]] = [[1, 2], [1, 3], [1, 4], [2, 3], [2, 4], [3, 4]]
        for draw in draws {
            for g in truth { total += Double(g.count { draw.contains($0) }) / Double(g.count) }
        }
        let exact = try #require(Self.evaluation.randomSums(pool: [1, 2, 3, 4], k: 2).recall)
        #expect(abs(exact - total / Double(draws.count * truth.count)) < 1e-12)
    }

    @Test func intervalOfEqualFiltersIsAPoint() throws {
        let bootstrap = Bootstrap(filters: 3, seed: 0, resamples: 50)
        let estimate = try bootstrap.estimate(RecallSums(sums: [1, 1, 1], pairs: [2, 2, 2]))
        #expect(estimate == RecallEstimate(recall: 0.5, low: 0.5, high: 0.5, filters: 3, pairs: 6))
    }

    /// Two filters with recall 0 and 1: a resample is 0, 1/2 or 1 with chances 1/4, 1/2, 1/4, so that the 95 % interval is
    /// all of 0…1 and the 40 % one is 1/2.
    @Test func intervalOfTwoFilters() throws {
        let sums = RecallSums(sums: [0, 1], pairs: [1, 1])
        let wide = try Bootstrap(filters: 2, seed: 5).estimate(sums)
        #expect((wide.low, wide.high) == (0, 1))
        let narrow = try Bootstrap(filters: 2, seed: 5, confidence: 0.4).estimate(sums)
        #expect((narrow.low, narrow.high) == (0.5, 0.5))
    }

    @Test func percentilesLieBetweenTheirNeighbours() {
        #expect(Bootstrap.percentile([0, 1], 0.025) == 0.025 && Bootstrap.percentile([0, 1], 0.975) == 0.975)
        #expect(Bootstrap.percentile([10, 20, 40], 0.75) == 30 && Bootstrap.percentile([10, 20, 40], 0.5) == 20)
        #expect(Bootstrap.percentile([10, 20, 40], 0) == 10 && Bootstrap.percentile([10, 20, 40], 1) == 40)
        #expect(Bootstrap.percentile([7], 0.025) == 7)
    }

    /// Draws hang on the seed and their number, and a filter of many pairs weighs as many times.
    @Test func drawsHangOnSeedAndNumber() throws {
        let sums = RecallSums(sums: (0..<9).map { Double($0 * $0) / 10 }, pairs: (0..<9).map { 10 + $0 })
        let bounds = try [(1, 2000), (2, 2000), (1, 101)].map { seed, count in
            try Bootstrap(filters: 9, seed: seed, resamples: count).estimate(sums).low ?? -1
        }
        #expect(Set(bounds).count == 3)
        #expect(try Bootstrap(filters: 9, seed: 1).estimate(sums).low == bounds[0], "2000 where nothing is said")
        // One filter without pairs adds nothing to a resample: all of them are 1/2, or have no recall.
        let lone = try Bootstrap(filters: 2, seed: 1, resamples: 50).estimate(RecallSums(sums: [1, 0], pairs: [2, 0]))
        #expect(lone == RecallEstimate(recall: 0.5, low: 0.5, high: 0.5, filters: 2, pairs: 2))
    }

    /// The paper's protocol (METHOD 6 and 7).
    @Test func theDefaultsAreThePapers() {
        let options = EvaluationOptions()
        #expect(options.filters == nil && options.topImages == 25 && options.ks == [5, 10, 20])
        #expect(options.methods.map(\.rawValue) == ["original", "image", "activation", "projection"])
        #expect(options.quantile == 0.995 && options.iouThreshold == 0.04)
        #expect(!options.unnormalisedAttention && !options.flattenFeatures && !options.gridMaskIoU)
        let bootstrap = Bootstrap(filters: 1, seed: 0)
        #expect(bootstrap.resamples == 2000 && bootstrap.confidence == 0.95)
    }

    /// The bootstrap's standard error of a mean is σ / √n: for 400 filters of 0 and 1 alternating, 0.025.
    @Test func intervalHasTheWidthOfTheory() throws {
        let sums = RecallSums(sums: (0..<400).map { Double($0 % 2) }, pairs: .init(repeating: 1, count: 400))
        let estimate = try Bootstrap(filters: 400, seed: 1).estimate(sums)
        let low = try #require(estimate.low), high = try #require(estimate.high)
        #expect(abs(high - low - 0.098) < 0.01)
    }

    @Test func differencesArePaired() throws {
        let a = RecallSums(sums: (0..<50).map { Double($0) / 50 }, pairs: .init(repeating: 1, count: 50))
        let b = RecallSums(sums: a.sums.map { $0 - 0.125 }, pairs: a.pairs)
        let bootstrap = Bootstrap(filters: 50, seed: 2)
        let difference = try #require(try bootstrap.difference(a, b))
        #expect(abs(difference.difference - 0.125) < 1e-12)
        #expect(abs(difference.low - 0.125) < 1e-12 && abs(difference.high - 0.125) < 1e-12)
        #expect(try bootstrap.difference(a, RecallSums(sums: a.sums, pairs: .init(repeating: 0, count: 50))) == nil)
        #expect(throws: EvaluationError.self) { try bootstrap.estimate(RecallSums(sums: [1], pairs: [1])) }
    }

    @Test func noPairsNoRecall() throws {
        let estimate = try Bootstrap(filters: 2, seed: 0, resamples: 10).estimate(RecallSums(sums: [0, 0], pairs: [0, 0]))
        #expect(estimate == RecallEstimate(recall: nil, low: nil, high: nil, filters: 2, pairs: 0))
    }

    @Test func linesComeInTheTablesOrder() throws {
        let lines = try Self.evaluation.recallLines(
            frequent: [3, 2, 1], pool: [1, 2, 3, 4], bootstrap: Bootstrap(filters: 2, seed: 0, resamples: 10))
        #expect(lines.map(\.method) == ["projection", "projection", "most-frequent", "most-frequent", "random", "random"])
        #expect(lines.map(\.k) == [1, 2, 1, 2, 1, 2])
        #expect(lines[1].estimate.recall == 2.0 / 3)
    }

    @Test func seeds() throws {
        let summary = try #require(SeedSummary([1, 2, 4]))
        #expect(abs(summary.mean - 7.0 / 3) < 1e-12)
        #expect(abs(summary.deviation - (7.0 / 3).squareRoot()) < 1e-12)
        #expect(SeedSummary([0.5])?.deviation == 0)
        #expect(SeedSummary([]) == nil)
    }
}
