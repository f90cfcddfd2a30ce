import LaViSE
import Tensors
import Testing

@Suite struct EvaluateTests {
    // Two filters on a 1×2 grid. Filter 0 is active left in image 0 and right in image 1; filter 1 only in image 2.
    static let maps: [[Float]] = [[4, 0, 0, 0], [0, 5, 0, 0], [0, 0, 0, 9]]
    static let left = mask { x, _ in x < 112 }
    static let right = mask { x, _ in x >= 112 }

    static func data(explainer: @escaping @Sendable ([Float]) -> [Float] = { $0 }) -> MemoryData {
        MemoryData(
            channels: 2, height: 1, width: 2, features: maps,
            truths: [
                [TruthSample(words: [10], mask: left), TruthSample(words: [20], mask: right)],
                [TruthSample(words: [10], mask: left), TruthSample(words: [20, 30], mask: right)],
                [],
            ], explainer: explainer)
    }

    /// Words 10 and 20 point along the two channels, 30 between them.
    static func vocabulary() throws -> Vocabulary {
        try Vocabulary(vectors: Tensor(shape: [3, 2], data: [1, 0, 0, 1, 1, 1]), ids: [10, 20, 30])
    }

    static let options = EvaluationOptions(ks: [1, 2], wordsPerImage: 1, methods: [.original], quantile: 0.5)

    @Test func pairsTruthsAndRecallByHand() throws {
        let evaluation = try evaluate(Self.data(), vocabulary: Self.vocabulary(), options: Self.options)
        #expect(evaluation.summary.topImages == [1, 0, -1, 2, -1, -1])
        #expect(evaluation.summary.thresholds == [0, 0])
        // Above 0 the map (4, 0) is everywhere but in the last quarter: the right half is not covered by more than
        // half.
        #expect(evaluation.groundTruth == [[10, 20, 30], [10, 20], [], [], [], []])
        let said = try #require(evaluation[.original])
        #expect(said.words == [10, 30, 10, 30, -1, -1, 20, 30, -1, -1, -1, -1])
        #expect(said.recall.count == 12)
        #expect(said.recall.dropFirst(4).allSatisfy { $0.isNaN })
        #expect(Array(said.recall.prefix(4)) == [Float(1) / 3, Float(2) / 3, 0.5, 0.5])
        #expect(evaluation[.projection] == nil)
    }

    @Test func iouThresholdDecidesTheTruth() throws {
        // Above 2 the map (4, 0) leaves columns 0…111: the left mask has IoU 1, the right one 0.
        var options = Self.options
        options.quantile = 1
        var data = Self.data()
        data.features = [[4, 0, 0, 0], [0, 2, 0, 0], [2, 0, 0, 9]]
        options.quantile = 0.9  // of (0, 0, 0, 2, 2, 4): half way from 2 to 4
        let evaluation = try evaluate(data, vocabulary: Self.vocabulary(), options: options)
        #expect(evaluation.summary.thresholds[0] == 3)
        #expect(evaluation.summary.topImages[0] == 0)
        #expect(evaluation.groundTruth[0] == [10])
        options.iouThreshold = 1
        #expect(try evaluate(data, vocabulary: Self.vocabulary(), options: options).groundTruth[0] == [])
    }

    /// The cells of a 1×2 grid take columns 56 and 168 (row 112): a mask of columns 0…168 becomes everything.
    @Test func gridMaskIoUComparesTheBlownUpGridMask() throws {
        let threeQuarters = try Region(bits: mask { x, _ in x <= 168 }, side: 224)
        let narrow = try Region(bits: mask { x, _ in x >= 150 && x < 160 }, side: 224)
        var data = MemoryData(
            channels: 1, height: 1, width: 2, features: [[0, 1]],
            truths: [[TruthSample(words: [1], mask: threeQuarters.bits), TruthSample(words: [2], mask: narrow.bits)]])
        var options = EvaluationOptions(ks: [1], methods: [.original], quantile: 0.5, iouThreshold: 0.45)
        let vocabulary = try Vocabulary(vectors: Tensor(shape: [1, 1], data: [1]), ids: [1])
        // R = columns 112…223: IoU with columns 0…168 is 57 / 224 = 0.25; with all columns 112 / 224 = 0.5.
        #expect(try evaluate(data, vocabulary: vocabulary, options: options).groundTruth == [[]])
        options.gridMaskIoU = true
        let deviating = try evaluate(data, vocabulary: vocabulary, options: options)
        // The narrow mask misses both columns, and vanishes.
        #expect(deviating.groundTruth == [[1]])
        data.truths = [[TruthSample(words: [2], mask: narrow.bits)]]
        options.iouThreshold = 0.01
        #expect(try evaluate(data, vocabulary: vocabulary, options: options).groundTruth == [[]])
    }

