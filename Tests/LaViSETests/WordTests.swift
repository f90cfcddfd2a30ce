import Foundation
import LaViSE
import Tensors
import Testing

@Suite struct WordTests {
    /// Filters with the words of their images, nearest first, and the words' cosines.
    private static func evaluation(
        _ images: [[(words: [Int32], cosines: [Float])]], maxima: [Float]? = nil, truth: [[Int32]]? = nil
    ) -> Evaluation {
        let p = images[0].count, places = images.count * p, kept = images[0][0].words.count
        let summary = MapSummary(
            filters: Array(images.indices), imagesPerFilter: p,
            topImages: images.flatMap { $0.indices.map { Int32($0) } },
            maxima: maxima ?? [Float](repeating: 1, count: places), thresholds: images.map { _ in 0 })
        let said = Evaluation.Method(
            method: .projection, words: images.joined().flatMap(\.words),
            similarities: images.joined().flatMap(\.cosines),
            recall: [Float](repeating: .nan, count: places))
        return Evaluation(
            summary: summary, ks: [kept], wordsPerImage: kept,
            groundTruth: truth ?? [[Int32]](repeating: [], count: places), methods: [said])
    }

    @Test func frequencyThenCosineThenId() {
        let evaluation = Self.evaluation(
            [[([5, 4], [0.9, 0.5]), ([5, 3], [0.5, 0.5]), ([6, 2], [0.5, 0.7])]], maxima: [3.2, 1, 0.5])
        let words = LayerWords(evaluation, method: .projection, wordsPerImage: 2).words(ofFilter: 0, by: .frequency)
        #expect(words.map(\.word) == [5, 2, 3, 4, 6])
        #expect(words.map(\.frequency) == [2, 1, 1, 1, 1])
        #expect(abs(words[0].similarity - 0.7) < 1e-6)
        #expect(LayerWords(evaluation, method: .original, wordsPerImage: 2).words(ofFilter: 0, by: .frequency).isEmpty)
        // Maxima 3.2, 1 and 0.5 weigh 4, 1 and 1.
        let weighed = LayerWords(evaluation, method: .projection, wordsPerImage: 2, weighByActivation: true)
            .words(ofFilter: 0, by: .frequency)
        #expect(weighed.map(\.word) == [5, 4, 2, 3, 6])
        #expect(weighed.map(\.frequency) == [5, 4, 1, 1, 1])
        #expect(abs(weighed[0].similarity - (4 * 0.9 + 0.5) / 5) < 1e-6)
    }

    /// A filter with one active image has one place that is none: nothing there counts.
    @Test func placesWithoutAnImageHaveNoWords() {
        var evaluation = Self.evaluation([[([5, 4], [0.5, 0.25]), ([6, 5], [0.75, 0.5])]])
        evaluation.summary.topImages = [0, -1]
        let words = LayerWords(evaluation, method: .projection, wordsPerImage: 2).words(ofFilter: 0, by: .frequency)
        #expect(words.map(\.word) == [5, 4] && words.map(\.frequency) == [1, 1])
    }

    /// Word 1 is near everywhere: it leads by frequency, and nowhere by lift.
    @Test func liftIsTheSumOfCosinesLessTheLayersMean() {
        let evaluation = Self.evaluation([
            [([1, 2], [0.75, 0.5]), ([1, 2], [0.75, 0.5])],
            [([1, 3], [0.75, 0.25]), ([3, 1], [0.75, 0.5])],
            [([1, 4], [0.5, 0.25]), ([1, 4], [0.5, 0.25])],
        ])
        let layer = LayerWords(evaluation, method: .projection, wordsPerImage: 2)
        #expect((0..<3).map { layer.words(ofFilter: $0, by: .frequency)[0].word } == [1, 1, 1])
        #expect((0..<3).map { layer.words(ofFilter: $0, by: .lift)[0].word } == [2, 3, 4])
        // Word 1: 1.5, 1.25 and 1 in the filters, 1.25 in the mean; word 2: 1, of which a third is usual.
        let first = layer.words(ofFilter: 0, by: .lift)
        #expect(first.map(\.word) == [2, 1] && first.map(\.frequency) == [2, 2])
        #expect(abs(first[0].lift - (1 - 1.0 / 3)) < 1e-12 && abs(first[1].lift - 0.25) < 1e-12)
        #expect(abs(layer.words(ofFilter: 2, by: .lift)[1].lift + 0.25) < 1e-12)
        // Of equal lift the higher mean cosine, then the lower word.
        let ties = Self.evaluation([
            [([9, 8], [0.5, 0.5]), ([7, 6], [0.25, 0.25])], [([1, 2], [1, 1]), ([1, 2], [1, 1])],
        ])
        #expect(
            LayerWords(ties, method: .projection, wordsPerImage: 2).words(ofFilter: 0, by: .lift).map(\.word) == [
                8, 9, 6, 7,
            ])
    }

    @Test func onlyTheNearestWordsOfAnImageCount() {
        let evaluation = Self.evaluation([[([1, 2, 3], [0.9, 0.5, 0.4]), ([2, 3, 4], [0.9, 0.5, 0.4])]])
        func words(_ s: Int) -> [Int32] {
            LayerWords(evaluation, method: .projection, wordsPerImage: s).words(ofFilter: 0, by: .frequency).map(\.word)
        }
        #expect(words(1) == [1, 2] && words(2) == [2, 1, 3] && words(3) == [2, 3, 1, 4])
        #expect(words(99) == words(3))
    }

    /// Three pairs with a ground truth: the first filter's word 1 is in one of two; the second's in none of one.
    @Test func agreementWithTheGroundTruthByHand() throws {
        let evaluation = Self.evaluation(
            [[([1], [1]), ([1], [1]), ([1], [1])], [([2], [1]), ([2], [1]), ([2], [1])]],
            truth: [[1, 7], [2], [], [3], [], []])
        func agreement(_ measure: Agreement.Measure, _ words: [[Int32]]) -> Double? {
            evaluation.agreementSums(measure, words: words).recall
        }
        #expect(agreement(.precisionOfOne, [[1], [2]]) == 1.0 / 3 && agreement(.recallOfFive, [[1], [2]]) == 0.5 / 3)
        // Of two words the first alone counts for P-A@1; of both, one of two and none of two are right.
        #expect(agreement(.precisionOfOne, [[1, 9], [2]]) == 1.0 / 3)
        #expect(agreement(.precisionOfFive, [[1, 9], [2]]) == 0.5 / 3)
        #expect(agreement(.precisionOfFive, [[1, 7], []]) == 1.0 / 3, "a filter without a word agrees with nothing")
    }

    /// The paper's people saw fifteen images of a filter: the sixteenth counts for nothing.
    @Test func agreementIsOfTheFirstFifteenImages() {
        let images: [(words: [Int32], cosines: [Float])] = (0..<16).map { _ in ([9], [1]) }
        let evaluation = Self.evaluation([images], truth: (0..<16).map { $0 == 15 ? [9] : [1] })
        let sums = evaluation.agreementSums(.precisionOfOne, words: [[9]])
        #expect(sums.pairs == [15] && sums.recall == 0)
    }

    /// More words an image than the largest cut-off: more are kept, and recall stays as it is.
    @Test func recallDoesNotDependOnTheWordsShown() throws {
        let vectors = Tensor(shape: [4, 2], data: [1, 0, 0.9, 0.1, 0.5, 0.5, 0, 1])
        let vocabulary = try Vocabulary(vectors: vectors, ids: [0, 1, 2, 3])
        let data = MemoryData(
            channels: 2, height: 1, width: 1, features: [[1, 0], [1, 1], [0.5, 2]],
            truths: (0..<3).map { [TruthSample(words: [Int32($0), 3], mask: mask { _, _ in true })] })
        func evaluation(_ words: Int) throws -> Evaluation {
            try evaluate(
                data, vocabulary: vocabulary,
                options: EvaluationOptions(
                    topImages: 3, ks: [1, 2], wordsPerImage: words, methods: [.original], quantile: 0))
        }
        let few = try evaluation(1), many = try evaluation(4)
        #expect(few.wordsPerImage == 2 && many.wordsPerImage == 4)
        #expect(few.methods[0].recall.map(\.bitPattern) == many.methods[0].recall.map(\.bitPattern))
        #expect(few.methods[0].recall.contains { $0 > 0 })
    }
}

