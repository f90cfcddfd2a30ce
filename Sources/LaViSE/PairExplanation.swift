/// What comes of one pair of a filter and an image.
public struct PairResult: Sendable, Equatable {
    /// The ground truth: ascending word ids.
    public var truth: [Int32]
    /// `[methods, s]`
    public var words: [Int32]
    /// `[methods, s]`
    public var similarities: [Float]

    /// - Parameters:
    ///   - truth: ascending word ids.
    ///   - words: `[methods, s]` ids.
    ///   - similarities: `[methods, s]` cosines.
    public init(truth: [Int32], words: [Int32], similarities: [Float]) {
        self.truth = truth
        self.words = words
        self.similarities = similarities
    }
}

/// Explains blocks of pairs. Their fixed size keeps the bits of the matrix products the same for any threads.
struct PairExplanation: Sendable {
    static let pairsPerBlock = 64

    let data: any EvaluationData
    let summary: MapSummary
    let vocabulary: Vocabulary
    let options: EvaluationOptions
    let counter: ProgressCounter
    private let upsampling: Upsampling

    init(
        data: any EvaluationData, summary: MapSummary, vocabulary: Vocabulary, options: EvaluationOptions,
        counter: ProgressCounter
    ) {
        self.data = data
        self.summary = summary
        self.vocabulary = vocabulary
        self.options = options
        self.counter = counter
        upsampling = Upsampling(height: data.mapHeight, width: data.mapWidth, side: data.side)
    }

    private var wordsPerImage: Int { min(max(options.ks.last ?? 0, options.wordsPerImage), vocabulary.count) }
    private var inputWidth: Int { options.flattenFeatures ? data.channels * data.positions : data.channels }

    /// The results of at most `pairsPerBlock` pairs, in their order.
    func results(of pairs: [Pair]) throws -> [PairResult] {
        let questions = pairs.count * options.methods.count
        var inputs: [Float] = []
        inputs.reserveCapacity(questions * inputWidth)
        var truths: [[Int32]] = []
        var current: Scene?
        for pair in pairs {
            let scene: Scene
            if let current, current.image == pair.image {
                scene = current
            } else {
                scene = try Scene(data, image: pair.image, options: options)
            }
            current = scene
            let channel = summary.filters[pair.filter], threshold = summary.thresholds[pair.filter]
            let region = upsampling.region(scene.feature.map(channel), above: threshold)
            for method in options.methods { inputs += try input(method, scene, channel, threshold, region) }
            truths.append(scene.truth(of: region, above: options.iouThreshold))
            try counter.advance()
        }
        var outputs = [Float](repeating: 0, count: questions * vocabulary.dimension)
        data.explain(inputs, count: questions, into: &outputs)
        let nearest = try vocabulary.nearest(outputs, s: wordsPerImage)
        let size = options.methods.count * wordsPerImage
        return truths.enumerated().map { row, truth in
            let range = row * size..<(row + 1) * size
            return PairResult(
                truth: truth, words: Array(nearest.ids[range]), similarities: Array(nearest.similarities[range]))
        }
    }

    /// What a method asks the explainer about a filter in an image (METHOD 6.3).
    private func input(
        _ method: ExplanationMethod, _ scene: Scene, _ channel: Int, _ threshold: Float, _ region: Region
    ) throws -> [Float] {
        let feature = method.masksImage ? try scene.feature(within: region, data) : scene.feature
        let attention = method.attention(
            .init(feature: feature, filter: channel, threshold: threshold, options: options))
        return options.flattenFeatures ? attention.flatten(feature) : attention.pool(feature)
    }

    /// Puts the results of all pairs in their places.
    func collect(_ pairs: [Pair], _ results: [PairResult]) -> Evaluation {
        let places = summary.topImages.count, s = wordsPerImage
        var groundTruth = [[Int32]](repeating: [], count: places)
        var methods = options.methods.map {
            Evaluation.Method(
                method: $0, words: [Int32](repeating: -1, count: places * s),
                similarities: [Float](repeating: .nan, count: places * s),
                recall: [Float](repeating: .nan, count: places * options.ks.count))
        }
        for (pair, result) in zip(pairs, results) {
            let place = pair.filter * summary.imagesPerFilter + pair.rank
            groundTruth[place] = result.truth
            for index in methods.indices {
                let words = result.words[index * s..<(index + 1) * s]
                methods[index].words.replaceSubrange(place * s..<(place + 1) * s, with: words)
                methods[index].similarities.replaceSubrange(
                    place * s..<(place + 1) * s, with: result.similarities[index * s..<(index + 1) * s])
                for (column, k) in options.ks.enumerated() {
                    methods[index].recall[place * options.ks.count + column] =
                        Float(recall(of: words.prefix(k), truth: result.truth))
                }
            }
        }
        return Evaluation(
            summary: summary, ks: options.ks, wordsPerImage: s, groundTruth: groundTruth, methods: methods)
    }
}
