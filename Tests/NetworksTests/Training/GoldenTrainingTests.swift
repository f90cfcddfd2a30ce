import Foundation
import HDF5
import Networks
import Tensors
import Testing

/// Training followed step by step beside the oracle. Skipped where the reference files are not there (see
/// LAVISE_REFERENCE).
@Suite(
    .enabled(
        if: FileManager.default.fileExists(atPath: referencePath("reference/golden-paper.h5")),
        "needs the reference files: set LAVISE_REFERENCE"))
struct GoldenTraining {
    /// The golden's samples of one split, pooled as METHOD 5: mean over the grid of features · mask.
    private func samples(_ file: HDF5File, split: UInt8, features: String, keepEmpty: Bool, maskScale: Float) throws
        -> ListedSamples
    {
        let shape = try file.shape(of: features), maps = try file.read(features, as: Float.self)
        let splits = try file.read("images/split", as: UInt8.self),
            images = try file.read("instances/image", as: Int32.self)
        let masks = try file.read("instances/grid_mask", as: UInt8.self)
        let concepts = try file.read("instances/concepts", as: Int32.self),
            offsets = try file.read("instances/offset", as: Int32.self)
        let channels = shape[1], grid = shape[2] * shape[3]
        var pooled: [Float] = [], lists: [[Int32]] = []
        for (sample, image) in images.enumerated() where splits[Int(image)] == split {
            let mask = masks[sample * grid..<(sample + 1) * grid]
            guard keepEmpty || mask.contains(1) else { continue }
            for channel in 0..<channels {
                let map = (Int(image) * channels + channel) * grid
                var sum: Float = 0
                for (place, inside) in mask.enumerated() where inside == 1 { sum += maps[map + place] * maskScale }
                pooled.append(sum / Float(grid))
            }
            lists.append(Array(concepts[Int(offsets[sample])..<Int(offsets[sample + 1])]))
        }
        return ListedSamples(width: channels, features: pooled, lists: lists)
    }

    private func conceptVectors(_ file: HDF5File) throws -> Tensor {
        let tokens = try file.readStrings("concepts/token")
        let text = try String(contentsOfFile: referencePath("data/glove.6B.300d.sample.txt"), encoding: .utf8)
        var vectors: [String: [Float]] = [:]
        for line in text.split(separator: "\n") {
            let word = String(line.prefix { $0 != " " })
            if tokens.contains(word) { vectors[word] = line.split(separator: " ").dropFirst().map { Float($0)! } }
        }
        return Tensor(shape: [tokens.count, 300], data: try tokens.flatMap { try #require(vectors[$0]) })
    }

    private func follow(_ name: String, options: TrainingOptions, features: String, keepEmpty: Bool, maskScale: Float)
        throws
    {
        let file = try HDF5File.open(referencePath("reference/" + name), trusted: true)
        let training = try samples(file, split: 0, features: features, keepEmpty: keepEmpty, maskScale: maskScale)
        let validation = try samples(file, split: 1, features: features, keepEmpty: keepEmpty, maskScale: maskScale)
        var trainer = try Trainer(
            options: options, concepts: conceptVectors(file), initial: Explainer(from: file, at: "/explainer_init"))
        for _ in 0..<options.epochs { try trainer.runEpoch(training: training, validation: validation) }

        let steps = try file.read("training/step_loss", as: Double.self),
            epochs = try file.read("training/epoch", as: Double.self)
        let found = trainer.history.flatMap(\.stepLosses)
        #expect(found.count == steps.count)
        for (step, (ours, golden)) in zip(found, steps).enumerated() {
            #expect(abs(ours - golden) <= 1e-4 * golden, "step \(step): \(ours), expected \(golden)")
        }
        for (epoch, report) in trainer.history.enumerated() {
            let row = Array(epochs[epoch * 6..<epoch * 6 + 6])
            #expect(abs(report.trainLoss - row[0]) <= 1e-4 * row[0])
            #expect(abs(report.validLoss - row[1]) <= 1e-4 * row[1])
            #expect(report.validHits.map { Float($0) } == row[2...].map { Float($0) }, "epoch \(epoch)")
        }
        let golden = try Explainer(from: file, at: "/explainer")
        for name in [
            "linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias", "bn1.weight", "bn1.bias", "bn2.weight",
            "bn2.bias",
            "bn1.running_mean", "bn1.running_var", "bn2.running_mean", "bn2.running_var",
        ] {
            let ours = try #require(trainer.current.tensor(name)).data, theirs = try #require(golden.tensor(name)).data
            #expect(
                relativeError(ours, theirs) < 1e-3 || largestDifference(ours, theirs) < 1e-6,
                "\(name): \(relativeError(ours, theirs))")
        }
    }

    @Test func paper() throws {
        let options = TrainingOptions(epochs: 3, batchSize: 16, dropout: 0, shuffle: false, threads: 2)
        try follow("golden-paper.h5", options: options, features: "features", keepEmpty: false, maskScale: 1)
    }

    @Test func fact2023() throws {
        let options = TrainingOptions(
            epochs: 3, batchSize: 16, optimiser: .dadaptAdam, dropout: 0, shuffle: false, frozenBatchNorm: true)
        try follow(
            "golden-fact2023.h5", options: options, features: "features_training", keepEmpty: true, maskScale: 1 / 255)
    }
}
