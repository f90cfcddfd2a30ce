import Datasets
import Engine
import Fingerprints
import Foundation
import HDF5
import Imaging
import LaViSE
import Networks
import Tensors

/// Explains every filter and scores the explanations (METHOD 6, 7) → `evaluation.h5`.
struct EvaluateStage: ShardedStage {
    let name = "evaluate"
    let revision = 5
    let outputs = [EvaluationFile.name]
    let parameters: Parameters
    /// Whether the images are the input `target`'s; the dataset then gives only its concepts. Which inputs there are is
    /// in the fingerprint already.
    let hasTarget: Bool

    struct Parameters: Sendable {
        /// nil: all.
        let filters: [Int]?
        let topImages: Int
        let ks: [Int]
        let wordsPerImage: Int
        let methods: [ExplanationMethod]
        /// Those that change evaluation.
        let deviations: Set<Deviation>
        /// nil where no method passes images through the backbone again.
        let model: Model?
        /// Whether the units are the input `units`' directions, not channels.
        let areDirections: Bool
        /// How lines of the input `entities`, which lists the words that may be used, are compared with words; nil where
        /// there is none.
        let entities: EntityList.Matching?
    }

    let rules: EvaluationRules
    var model: Model? { parameters.model }

    init(
        _ evaluating: Experiment.Evaluating, deviations: Set<Deviation>, model: Model?, hasTarget: Bool,
        dataset: Experiment.Dataset
    ) {
        self.hasTarget = hasTarget
        parameters = Parameters(
            filters: evaluating.filters, topImages: evaluating.topImages, ks: evaluating.ks,
            wordsPerImage: evaluating.wordsPerImage, methods: evaluating.methods,
            deviations: deviations.filter { $0.effect.evaluation != nil }, model: model,
            areDirections: evaluating.units != .channels,
            entities: evaluating.entities.map { _ in .init(words: dataset.words, names: dataset.names) })
        rules = parameters.deviations.changing(EvaluationRules(), by: \.evaluation)
    }

    func numericsKey() throws -> Digest? {
        try Pipeline.numericsKey([.products, .maps] + (model?.kernels(probed: rules.isProbed) ?? []))
    }

    func phases(_ context: StageContext) throws -> [ShardPhase] {
        let dataset = try DatasetFile(context.path(.dataset))
        let maps = try MapFile(context.path(.maps), units: directions(context))
        let shown = hasTarget ? try DatasetFile(context.path(.target)) : dataset
        let images = shown.evaluatedRows(all: rules.evaluatesAll).count
        let size =
            rules.usesWholeEmbedding
            ? try EmbeddingFile(context.path(.embedding), concepts: dataset.concepts).words.count
            : dataset.concepts.count
        let pairs = pairs(channels: maps.shape.channels, images: images)
        return phases(
            images: images, mapSize: maps.shape.count, pairs: pairs, vocabulary: size, side: dataset.side)
    }

    /// How the evaluation of so many images and pairs is cut.
    func phases(images: Int, mapSize: Int, pairs: Int, vocabulary: Int, side: Int) -> [ShardPhase] {
        func work(_ images: Int, _ pairs: Int) -> Double {
            self.work(images: images, mapSize: mapSize, pairs: pairs, vocabulary: vocabulary, side: side)
        }
        let ranges = MapLooks.ranges(images: images).count
        return [
            ShardPhase(name: EvaluationParts.firstName, count: ranges, work: work(images, 0) / 2),
            ShardPhase(name: EvaluationParts.secondName, count: ranges, work: work(images, 0) / 2),
            ShardPhase(
                name: EvaluationParts.blockName, count: ExplanationWork.blocks(pairs: pairs), work: work(0, pairs)),
        ]
    }

    func run(_ phase: ShardPhase, shards: [Int], _ context: StageContext) throws {
        let parts = EvaluationParts(try opened(context), try phases(context), context)
        try parts.compute(phase, shards)
        context.worked(try parts.work(self))
    }

