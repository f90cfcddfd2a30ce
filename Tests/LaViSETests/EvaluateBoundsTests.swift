import LaViSE
import Tensors
import Testing

/// What lies just on a bound, and what counts where only some concepts do.
extension EvaluateTests {
    @Test(arguments: [[10, 5], [5, 20, 10], [0], [-1, 2], []]) func cutOffsOutOfOrderAreRefused(_ ks: [Int]) throws {
        var options = Self.options
        options.ks = ks
        #expect(throws: EvaluationError.self) {
            try evaluate(Self.data(), vocabulary: Self.vocabulary(), options: options)
        }
    }

    /// One pair with the truth 1, 2, 3, of which the method says 1; the most frequent words are 2 and 9; 1 is not in
    /// the pool.
    @Test func onlyTheConceptsAskedAboutCount() throws {
        let evaluation = Evaluation(
            summary: MapSummary(filters: [0], imagesPerFilter: 1, topImages: [0], maxima: [1], thresholds: [0]),
            ks: [1, 2], wordsPerImage: 2,
            groundTruth: [[1, 2, 3]],
            methods: [
                Evaluation.Method(method: .original, words: [1, 9], similarities: [1, 1], recall: [1 / 3, 1 / 3])
            ])
        func recalls(_ concepts: Set<Int32>?) throws -> [Double?] {
            try evaluation.recallLines(
                frequent: [2, 9], pool: [2, 3, 9], among: concepts,
                bootstrap: Bootstrap(filters: 1, seed: 0, resamples: 10)
            ).map(\.estimate.recall)
        }
        // Each at k = 1 and 2: the method, most-frequent, random.
        let third: Double = 1.0 / 3, twoThirds: Double = 2.0 / 3
        let all: [Double?] = [third, third, third, third, third * 2 / 3, twoThirds * 2 / 3]
        let ofOne: [Double?] = [1, 1, 0, 0, 0, 0], ofTwo: [Double?] = [0, 0, 1, 1, third, twoThirds]
        #expect(try recalls(nil) == all)
        #expect(try recalls([1]) == ofOne)
        #expect(try recalls([2]) == ofTwo)
    }

    @Test func aPixelAtTheThresholdIsNotAboveIt() {
        var map = [Float](repeating: 0, count: 224 * 224)
        (map[5], map[6], map[70]) = (1, Float(1).nextUp, 1)
        let region = Region(map, above: 1, side: 224)
        #expect((0..<(224 * 224)).filter { region[$0] } == [6])
    }

    /// The region is the right half, the mask everything: an IoU of exactly a half.
    @Test func anOverlapAtTheThresholdIsNotEnough() throws {
        let data = MemoryData(
            channels: 1, height: 1, width: 2, features: [[0, 1]],
            truths: [[TruthSample(words: [1], mask: mask { _, _ in true })]])
        let vocabulary = try Vocabulary(vectors: Tensor(shape: [1, 1], data: [1]), ids: [1])
        func truth(_ threshold: Double) throws -> [[Int32]] {
            try evaluate(
                data, vocabulary: vocabulary,
                options: EvaluationOptions(ks: [1], methods: [.original], quantile: 0.5, iouThreshold: threshold)
            ).groundTruth
        }
        #expect(try truth(0.5) == [[]] && truth(0.499) == [[1]])
    }

    /// The cells of a 1×2 grid take columns 56 and 168, not 0 and 112.
    @Test func gridCellsTakeTheirMiddles() throws {
        let vocabulary = try Vocabulary(vectors: Tensor(shape: [1, 1], data: [1]), ids: [1])
        func truth(_ inside: @escaping (Int) -> Bool) throws -> [[Int32]] {
            let data = MemoryData(
                channels: 1, height: 1, width: 2, features: [[0, 1]],
                truths: [[TruthSample(words: [1], mask: mask { x, _ in inside(x) })]])
            let options = EvaluationOptions(
                ks: [1], methods: [.original], quantile: 0.5, gridMaskIoU: true, iouThreshold: 0.4)
            return try evaluate(data, vocabulary: vocabulary, options: options).groundTruth
        }
        #expect(try truth { (50...60).contains($0) || (160...175).contains($0) } == [[1]])
        #expect(try truth { $0 < 20 || (100...130).contains($0) } == [[]])
    }
}
