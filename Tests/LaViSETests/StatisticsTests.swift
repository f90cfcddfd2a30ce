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
        #expect(
            Self.evaluation.recallSums(of: said, k: 2, among: [2, 3]) == RecallSums(sums: [1, 0.5], pairs: [2, 1]))
        #expect(Self.evaluation.recallSums(of: said, k: 2, among: [9]).recall == nil)
    }

    @Test func baselines() throws {
        #expect(Self.evaluation.mostFrequentSums([3, 2, 1], k: 1) == RecallSums(sums: [0.5, 0.25], pairs: [2, 1]))
        #expect(Self.evaluation.mostFrequentSums([3, 2, 1], k: 2) == RecallSums(sums: [1.5, 0.5], pairs: [2, 1]))
        // Two of the eight words: each of the ground truth comes with chance 1/4.
        #expect(Self.evaluation.randomSums(pool: [1, 2, 3, 4, 5, 6, 7, 8], k: 2).recall == 0.25)
        // Word 4 is not in the pool: 3/4 of the third pair's truth can be found, with chance 1/3.
        let sums: [Double] = [2.0 / 3, 1.0 / 4]
        #expect(Self.evaluation.randomSums(pool: [1, 2, 3], k: 1).sums == sums)
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

    /// Draws hang on the seed and their number, and a filter of many pairs weighs as many times.
    @Test func drawsHangOnSeedAndNumber() throws {
        let sums = RecallSums(sums: (0..<9).map { Double($0 * $0) / 10 }, pairs: (0..<9).map { 10 + $0 })
        let bounds = try [(1, 2000), (2, 2000), (1, 101)].map { seed, count in
            try Bootstrap(filters: 9, seed: seed, resamples: count).estimate(sums).low ?? -1
        }
        #expect(Set(bounds).count == 3)
        #expect(try Bootstrap(filters: 9, seed: 1).estimate(sums).low == bounds[0], "2000 where nothing is said")
    }

    /// The paper's protocol (METHOD 6 and 7).
    @Test func theDefaultsAreThePapers() {
        let options = EvaluationOptions()
        #expect(options.filters == nil && options.topImages == 25 && options.ks == [5, 10, 20])
        #expect(options.methods.map(\.name) == ["original", "image", "activation", "projection"])
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

    /// Recalls 0, ¼, ½ of three filters: the standard error of their mean ¼ is 1/√48, which is .7698 on the scale of
    /// log-odds (divided by ¼ · ¾), and t with 2 degrees is 4.303. So many draws tell it well.
    @Test func threeFiltersHaveAnIntervalAndTwoHaveNone() throws {
        let three = try Bootstrap(filters: 3, seed: 0, resamples: 200_000).estimate(
            RecallSums(sums: [0, 0.5, 1], pairs: [2, 2, 2]))
        let low = try #require(three.low), high = try #require(three.high)
        #expect(abs(low - 1 / (1 + 3 * 27.45)) < 2e-3 && abs(high - 1 / (1 + 3 / 27.45)) < 2e-3)
        let two = try Bootstrap(filters: 2, seed: 0).estimate(RecallSums(sums: [0, 1], pairs: [2, 2]))
        #expect(two == RecallEstimate(recall: 0.25, low: nil, high: nil, filters: 2, pairs: 4))
        // Two of four have a ground truth: the others tell nothing.
        let four = try Bootstrap(filters: 4, seed: 0).estimate(RecallSums(sums: [0, 1, 0, 0], pairs: [2, 2, 0, 0]))
        #expect(four.recall == 0.25 && four.low == nil && four.high == nil)
    }

    /// Filters that are all alike, all wrong or all right say nothing of how far others may be from them.
    @Test(arguments: [([0.0, 0, 0], 0.0), ([1.0, 1, 1], 0.5), ([2.0, 2, 2], 1.0)])
    func filtersAllAlikeHaveNoInterval(sums: [Double], recall: Double) throws {
        let estimate = try Bootstrap(filters: 3, seed: 0).estimate(RecallSums(sums: sums, pairs: [2, 2, 2]))
        #expect(estimate == RecallEstimate(recall: recall, low: nil, high: nil, filters: 3, pairs: 6))
    }

    @Test func intervalsWidenWithConfidenceAndStayWithinShares() throws {
        let sums = RecallSums(sums: [0, 0, 0.5, 0, 0], pairs: [3, 3, 3, 3, 3])
        var bootstrap = Bootstrap(filters: 5, seed: 5), bounds: [(Double, Double)] = []
        for confidence in [0.4, 0.95, 0.99] {
            bootstrap.confidence = confidence
            let estimate = try bootstrap.estimate(sums)
            bounds.append((try #require(estimate.low), try #require(estimate.high)))
        }
        #expect(bounds[0].0 > bounds[1].0 && bounds[1].0 > bounds[2].0 && bounds[2].0 > 0)
        #expect(bounds[0].1 < bounds[1].1 && bounds[1].1 < bounds[2].1 && bounds[2].1 < 1)
    }

    /// The number of resamples is the one asked for: another number is another error.
    @Test func resamplesAreCounted() throws {
        let sums = RecallSums(sums: [0, 0.5, 1, 1], pairs: [2, 2, 2, 2])
        let few = try Bootstrap(filters: 4, seed: 3, resamples: 100).estimate(sums)
        #expect(few == (try Bootstrap(filters: 4, seed: 3, resamples: 100).estimate(sums)))
        #expect(few != (try Bootstrap(filters: 4, seed: 3, resamples: 101).estimate(sums)))
        #expect(few != (try Bootstrap(filters: 4, seed: 4, resamples: 100).estimate(sums)))
    }

    @Test func differencesArePaired() throws {
        let pairs = [Int](repeating: 1, count: 50)
        let a = RecallSums(sums: (0..<50).map { Double($0) / 50 }, pairs: pairs)
        // The difference is 0.1 and 0.15 by turns, however much the filters differ: s / √50 = 0.025 / 7 and t is 2.01.
        let b = RecallSums(sums: a.sums.enumerated().map { $1 - ($0 % 2 == 0 ? 0.1 : 0.15) }, pairs: pairs)
        let bootstrap = Bootstrap(filters: 50, seed: 2)
        let difference = try #require(try bootstrap.difference(a, b))
        let low = try #require(difference.low), high = try #require(difference.high)
        #expect(abs(difference.difference - 0.125) < 1e-12)
        #expect(abs(low - (0.125 - 2.01 * 0.025 / 7)) < 1e-3 && abs(high - (0.125 + 2.01 * 0.025 / 7)) < 1e-3)
        let constant = try #require(
            try bootstrap.difference(a, RecallSums(sums: a.sums.map { $0 - 0.125 }, pairs: pairs)))
        #expect(constant.low == nil && constant.high == nil)
        #expect(try bootstrap.difference(a, RecallSums(sums: a.sums, pairs: .init(repeating: 0, count: 50))) == nil)
        #expect(throws: EvaluationError.self) { try bootstrap.estimate(RecallSums(sums: [1], pairs: [1])) }
    }

    @Test func noPairsNoRecall() throws {
        let estimate = try Bootstrap(filters: 2, seed: 0, resamples: 10).estimate(
            RecallSums(sums: [0, 0], pairs: [0, 0]))
        #expect(estimate == RecallEstimate(recall: nil, low: nil, high: nil, filters: 2, pairs: 0))
    }

    @Test func linesComeInTheTablesOrder() throws {
        let lines = try Self.evaluation.recallLines(
            frequent: [3, 2, 1], pool: [1, 2, 3, 4], bootstrap: Bootstrap(filters: 2, seed: 0, resamples: 10))
        #expect(
            lines.map(\.method) == ["projection", "projection", "most-frequent", "most-frequent", "random", "random"])
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
