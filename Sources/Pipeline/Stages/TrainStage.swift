import Datasets
import Engine
import Fingerprints
import Foundation
import HDF5
import Networks
import Tensors

/// Pooled features and word vectors → `explainer.h5` (METHOD 5): the trained explainer and its history.
struct TrainStage: Stage {
    let name = "train"
    let revision = 3
    let outputs = [ExplainerFile.name]
    let parameters: Parameters

    struct Parameters: Encodable, Sendable {
        let epochs: Int, batchSize: Int
        let optimiser: Optimiser
        let learningRate: Double, dropout: Double
        let shuffle: Bool
        let categoryFraction: Double
        let views: Bool
        let frozenBatchNorm: Bool, keepEmptyMasks: Bool, maskScale255: Bool
        let seed: UInt64
        /// Absent where nobody asks for them, so that what was trained before they could be asked for is still known.
        let steps: Int?
        /// What its patience is measured by.
        let plateau: String?
    }

    init(_ training: Experiment.Training, views: Bool, rules: TrainingRules, seed: UInt64) {
        parameters = Parameters(
            epochs: training.epochs, batchSize: training.batchSize, optimiser: training.optimiser,
            learningRate: training.learningRate, dropout: training.dropout, shuffle: training.shuffle,
            categoryFraction: training.categoryFraction, views: views, frozenBatchNorm: rules.frozenBatchNorm,
            keepEmptyMasks: rules.keepsEmptyMasks, maskScale255: rules.dividesMasksBy255, seed: seed,
            steps: training.steps, plateau: training.steps.map { _ in "of all epochs" })
    }

    /// The epochs that `samples` are trained for.
    func epochs(samples: Int) -> Int {
        let inEpoch = max(1, (samples + parameters.batchSize - 1) / parameters.batchSize)
        return max(parameters.epochs, ((parameters.steps ?? 0) + inEpoch - 1) / inEpoch)
    }

    func numericsKey() throws -> Digest? { try Pipeline.numericsKey([.products, .training]) }

    func run(_ context: StageContext) throws {
        let dataset = try DatasetFile(context.path(.dataset))
        let embedding = try EmbeddingFile(context.path(.embedding), concepts: dataset.concepts)
        let pooled = try PooledFile(context.path(.pooled))
        let seen = seenConcepts(draw: dataset.draw, fraction: parameters.categoryFraction)
        let concepts = try embedding.vectors(embedding.rows(of: zip(dataset.concepts, seen).filter(\.1).map(\.0)))
        func rows(_ split: Split) throws -> PooledRows {
            let rows = PooledRows(pooled, dataset, seen: seen, scale: parameters.maskScale255 ? 1 / 255 : 1) { sample in
                dataset.sampleSplits[sample] == split && dataset.isTrained(sample, views: parameters.views)
                    && (parameters.keepEmptyMasks || pooled.areas[sample] > 0)
            }
            // BatchNorm takes a deviation over training samples; validation takes none.
            let isTraining = split == .train, needed = isTraining ? 2 : 1
            guard rows.count >= needed else {
                let count = "\(rows.count) sample\(rows.count == 1 ? "" : "s")"
                throw ExperimentError(
                    "the \(isTraining ? "training" : "validation") split has \(count); it needs at least \(needed)")
            }
            return rows
        }
        let train = try rows(.train), validation = try rows(.validation)
        let epochs = epochs(samples: train.count)
        var trainer = try resumedTrainer(
            context, options(epochs: epochs, threads: context.threads), concepts: concepts, inputs: pooled.width,
            outputs: embedding.width)
        let state = context.scratch + "/trainer.h5"
        let steps = (train.count + parameters.batchSize - 1) / parameters.batchSize
        context.worked(
            Self.work(
                samples: train.count + validation.count, epochs: epochs - trainer.history.count, inputs: pooled.width,
                outputs: embedding.width, concepts: seen.count { $0 }))
        while trainer.history.count < epochs {
            let epoch = trainer.history.count
            _ = try trainer.runEpoch(training: train, validation: validation) { step, _ in
                try context.checkCancelled()
                context.progress(epoch * steps + step, of: epochs * steps, "steps")
            }
            let partial = context.partial(state)
            try trainer.save(to: partial)
            context.faultPoint("train.epoch")
            guard rename(partial, state) == 0 else {
                throw ExperimentError("\(state): cannot be renamed into place: \(String(cString: strerror(errno)))")
            }
        }
        try ExplainerFile.write(
            trainer.best, TrainingHistory(epochs: trainer.history, hitKs: trainer.options.hitKs), seen: seen,
            .init(
                trained: train.count, validated: validation.count,
                left: dataset.sampleCount - train.count - validation.count),
            to: context.output + "/" + ExplainerFile.name)
    }

    /// - Parameter epochs: that training lasts: where steps are asked for and epochs added, the learning rate waits for
    ///   a better loss as many times longer. An epoch of a few steps would else end it before BatchNorm's statistics
    ///   have come to those of the samples.
    private func options(epochs: Int, threads: Int) -> TrainingOptions {
        var options = TrainingOptions(
            epochs: parameters.epochs, batchSize: parameters.batchSize, optimiser: parameters.optimiser,
            learningRate: parameters.learningRate, dropout: parameters.dropout, shuffle: parameters.shuffle,
            seed: parameters.seed, frozenBatchNorm: parameters.frozenBatchNorm, threads: threads)
        options.plateauPatience = options.plateauPatience * epochs / parameters.epochs
        return options
    }

    /// The trainer as a killed attempt left it after an epoch, or a new one.
    private func resumedTrainer(
        _ context: StageContext, _ options: TrainingOptions, concepts: Tensor, inputs: Int, outputs: Int
    ) throws -> Trainer {
        let state = context.scratch + "/trainer.h5"
        if FileManager.default.fileExists(atPath: state) {
            return try Trainer.load(from: state, options: options, concepts: concepts)
        }
        return try Trainer(
            options: options, concepts: concepts,
            initial: Explainer(inputs: inputs, outputs: outputs, seed: parameters.seed))
    }
}
