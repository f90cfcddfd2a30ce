import Tensors

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
        let masking = masksImage ? Masking(data) : nil
        var current: Scene?
        let together = masking?.count ?? 1
        for first in stride(from: 0, to: pairs.count, by: together) {
            var views: [View] = []
            for pair in pairs[first..<min(first + together, pairs.count)] {
                if current?.image != pair.image { current = nil }
                let scene = try current ?? Scene(data, image: pair.image, options: options)
                current = scene
                let channel = summary.filters[pair.filter], threshold = summary.thresholds[pair.filter]
                let region = upsampling.region(scene.feature.map(channel), above: threshold)
                views.append(View(scene: scene, channel: channel, threshold: threshold, region: region))
            }
            let masked = try masking?.features(views) ?? views.map(\.scene.feature)
            for (place, view) in views.enumerated() {
                for method in options.methods { inputs += input(method, view, masked: masked[place]) }
                truths.append(view.scene.truth(of: view.region, above: options.iouThreshold))
                try counter.advance()
            }
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

    private var masksImage: Bool { options.methods.contains(where: \.masksImage) }

    /// A filter in an image.
    private struct View {
        let scene: Scene
        let channel: Int, threshold: Float, region: Region
    }

    /// Passes images with everything outside of regions set to 0 through the backbone, `count` at a time.
    private struct Masking {
        let data: any EvaluationData
        let count: Int
        private let images: FloatStorage, maps: FloatStorage

        init(_ data: any EvaluationData) {
            self.data = data
            count = data.imagesAtOnce
            images = FloatStorage(count: count * 3 * data.side * data.side)
            maps = FloatStorage(count: count * data.channels * data.positions)
        }

        /// - Parameter views: at most `count`.
        func features(_ views: [View]) throws -> [Feature] {
            for (place, view) in views.enumerated() {
                view.scene.mask(view.region, into: images.address + place * 3 * data.side * data.side)
            }
            try data.features(of: images.address, count: views.count, into: maps.address)
            let size = data.channels * data.positions
            return views.indices.map { place in
                Feature(channels: data.channels, positions: data.positions) {
                    $0.update(from: maps.address + place * size, count: size)
                }
            }
        }
    }

    /// What a method asks the explainer about a filter in an image (METHOD 6.3).
    /// - Parameter masked: the masked image's feature, for methods that mask the image.
    private func input(_ method: ExplanationMethod, _ view: View, masked: Feature) -> [Float] {
        let feature = method.masksImage ? masked : view.scene.feature
        let attention = method.attention(
            .init(feature: feature, filter: view.channel, threshold: view.threshold, options: options))
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