    func run(_ context: StageContext) throws {
        let opened = try opened(context)
        let parts = EvaluationParts(opened, try phases(context), context)
        var evaluation = try parts.evaluation()
        evaluation.summary = evaluation.summary.numbered(from: opened.firstUnit)
        evaluation.scores = try scores(evaluation.summary, context)
        context.worked(try parts.work(self))
        if let note = opened.unmatched.note { context.note(note) }
        try EvaluationFile.write(
            evaluation, imageRows: opened.rows, unmatched: opened.unmatched,
            to: context.output + "/" + EvaluationFile.name)
    }

    /// - Parameter chosen: rows of the dataset to evaluate; nil for all that are.
    func opened(_ context: StageContext, rows chosen: [Int]? = nil) throws -> OpenedEvaluation {
        let dataset = try DatasetFile(context.path(.dataset))
        let embedding = try EmbeddingFile(context.path(.embedding), concepts: dataset.concepts)
        let conceptRows = try embedding.rows(of: dataset.concepts)
        let data = try images(context, dataset, rows: chosen, concepts: conceptRows)
        let (vocabulary, unmatched) = try vocabulary(embedding, conceptRows, entities: context.path(.entities))
        var options = options(threads: context.threads)
        guard let directed = try directed(data, context) else {
            return OpenedEvaluation(
                data: data, rows: data.rows, mapSize: data.maps.shape.count, firstUnit: 0, vocabulary: vocabulary,
                unmatched: unmatched, options: options)
        }
        options.filters = (options.filters ?? Array(0..<directed.units.count)).map { $0 + directed.units.lowerBound }
        return OpenedEvaluation(
            data: directed, rows: data.rows, mapSize: directed.channels * directed.positions,
            firstUnit: directed.units.lowerBound,
            vocabulary: vocabulary, unmatched: unmatched, options: options)
    }

    /// The directions that are explained; nil where channels are.
    func directions(_ context: StageContext) throws -> UnitDirections? {
        parameters.areDirections ? try UnitsFile(context.path(.units)).directions : nil
    }

    private func directed(_ data: any EvaluationData, _ context: StageContext) throws -> DirectedImages? {
        try directions(context).map { try DirectedImages(data, $0, isFlat: rules.options.flattenFeatures) }
    }

    /// - Parameter concepts: what the concepts of annotations are called, by their place in the dataset.
    private func images(
        _ context: StageContext, _ dataset: DatasetFile, rows: [Int]? = nil, concepts: [Int32]
    ) throws -> EvaluatedImages {
        let dataset = hasTarget ? try DatasetFile(context.path(.target)) : dataset
        return EvaluatedImages(
            dataset: dataset, maps: try MapFile(context.path(.maps)),
            rows: rows ?? dataset.evaluatedRows(all: rules.evaluatesAll), conceptRows: concepts,
            explainer: try ExplainerFile.explainer(context.path(.explainer)),
            source: try model?.source(context, probes: rules.isProbed ? 2 : 0),
            normalisation: model?.normalisation ?? .imageNet)
    }

    /// How well the dataset's concepts fit the filters; nil where no image shows one.
    private func scores(_ summary: MapSummary, _ context: StageContext) throws -> ConceptScores? {
        if hasTarget { return nil }
        let dataset = try DatasetFile(context.path(.dataset)), concepts = dataset.concepts.count
        let ids = try EmbeddingFile(context.path(.embedding), concepts: dataset.concepts).rows(of: dataset.concepts)
        let images = LabelledMaps(
            dataset: dataset, maps: try MapFile(context.path(.maps), units: directions(context)),
            rows: dataset.evaluatedRows(all: rules.evaluatesAll))
        let sums = try EvidenceSums(
            of: images, units: summary.filters, thresholds: summary.thresholds, concepts: concepts,
            threads: context.threads
        ) { progress in
            context.progress(progress.done, of: progress.total, "images scored")
            try context.checkCancelled()
        }
        return try ConceptScores(sums, ids: ids, threads: context.threads)
    }

    func options(threads: Int) -> EvaluationOptions {
        var options = rules.options
        options.filters = parameters.filters
        options.topImages = parameters.topImages
        options.ks = parameters.ks
        options.wordsPerImage = parameters.wordsPerImage
        options.methods = parameters.methods
        options.threads = threads
        return options
    }