    /// Masked images pass the backbone several at once, of one picture or of many: every filter keeps its own.
    @Test(arguments: [2, 3, 16, 100]) func masksAtOnceChangeNothing(imagesAtOnce: Int) throws {
        var random = SystemLike(state: 5)
        var data = MemoryData(
            channels: 3, height: 4, width: 4,
            features: (0..<9).map { _ in (0..<48).map { _ in random.value() } },
            colours: (0..<9).map { image in [Float(image) + 1, Float(image * image), -Float(image)] })
        let options = EvaluationOptions(
            topImages: 8, ks: [1], wordsPerImage: 3, methods: [.projection, .image, .original], quantile: 0.7)
        let alone = try evaluate(data, vocabulary: Self.threeWords(), options: options)
        data.imagesAtOnce = imagesAtOnce
        let together = try evaluate(data, vocabulary: Self.threeWords(), options: options)
        #expect(together.methods.map(\.words) == alone.methods.map(\.words))
        #expect(
            together.methods.map { $0.similarities.map(\.bitPattern) }
                == alone.methods.map { $0.similarities.map(\.bitPattern) })
        // Colours tell the pictures apart, so that a masked image in another's place is seen.
        #expect(Set(try #require(alone[.image]).similarities).count > 20)
    }

    private static func threeWords() throws -> Vocabulary {
        try Vocabulary(vectors: Tensor(shape: [3, 3], data: [1, 0, 0, 0, 1, 0, 0, 0, 1]), ids: [1, 2, 3])
    }

    @Test func moreFiltersThanABlockKeepTheirPlaces() throws {
        let channels = 150
        var random = SystemLike(state: 11)
        let features = (0..<4).map { _ in (0..<channels * 2).map { _ in abs(random.value()) } }
        let data = MemoryData(
            channels: channels, height: 1, width: 2, features: features, explainer: { [$0[0], $0[1]] })
        let all = try evaluate(data, vocabulary: Self.vocabulary(), options: Self.options)
        var options = Self.options
        options.filters = [149, 3]
        let two = try evaluate(data, vocabulary: Self.vocabulary(), options: options)
        for (index, filter) in [149, 3].enumerated() {
            #expect(
                two.summary.topImages[index * 4..<index * 4 + 4] == all.summary.topImages[filter * 4..<filter * 4 + 4])
            let mine = try #require(two[.original]), theirs = try #require(all[.original])
            #expect(mine.words[index * 8..<index * 8 + 8] == theirs.words[filter * 8..<filter * 8 + 8])
        }
    }

    @Test func progressCountsAndCancels() throws {
        struct Cancelled: Error {}
        let steps = Steps()
        _ = try evaluate(Self.data(), vocabulary: Self.vocabulary(), options: Self.options) { steps.seen.append($0) }
        #expect(
            steps.seen.map(\.phase.rawValue) == [
                "images", "images", "images", "images", "images", "images", "pairs", "pairs", "pairs",
            ])
        #expect(steps.seen.map(\.done) == [1, 2, 3, 4, 5, 6, 1, 2, 3])
        #expect(steps.seen.last?.total == 3)
        #expect(throws: Cancelled.self) {
            try evaluate(Self.data(), vocabulary: Self.vocabulary(), options: Self.options) {
                if $0.phase == .explanations { throw Cancelled() }
            }
        }
    }

    @Test func divergedExplainerIsNamed() throws {
        #expect(throws: EvaluationError.notFinite("the explainer's output")) {
            try evaluate(Self.data { _ in [.nan, 0] }, vocabulary: Self.vocabulary(), options: Self.options)
        }
    }
}

/// Progress of a test on one thread.
final class Steps: @unchecked Sendable {
    var seen: [EvaluationProgress] = []
}