@Suite struct ConceptScoreTests {
    /// Four images of one 1×2 map; the concept at 1 covers the left half of the first two, that at 0 is nowhere.
    @Test func correlationAndOverlapByHand() throws {
        let left = mask { x, _ in x < 112 }
        let data = MemoryData(
            channels: 1, height: 1, width: 2, features: [[8, 0], [4, 0], [0, 2], [0, 2]],
            truths: [[TruthSample(words: [1], mask: left)], [TruthSample(words: [1, 2], mask: left)], [], []])
        let sums = try EvidenceSums(of: data, units: [0], thresholds: [1], concepts: 3, threads: 1)
        let found = try #require(try ConceptScores(sums, ids: [70, 71, 72], threads: 1))
        #expect(found.concepts == [71, 72] && found.images == 4)
        // Means 4, 2, 1 and 1, presence 1, 1, 0, 0: covariance 1/2, deviations √1.5 and ½.
        let (correlation, overlap) = try #require(found.scores(ofFilter: 0, word: 71))
        #expect(abs(Double(correlation) - 0.5 / 1.5.squareRoot() / 0.5) < 1e-6)
        // Between the cells' centres, columns 56 and 168, the map falls along a line; outside it is a cell's value.
        // Above 1 are the left 154 (8 → 0), 140 (4 → 0) columns, and the right 112 of each of the others (0 → 2).
        #expect(abs(Double(overlap) - 224.0 / Double(154 + 140 + 112 + 112)) < 1e-6)
        #expect(found.scores(ofFilter: 0, word: 70) == nil && found.scores(ofFilter: 0, word: 9) == nil)
        var nowhere = data
        nowhere.truths = [[], [], [], []]
        let none = try EvidenceSums(of: nowhere, units: [0], thresholds: [1], concepts: 3, threads: 1)
        #expect(try ConceptScores(none, ids: [70, 71, 72], threads: 1) == nil)
    }

    /// Two filters, two concepts: a filter's scores stand together.
    @Test func scoresOfASecondFilter() {
        let scores = ConceptScores(
            concepts: [70, 71], images: 4, correlation: [0.1, 0.2, 0.3, 0.4],
            intersectionOverUnion: [0.5, 0.6, 0.7, 0.8])
        #expect(scores.scores(ofFilter: 0, word: 71).map { [$0.correlation, $0.intersectionOverUnion] } == [0.2, 0.6])
        #expect(scores.scores(ofFilter: 1, word: 70).map { [$0.correlation, $0.intersectionOverUnion] } == [0.3, 0.7])
    }

    @Test func chanceFallsWithImages() {
        func chance(_ images: Int) -> Double? {
            ConceptScores(concepts: [], images: images, correlation: [], intersectionOverUnion: []).chanceCorrelation
        }
        #expect(chance(3) == nil && abs((chance(4) ?? 0) - tanh(1.6448536)) < 1e-7)
        // 1.6449 / √100, on the scale of Fisher's z.
        #expect(abs((chance(103) ?? 0) - tanh(0.16448536)) < 1e-7)
    }
}
