import Engine
import Foundation
import LaViSE
import Networks
import Transfer

/// How much data an experiment works on: counted in its preprocessed dataset, or estimated before there is one.
struct Workload: Sendable, Equatable {
    /// Crops: rows of `dataset.h5`.
    var rows: Int
    /// Rows that evaluation reads.
    var evaluated: Int
    var samples: Int
    var concepts: Int

    init(_ dataset: DatasetFile, evaluateAll: Bool) {
        rows = dataset.imageCount
        evaluated = dataset.evaluatedRows(all: evaluateAll).count
        samples = dataset.sampleCount
        concepts = dataset.concepts.count
    }

    /// Counts images by the files of a local folder, or by a manifest's bytes; samples by the datasets' published
    /// means.
    init(expectedOf experiment: Experiment, places: Places) throws {
        let data = experiment.dataset, expected = try data.kind.expected(experiment, places)
        let limit = data.limit ?? .max
        let images = (train: min(expected.train, limit), validation: min(expected.validation, limit))
        rows = images.train * (1 + data.views) + images.validation
        evaluated = images.validation + (experiment.deviations.contains(.evaluateOnAll) ? images.train : 0)
        samples = Int(Double(rows) * expected.samplesPerImage)
        concepts = expected.concepts
    }

    /// The length of GloVe's vectors that the experiments use.
    static let wordLength = 300

    /// Words of the embedding: by the size of a local text file, or GloVe 6B's.
    static func words(of experiment: Experiment, _ places: Places) -> Int {
        switch experiment.embedding.origin {
        case .manifest: 400_000
        // A line of GloVe's 300 numbers is 2,595 bytes in the mean.
        case .path(let path): (fileSize(places.dataPath(path)) ?? 0) / 2595
        case nil: 200
        }
    }
}

/// The JPEG files directly in a folder; none where there is no folder.
func jpegs(in folder: String) throws -> Int {
    guard FileManager.default.fileExists(atPath: folder) else { return 0 }
    return try FileManager.default.contentsOfDirectory(atPath: folder).count { $0.hasSuffix(".jpg") }
}

/// A stage whose cost follows from how much data there is.
protocol PredictableStage: Stage {
    /// - Parameters:
    ///   - layer: what is known of the target layer; nil where the model file is not there yet.
    ///   - words: of the embedding.
    func expectedCost(_ load: Workload, _ experiment: Experiment, _ layer: TargetLayer?, words: Int) throws
        -> ExpectedCost
}

extension EmbeddingStage: PredictableStage {
    func expectedCost(_ load: Workload, _ experiment: Experiment, _ layer: TargetLayer?, words: Int) -> ExpectedCost {
        ExpectedCost(work: nil, bytes: words * (Workload.wordLength * 4 + 16))
    }
}

extension PreprocessStage: PredictableStage {
    /// Work: images decoded. Bytes: pixels, and masks as deflate leaves them.
    func expectedCost(_ load: Workload, _ experiment: Experiment, _ layer: TargetLayer?, words: Int) -> ExpectedCost {
        ExpectedCost(
            work: Double(load.rows), bytes: load.rows * crop.side * crop.side * 3 + load.samples * 350)
    }
}

extension FeaturesStage: PredictableStage {
    /// Work: the backbone's multiplications.
    func expectedCost(_ load: Workload, _ experiment: Experiment, _ layer: TargetLayer?, words: Int) throws
        -> ExpectedCost
    {
        let bytes = (model.known ?? []).map { layer in
            load.evaluated * layer.shape.count * (parameters.precision == .float16 ? 2 : 4)
                + load.samples * (parameters.flattenFeatures ? layer.shape.count : layer.shape.channels) * 4
        }
        let phase = phase(images: load.rows)
        return ExpectedCost(
            work: model.multiplications.map { Double(load.rows) * $0 }, bytes: bytes.reduce(0, +),
            phases: model.multiplications == nil ? [] : [phase])
    }
}

extension TrainStage: PredictableStage {
    func expectedCost(_ load: Workload, _ experiment: Experiment, _ layer: TargetLayer?, words: Int) throws
        -> ExpectedCost
    {
        guard let shape = layer?.shape else { return ExpectedCost(work: nil, bytes: 0) }
        let inputs = experiment.deviations.contains(.flattenFeatures) ? shape.count : shape.channels
        let seen = Int(Double(load.concepts) * parameters.categoryFraction)
        return ExpectedCost(
            work: Self.work(
                samples: load.samples, epochs: epochs(samples: load.samples), inputs: inputs,
                outputs: Workload.wordLength, concepts: seen),
            bytes: 4 * (inputs * inputs + (7 + Workload.wordLength) * inputs))
    }

