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
    let training: Experiment.Training
    let views: Bool
    let rules: TrainingRules
    let seed: UInt64

    var parameters: Value {
        var members: [String: Value] = [
            "epochs": .int(training.epochs), "batchSize": .int(training.batchSize),
            "optimiser": .string(training.optimiser.rawValue),
            "learningRate": .double(training.learningRate), "dropout": .double(training.dropout),
            "shuffle": .bool(training.shuffle),
            "categoryFraction": .double(training.categoryFraction), "views": .bool(views),
            "frozenBatchNorm": .bool(rules.frozenBatchNorm),
            "keepEmptyMasks": .bool(rules.keepsEmptyMasks), "maskScale255": .bool(rules.dividesMasksBy255),
            "seed": .int(Int(seed)),
        ]
        // Absent where nobody asks for them, so that what was trained before they could be asked for is still known.
        members["steps"] = training.steps.map { .int($0) }
        members["plateau"] = training.steps.map { _ in "of all epochs" }
        return .object(members)
    }

    /// The epochs that `samples` are trained for.
    static func epochs(_ training: Experiment.Training, samples: Int) -> Int {
        let inEpoch = max(1, (samples + training.batchSize - 1) / training.batchSize)
        return max(training.epochs, ((training.steps ?? 0) + inEpoch - 1) / inEpoch)
    }

    func numericsKey() throws -> Digest? { try Pipeline.numericsKey([.products, .training]) }

    func run(_ context: StageContext) throws {
        let dataset = try DatasetFile(context.path(.dataset))
        let embedding = try EmbeddingFile(context.path(.embedding), concepts: dataset.concepts)
        let pooled = try PooledFile(context.path(.pooled))
        let seen = seenConcepts(draw: dataset.draw, fraction: training.categoryFraction)
        let concepts = try embedding.vectors(embedding.rows(of: zip(dataset.concepts, seen).filter(\.1).map(\.0)))
        func rows(_ split: Split) throws -> PooledRows {
            let rows = PooledRows(pooled, dataset, seen: seen, scale: rules.dividesMasksBy255 ? 1 / 255 : 1) { sample in
                dataset.sampleSplits[sample] == split && dataset.isTrained(sample, views: views)
                    && (rules.keepsEmptyMasks || pooled.areas[sample] > 0)
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
        let epochs = Self.epochs(training, samples: train.count)
        var trainer = try resumedTrainer(
            context, options(epochs: epochs, threads: context.threads), concepts: concepts, inputs: pooled.width,
            outputs: embedding.width)
        let state = context.scratch + "/trainer.h5"
        let steps = (train.count + training.batchSize - 1) / training.batchSize
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
            epochs: training.epochs, batchSize: training.batchSize, optimiser: training.optimiser,
            learningRate: training.learningRate,
            dropout: training.dropout, shuffle: training.shuffle, seed: seed, frozenBatchNorm: rules.frozenBatchNorm,
            threads: threads)
        options.plateauPatience = options.plateauPatience * epochs / training.epochs
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
            initial: Explainer(inputs: inputs, outputs: outputs, seed: seed))
    }
}
