import Fingerprints
import LaViSE
import Testing

/// The sanity tests on units that see one concept each: those of METHOD 11 must pass, recall, AUC and recall@k must
/// fail.
@Suite struct SanityTests {
    private static let concepts = 8
    private static let common = data(images: 160, frequency: 0.08), rare = data(images: 800, frequency: 0.004)

    /// Unit u is the share of a cell that concept u covers, and some noise.
    private static func data(images: Int, frequency: Double) -> MemoryData {
        var random = RandomSource(seed: 1, stream: "test"), features: [[Float]] = [], truths: [[TruthSample]] = []
        for _ in 0..<images {
            var maps = [Float](repeating: 0, count: concepts * 49), samples: [TruthSample] = []
            for concept in 0..<concepts {
                for cell in 0..<49 { maps[concept * 49 + cell] = Float(random.uniform(0, 0.001)) }
                guard random.uniform() < frequency else { continue }
                let x = random.below(5), y = random.below(5), side = 1 + random.below(2)
                samples.append(
                    TruthSample(
                        words: [Int32(concept)],
                        mask: mask { x * 32 <= $0 && $0 < (x + side) * 32 && y * 32 <= $1 && $1 < (y + side) * 32 }))
                for row in y..<y + side { for column in x..<x + side { maps[concept * 49 + row * 7 + column] += 1 } }
            }
            features.append(maps)
            truths.append(samples)
        }
        return MemoryData(channels: concepts, height: 7, width: 7, features: features, truths: truths)
    }

    private func tests(_ data: MemoryData, threads: Int) throws -> [String: SanityTest] {
        let units = Array(0..<Self.concepts), thresholds = [Float](repeating: 0.5, count: units.count)
        let sums = try EvidenceSums(
            of: data, units: units, thresholds: thresholds, concepts: Self.concepts, threads: threads)
        let tests = try SanityTest.all(
            data, sums: sums, units: units, thresholds: thresholds, metrics: EvidenceMetric.allCases, seed: 0,
            threads: threads)
        return Dictionary(uniqueKeysWithValues: tests.map { ($0.metric, $0) })
    }

    @Test func passAndFailAsTheyMust() throws {
        let tests = try tests(Self.common, threads: 2), ofRare = try self.tests(Self.rare, threads: 2)
        for metric in EvidenceMetric.allCases {
            let test = try #require(tests[metric.rawValue])
            #expect(test.cases == Self.concepts && test.passes == true, "\(test)")
        }
        let recall = try #require(tests[SanityTest.recall]), area = try #require(ofRare[SanityTest.areaUnderROC])
        #expect(recall.passes(.missing) == true && recall.fellByExtra == 0, "\(recall)")
        #expect(area.passes(.missing) == false && area.passes == false, "\(area)")
    }

    @Test func threadsChangeNothing() throws {
        #expect(try tests(Self.common, threads: 1) == tests(Self.common, threads: 3))
    }

    @Test func recallNeverFallsByMoreWords() throws {
        let words = Int32(20), p = 4
        let summary = MapSummary(
            filters: [0, 1, 2], imagesPerFilter: p, topImages: (0..<Int32(3 * p)).map { $0 },
            maxima: [Float](repeating: 1, count: 3 * p),
            thresholds: [0, 0, 0])
        // The words of filter 0 are right, of filter 1 half of them, of filter 2 none: that one cannot fall.
        let truth = [[Int32]](repeating: [0, 1], count: 3 * p)
        let said = (0..<3).flatMap { unit in
            (0..<p).flatMap { _ in [[0, 1, 2, 3], [0, 5, 6, 7], [8, 9, 10, 11]][unit].map(Int32.init) }
        }
        let method = Evaluation.Method(
            method: .projection, words: said, similarities: [Float](repeating: 0.5, count: said.count),
            recall: [Float](repeating: 0, count: 3 * p))
        let evaluation = Evaluation(summary: summary, ks: [4], wordsPerImage: 4, groundTruth: truth, methods: [method])
        let test = try #require(
            SanityTest.recall(evaluation, method: .projection, k: 4, vocabulary: Array(0..<words), seed: 0))
        #expect(test == SanityTest(metric: "recall@4", cases: 2, fellByMissing: 2, fellByExtra: 0))
        #expect(test.passes(.missing) == true && test.passes(.extra) == false)
        #expect(SanityTest.recall(evaluation, method: .image, k: 4, vocabulary: [0], seed: 0) == nil)
    }

    @Test func noCaseIsNoVerdict() {
        let none = SanityTest(metric: "corr", cases: 0, fellByMissing: 0, fellByExtra: 0)
        #expect(
            none.passes == nil
                && (none + SanityTest(metric: "corr", cases: 10, fellByMissing: 9, fellByExtra: 9)).passes == true)
    }
}