    /// Multiplications of the passes over `samples`, up to a constant.
    static func work(samples: Int, epochs: Int, inputs: Int, outputs: Int, concepts: Int) -> Double {
        Double(samples) * Double(epochs) * Double(inputs * inputs + inputs * outputs + outputs * concepts)
    }
}

extension EvaluateStage: PredictableStage {
    func expectedCost(_ load: Workload, _ experiment: Experiment, _ layer: TargetLayer?, words: Int) throws
        -> ExpectedCost
    {
        guard let shape = layer?.shape else { return ExpectedCost(work: nil, bytes: 0) }
        let vocabulary = rules.usesWholeEmbedding ? words : load.concepts
        let pairs = pairs(channels: shape.channels, images: load.evaluated)
        let phases = phases(
            images: load.evaluated, mapSize: shape.count, pairs: pairs, vocabulary: vocabulary,
            side: experiment.backbone.preprocessing.crop.side)
        return ExpectedCost(
            work: phases.reduce(0) { $0 + $1.work },
            bytes: pairs * (parameters.methods.count * ((parameters.ks.last ?? 0) * 8 + parameters.ks.count * 4) + 16),
            phases: phases)
    }

    func pairs(channels: Int, images: Int) -> Int {
        (parameters.filters?.count ?? channels) * min(parameters.topImages, images)
    }

    /// Cost in the time of a backbone's multiplications: thresholds over all maps, then every filter and top image by
    /// every method. The factors were measured on the COCO sample; a table look-up or an enlarged pixel costs far more
    /// than a multiplication.
    func work(images: Int, mapSize: Int, pairs: Int, vocabulary: Int, side: Int) -> Double {
        let passes = parameters.methods.contains(where: \.masksImage) ? model?.multiplications ?? 0 : 0
        let words = 6 * Double(parameters.methods.count * vocabulary * Workload.wordLength)
        return Double(images * mapSize) * 2_000 + Double(pairs) * (passes + words + Double(side * side) * 2_000)
    }
}

extension EvidenceStage: PredictableStage {
    func expectedCost(_ load: Workload, _ experiment: Experiment, _ layer: TargetLayer?, words: Int) throws
        -> ExpectedCost
    {
        guard let shape = layer?.shape else { return ExpectedCost(work: nil, bytes: 0) }
        let units = parameters.evaluate.filters?.count ?? shape.channels, rows = parameters.evaluate.methods.count + 6
        return ExpectedCost(
            work: work(
                images: load.evaluated, mapSize: shape.count, channels: shape.channels, load.concepts,
                side: experiment.backbone.preprocessing.crop.side),
            bytes: units * rows * (parameters.metrics.count * 8 + 120))
    }

    /// In `EvaluateStage`'s unit: each half is explained, then its maps are looked at once more.
    func work(images: Int, mapSize: Int, channels: Int, _ concepts: Int, side: Int) -> Double {
        let pairs = 2 * evaluate.pairs(channels: channels, images: max(images / 2, 1))
        return evaluate.work(images: images, mapSize: mapSize, pairs: pairs, vocabulary: concepts, side: side) + Double(
            images * mapSize) * 2_000
    }
}

extension ExperimentPlan {
    /// What is expected of the jobs, by id: from the preprocessed dataset where `statuses` say that it is fresh, or
    /// else from what the experiment names.
    /// - Throws: `HDF5Error`, or an error of Foundation's for a folder that cannot be listed.
    public func expectedCosts(_ statuses: [JobStatus], places: Places) throws -> [String: ExpectedCost] {
        let fresh = Dictionary(
            statuses.filter { $0.state == .fresh }.map { ($0.job, $0) }, uniquingKeysWith: { first, _ in first })
        var expected: [String: ExpectedCost] = [:]
        for (files, variant) in zip(variants, file.variants) {
            let experiment = variant.experiment
            let dataset = fresh[files.dataset.job]?.outputs.first.flatMap { $0.isHere ? $0 : nil }
            let load =
                try dataset.map {
                    try Workload(DatasetFile($0.path), evaluateAll: experiment.deviations.contains(.evaluateOnAll))
                } ?? Workload(expectedOf: experiment, places: places)
            let words = Workload.words(of: experiment, places)
            let layer = files.extraction.model.known?.first { $0.name == experiment.backbone.layer }
            for id in [
                files.embedding.job, files.dataset.job, files.features.job, files.explainer.job, files.evaluation.job,
            ] + [files.evidence?.job].compactMap(\.self) {
                expected[id] = try (plan.job(id)?.stage as? any PredictableStage)?.expectedCost(
                    load, experiment, layer, words: words)
            }
        }
        for (job, download) in downloads {
            expected[job] = ExpectedCost(
                work: nil, bytes: download.manifest.files.reduce(0) { $0 + ($1.bytes ?? 0) })
        }
        return expected
    }
}