    /// The words that explanations may use: the dataset's concepts, or the whole embedding, or those of them in the
    /// entity list.
    /// - Parameter entities: path of the input `entities`; asked for only where there is a list.
    /// - Returns: beside them the lines of the list that name none.
    func vocabulary(
        _ embedding: EmbeddingFile, _ conceptRows: [Int32], entities path: @autoclosure () throws -> String
    ) throws -> (Vocabulary, UnmatchedEntities) {
        var ids = rules.usesWholeEmbedding ? (0..<Int32(embedding.words.count)).map { $0 } : conceptRows
        var unmatched = UnmatchedEntities(of: 0, lines: [])
        if let matching = parameters.entities {
            let chosen = try EntityList(contentsOf: path()).chosen(
                of: ids.map { embedding.words[Int($0)] }, matching)
            ids = chosen.places.map { ids[$0] }
            unmatched = chosen.unmatched
            guard !ids.isEmpty else {
                throw ExperimentError(
                    "no word of evaluate.entities is in the vocabulary; check the file, one word a line"
                        + (unmatched.note.map { ": \($0)" } ?? ""))
            }
        }
        let vectors = ids.count == embedding.words.count ? try embedding.allVectors() : try embedding.vectors(ids)
        return (try Vocabulary(vectors: vectors, ids: ids), unmatched)
    }
}

extension EvaluateStage.Parameters: Encodable {
    private enum CodingKeys: CodingKey {
        case filters, topImages, ks, methods, deviations, backbone, units, entities, wordsPerImage
    }

    func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        if let filters {
            try members.encode(filters, forKey: .filters)
        } else {
            try members.encode("all", forKey: .filters)
        }
        try members.encode(topImages, forKey: .topImages)
        try members.encode(ks, forKey: .ks)
        try members.encode(methods.map(\.name), forKey: .methods)
        try members.encode(deviations.sorted().map(\.name), forKey: .deviations)
        try members.encode(model, forKey: .backbone)
        if areDirections { try members.encode("directions", forKey: .units) }
        try members.encodeIfPresent(entities, forKey: .entities)
        // How many words are kept; how many of them are shown is the tables' affair.
        if wordsPerImage > ks.last ?? 0 { try members.encode(wordsPerImage, forKey: .wordsPerImage) }
    }
}

/// The evaluated images as the evaluation reads them: maps, pixels and masks from their files.
private struct EvaluatedImages: EvaluationData {
    let dataset: DatasetFile
    let maps: MapFile
    let rows: [Int]
    let conceptRows: [Int32]
    let explainer: Explainer
    let source: (any FeatureSource)?
    let normalisation: Normalisation

    var imageCount: Int { rows.count }
    var side: Int { dataset.side }
    var channels: Int { maps.shape.channels }
    var mapHeight: Int { maps.shape.height }
    var mapWidth: Int { maps.shape.width }
    var imagesAtOnce: Int { source?.imagesAtOnce ?? 1 }

    func maps(_ image: Int, into out: UnsafeMutablePointer<Float>) throws { try maps.read(rows[image], into: out) }

    func image(_ image: Int, into out: UnsafeMutablePointer<Float>) throws {
        try dataset.readPixels(rows[image]).withUnsafeBufferPointer { pixels in
            guard let base = pixels.baseAddress else { return }
            normalisation.apply(base, places: dataset.side * dataset.side, into: out)
        }
    }

    func truth(_ image: Int) throws -> [TruthSample] {
        let samples = dataset.samples(ofImage: rows[image])
        return try zip(samples, dataset.readMasks(samples)).map { sample, mask in
            TruthSample(words: dataset.concepts(ofSample: sample).map { conceptRows[Int($0)] }, mask: mask.bits)
        }
    }

    // Evaluation asks only about masked images: mostly zeros, whose maps are known beforehand.
    func features(of images: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) throws {
        try source?.features(maskedImages: images, count: count, into: out)
    }

    func explain(_ inputs: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) {
        explainer.predict(inputs, count: count, into: out)
    }
}
