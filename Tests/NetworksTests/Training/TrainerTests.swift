import Foundation
import HDF5
import Networks
import Synchronization
import Tensors
import Testing

/// Training from end to end on samples drawn from a few clusters.
@Suite struct Training {
    private static let concepts = Tensor(
        shape: [12, 16], data: (0..<192).map { (i: Int) -> Float in Float((i * i * 7919 + i * 104_729) % 1009) - 504 })

    private static func samples(_ count: Int, from first: Int) -> ListedSamples {
        let width = 24
        var features: [Float] = [], lists: [[Int32]] = []
        for sample in first..<first + count {
            let concept = sample % 12
            for i in 0..<width {
                let signal = (concept * 31 + i * i * 7) % 19, noise = (sample * 7919 + i * 104_729) % 101
                features.append(Float(signal) + Float(noise) / 50)
            }
            lists.append(sample % 3 == 0 ? [Int32(concept), Int32((concept + 1) % 12)].sorted() : [Int32(concept)])
        }
        return ListedSamples(width: width, features: features, lists: lists)
    }

    private static let batch = 30
    private static let training = samples(331, from: 0), validation = samples(60, from: 1000)
    /// Validation samples whose positives are wrong: the better the explainer, the worse its loss.
    private static let wrong = ListedSamples(
        width: 24, features: validation.features, lists: validation.lists.map { $0.map { ($0 + 6) % 12 } })

    private func trainer(_ change: (inout TrainingOptions) -> Void = { _ in }) throws -> Trainer {
        var options = TrainingOptions(epochs: 4, batchSize: Training.batch, learningRate: 5e-3, seed: 3)
        change(&options)
        return try Trainer(
            options: options, concepts: Training.concepts, initial: Explainer(inputs: 24, outputs: 16, seed: 3))
    }

    private func run(_ trainer: Trainer, epochs: Int) throws -> Trainer {
        var trainer = trainer
        for _ in 0..<epochs { try trainer.runEpoch(training: Training.training, validation: Training.validation) }
        return trainer
    }

    @Test func learns() throws {
        let trainer = try run(trainer(), epochs: 12)
        let first = try #require(trainer.history.first), last = try #require(trainer.history.last)
        #expect(last.trainLoss < 0.7 * first.trainLoss && last.validLoss < first.validLoss)
        #expect(
            last.validHits[0] > 0.7 && last.trainHits[0] > 0.7, "chance is 0.11: \(last.validHits) \(last.trainHits)")
        for report in trainer.history {
            #expect(report.stepLosses.count == 11)  // a 12th batch would hold a single sample
            #expect(report.trainHits == report.trainHits.sorted() && report.validHits == report.validHits.sorted())
        }
    }

    @Test(arguments: Optimiser.allCases) func threadsDoNotMatter(optimiser: Optimiser) throws {
        let one = try run(
            trainer {
                $0.optimiser = optimiser; $0.batchSize = 100
            }, epochs: 2)
        for threads in [2, 3] {
            let more = try run(
                trainer {
                    $0.optimiser = optimiser; $0.batchSize = 100; $0.threads = threads
                }, epochs: 2)
            #expect(more.current == one.current && more.history == one.history)
        }
    }

    @Test func theSeedMatters() throws {
        let one = try run(trainer(), epochs: 1)
        #expect(try run(trainer(), epochs: 1).current == one.current)
        #expect(try run(trainer { $0.seed = 4 }, epochs: 1).current != one.current)
        #expect(try run(trainer { $0.dropout = 0 }, epochs: 1).current != one.current)
        #expect(try run(trainer { $0.shuffle = false }, epochs: 1).current != one.current)
    }

    /// Every epoch has an order of its own: a permutation of the samples.
    @Test func everyEpochIsShuffledAnew() throws {
        let source = OrderedSamples(Training.training)
        var trainer = try trainer { $0.dropout = 0 }
        var orders: [[Int]] = []
        for _ in 0..<3 {
            source.order.withLock { $0 = [] }
            try trainer.runEpoch(training: source, validation: Training.validation)
            orders.append(source.order.withLock { $0 })
        }
        // A last batch of one is left out.
        #expect(orders.allSatisfy { Set($0).count == 330 && $0 != $0.sorted() })
        #expect(Set(orders).count == 3)
    }

    /// A step ends when the next batch is read already, and no batch is read before its turn.
    @Test func theNextBatchIsReadWhileOneIsComputed() throws {
        let source = OrderedSamples(Training.training)
        var trainer = try trainer { $0.shuffle = false }
        var most = 0
        try trainer.runEpoch(training: source, validation: Training.validation) { step, steps in
            let batch = Training.batch
            while step < steps, source.order.withLock({ $0.count }) < min((step + 1) * batch, 330) { usleep(100) }
            most = max(most, source.order.withLock { $0.count } - step * batch)
        }
        #expect(most == Training.batch)
        #expect(source.order.withLock { $0 } == Array(0..<330))
    }

    /// Training takes the same samples whether none is at hand, some or all; only for the others a disk is asked, and
    /// waited for.
    @Test func samplesAtHandAreTheSameSamples() throws {
        func train(_ source: any SampleSource) throws -> Trainer {
            // More than one thread takes at a time.
            var trainer = try trainer { $0.batchSize = 150 }
            try trainer.runEpoch(training: source, validation: Training.validation)
            return trainer
        }
        let plain = try train(Training.training)
        for share in [1, 3, 1000] {
            let source = SamplesAtHand(Training.training, missing: { $0 % share == 0 })
            let trained = try train(source)
            #expect(trained.current == plain.current && trained.history == plain.history)
            let read = source.read.withLock { $0 }
            #expect(read.allSatisfy { $0 % share == 0 } && source.expected.withLock { $0 } == read)
            #expect(read.count == Set(read).count && read.isEmpty == false)
        }
    }

    /// A batch that cannot be read ends the epoch when it is its turn: the steps before it are done.
    @Test func aBatchThatCannotBeReadEndsTheEpochInItsTurn() throws {
        struct Failure: Error, Equatable { let row: Int }
        struct Failing: SampleSource {
            let samples: ListedSamples
            var count: Int { samples.count }
            var width: Int { samples.width }
            func read(_ rows: ArraySlice<Int>, into destination: UnsafeMutablePointer<Float>) throws {
                if let row = rows.first(where: { $0 >= 2 * Training.batch }) { throw Failure(row: row) }
                try samples.read(rows, into: destination)
            }
            func positives(_ row: Int) -> [Int32] { samples.positives(row) }
        }
        var trainer = try trainer { $0.shuffle = false }
        var steps = 0
        #expect(throws: Failure(row: 2 * Training.batch)) {
            try trainer.runEpoch(
                training: Failing(samples: Training.training), validation: Training.validation
            ) { step, _ in steps = step }
        }
        #expect(steps == 2)
    }

    /// The same batch four times, and a rate that changes nothing: the losses differ by what dropout drops.
    @Test func everyStepDropsAnew() throws {
        let batch = Training.training.features.prefix(30 * 24), lists = Training.training.lists.prefix(30)
        let samples = ListedSamples(
            width: 24, features: (0..<4).flatMap { _ in batch }, lists: (0..<4).flatMap { _ in lists })
        func losses(_ dropout: Double) throws -> Set<Double> {
            var trainer = try trainer {
                $0.dropout = dropout; $0.shuffle = false; $0.learningRate = 1e-30
            }
            return Set(try trainer.runEpoch(training: samples, validation: Training.validation).stepLosses)
        }
        #expect(try losses(0).count == 1 && losses(0.5).count == 4)
    }

    /// With two concepts every positive is first or second: hit@5 is always 1, and hit@1 not where the samples are of
    /// the other concept.
    @Test func aHitIsBelowK() throws {
        let concepts = Tensor(shape: [2, 16], data: Array(Training.concepts.data.prefix(32)))
        func samples(_ other: Int) -> ListedSamples {
            ListedSamples(
                width: 24, features: Training.training.features,
                lists: (0..<331).map { [Int32(($0 % 12 / 6 + other) % 2)] })
        }
        let options = TrainingOptions(epochs: 8, batchSize: 30, learningRate: 5e-3, seed: 3)
        var trainer = try Trainer(
            options: options, concepts: concepts, initial: Explainer(inputs: 24, outputs: 16, seed: 3))
        for _ in 0..<8 { try trainer.runEpoch(training: samples(0), validation: samples(1)) }
        let hits = try #require(trainer.history.last).validHits
        #expect(hits[0] < 0.5 && hits[1] == 1, "\(hits)")
    }

    /// A validation loss that is no number ends the training, and is told as such.
    @Test func aValidationThatIsNoNumberEndsTheTraining() throws {
        var features = Training.validation.features
        features[5] = .nan
        let broken = ListedSamples(width: 24, features: features, lists: Training.validation.lists)
        var trainer = try trainer()
        let error = #expect(throws: TrainingError.self) {
            try trainer.runEpoch(training: Training.training, validation: broken)
        }
        #expect("\(String(describing: error))".contains("nan"), "\(String(describing: error))")
    }

    @Test func dropoutZeroNeedsNoRandomNumbers() throws {
        let one = try run(
            trainer {
                $0.dropout = 0; $0.shuffle = false
            }, epochs: 1)
        #expect(
            try run(
                trainer {
                    $0.dropout = 0; $0.shuffle = false; $0.seed = 77
                }, epochs: 1
            ).current == one.current)
    }

    /// Saved and loaded after every epoch, or not at all: the same numbers, and the same bytes in the file.
    @Test(arguments: Optimiser.allCases) func resumes(optimiser: Optimiser) throws {
        try withTemporaryFolder { folder in
            let straight = try run(
                trainer {
                    $0.optimiser = optimiser; $0.plateauPatience = 0; $0.learningRate = 0.05
                }, epochs: 4)
            var resumed = try trainer {
                $0.optimiser = optimiser; $0.plateauPatience = 0; $0.learningRate = 0.05
            }
            for _ in 0..<4 {
                resumed = try run(resumed, epochs: 1)
                try resumed.save(to: folder + "/state.h5")
                resumed = try Trainer.load(
                    from: folder + "/state.h5", options: resumed.options, concepts: Training.concepts)
            }
            #expect(
                resumed.current == straight.current && resumed.best == straight.best
                    && resumed.history == straight.history)
            try straight.save(to: folder + "/straight.h5")
            #expect(FileManager.default.contentsEqual(atPath: folder + "/state.h5", andPath: folder + "/straight.h5"))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["state.h5", "straight.h5"])
        }
    }

    /// What a resumed training must remember shows where the best epoch is not the last, and the rate falls after
    /// several bad ones.
    @Test func resumesWithTheBestEpochAndTheBadOnes() throws {
        try withTemporaryFolder { folder in
            let training = Training.training, wrong = Training.wrong
            var straight = try trainer { $0.plateauPatience = 2 }, resumed = straight
            for epoch in 1...7 {
                try straight.runEpoch(training: training, validation: wrong)
                try resumed.runEpoch(training: training, validation: wrong)
                try resumed.save(to: folder + "/state.h5")
                resumed = try Trainer.load(
                    from: folder + "/state.h5", options: resumed.options, concepts: Training.concepts)
                #expect(resumed.best == straight.best && resumed.current == straight.current, "epoch \(epoch)")
            }
            #expect(straight.best != straight.current && resumed.history == straight.history)
            // The second and third drop need the best loss of the plateau too, and the count from 0 again.
            let rates = straight.history.map(\.learningRate)
            #expect(Set(rates).count >= 2 && rates[0] == rates[2], "the case does not show anything: \(rates)")
        }
    }

    /// Every concept is a positive of the validation samples, so that no hinge is left: the loss is 0 in every epoch.
    @Test func theFirstOfEqualEpochsIsKept() throws {
        let lists = (0..<331).map { [Int32($0 % 3)] }
        let training = ListedSamples(width: 24, features: Training.training.features, lists: lists)
        let everything = [[Int32]](repeating: [0, 1, 2], count: 60)
        let validation = ListedSamples(width: 24, features: Training.validation.features, lists: everything)
        let concepts = Tensor(shape: [3, 16], data: Array(Training.concepts.data.prefix(48)))
        let options = TrainingOptions(epochs: 3, batchSize: 30, learningRate: 5e-3, seed: 3)
        let initial = Explainer(inputs: 24, outputs: 16, seed: 3)
        var trainer = try Trainer(options: options, concepts: concepts, initial: initial)
        try trainer.runEpoch(training: training, validation: validation)
        let first = trainer.current
        for _ in 0..<2 { try trainer.runEpoch(training: training, validation: validation) }
        #expect(trainer.history.map(\.validLoss) == [0, 0, 0])
        #expect(trainer.best == first && trainer.current != first)
    }

    @Test func theDefaultsAreThePapers() {
        let options = TrainingOptions()
        #expect(options.epochs == 10 && options.batchSize == 512 && options.optimiser == .adam)
        #expect(options.learningRate == 1e-4 && options.dropout == 0.1 && options.shuffle)
        #expect(!options.frozenBatchNorm && options.hitKs == [1, 5, 10, 20])
        #expect(options.plateauFactor == 0.1 && options.plateauPatience == 10)
    }

    @Test func aStateOfAnotherTrainingIsRefused() throws {
        try withTemporaryFolder { folder in
            let trainer = try run(trainer(), epochs: 1)
            try trainer.save(to: folder + "/state.h5")
            var options = trainer.options
            options.seed = 9
            #expect(throws: TrainingError.self) {
                _ = try Trainer.load(from: folder + "/state.h5", options: options, concepts: Training.concepts)
            }
            options = trainer.options
            options.optimiser = .dadaptAdam
            #expect(throws: TrainingError.self) {
                _ = try Trainer.load(from: folder + "/state.h5", options: options, concepts: Training.concepts)
            }
            try Data("no HDF5".utf8).write(to: URL(filePath: folder + "/state.h5"))
            #expect(throws: HDF5Error.self) {
                _ = try Trainer.load(from: folder + "/state.h5", options: options, concepts: Training.concepts)
            }
        }
    }

    /// The best epoch is the one with the lowest validation loss, not the last.
    @Test func theBestEpochIsKept() throws {
        var trainer = try trainer()
        var byEpoch: [Explainer] = []
        for _ in 0..<5 {
            try trainer.runEpoch(training: Training.training, validation: Training.wrong)
            byEpoch.append(trainer.current)
        }
        let losses = trainer.history.map(\.validLoss)
        let best = try #require(losses.indices.min { losses[$0] < losses[$1] })
        #expect(best < 4, "the case does not show anything: \(losses)")
        #expect(trainer.best == byEpoch[best])
    }

    @Test func theRateFallsOnAPlateau() throws {
        var trainer = try trainer { $0.plateauPatience = 1 }
        for _ in 0..<6 { try trainer.runEpoch(training: Training.training, validation: Training.wrong) }
        let rates = trainer.history.map(\.learningRate)
        #expect(rates[0] == 5e-3 && rates.contains { abs($0 - 5e-4) < 1e-9 }, "\(rates)")
    }

    @Test func explainerAndHistoryInAFile() throws {
        try withTemporaryFolder { folder in
            let trainer = try run(trainer(), epochs: 2)
            let history = TrainingHistory(epochs: trainer.history, hitKs: trainer.options.hitKs)
            let written = try HDF5File.create(folder + "/explainer.h5")
            try trainer.best.write(to: written)
            try history.write(to: written)
            try written.close()
            let file = try HDF5File.open(folder + "/explainer.h5")
            #expect(try Explainer(from: file) == trainer.best)
            #expect(try TrainingHistory(from: file) == history)
            #expect(
                try file.shape(of: "/linear1/weight") == [24, 24] && file.shape(of: "/linear2/weight") == [16, 24])
            #expect(try file.shape(of: "/history") == [2, 11])
            #expect(
                history.columns.joined(separator: ",")
                    == "train_loss,valid_loss,train_hit@1,train_hit@5,train_hit@10,train_hit@20,"
                    + "valid_hit@1,valid_hit@5,valid_hit@10,valid_hit@20,learning_rate")
        }
    }

    @Test func damagedExplainersAreRefused() throws {
        try withTemporaryFolder { folder in
            let file = try HDF5File.create(folder + "/a.h5")
            try file.write("linear2/weight", [Float](repeating: 0, count: 6), shape: [2, 3])
            try file.write("bn1/weight", [Float](repeating: 0, count: 4))
            do {
                _ = try Explainer(from: file)
                Issue.record("was read")
            } catch {
                #expect("\(error)".contains("'/bn1/weight': has the shape [4], expected [3]"))
            }
        }
    }

    @Test func divergenceIsAnError() throws {
        var bad = Training.training.features
        bad[24 * 100] = .nan
        var trainer = try trainer { $0.shuffle = false }
        do {
            try trainer.runEpoch(
                training: ListedSamples(width: 24, features: bad, lists: Training.training.lists),
                validation: Training.validation)
            Issue.record("trained on NaN")
        } catch {
            #expect("\(error)".contains("epoch 1, step 4") && "\(error)".contains("learningRate"))
        }
    }

    @Test func samplesThatDoNotSuit() throws {
        let good = Training.training
        for (training, validation, reason) in [
            (ListedSamples(width: 12, features: good.features, lists: good.lists), Training.validation, "12 features"),
            (good, ListedSamples(width: 24, features: [], lists: []), "0 validation samples"),
            (
                ListedSamples(width: 24, features: good.features, lists: [[0]]), Training.validation,
                "1 training samples"
            ),
            (
                ListedSamples(width: 24, features: good.features, lists: [[0], []]), Training.validation,
                "positive concepts []"
            ),
            (ListedSamples(width: 24, features: good.features, lists: [[12], [1]]), Training.validation, "0..<12"),
        ] {
            var trainer = try trainer()
            do {
                try trainer.runEpoch(training: training, validation: validation)
                Issue.record("trained: \(reason)")
            } catch {
                #expect("\(error)".contains(reason), "\(error)")
            }
        }
        #expect(throws: TrainingError.self) {
            _ = try Trainer(
                options: TrainingOptions(), concepts: Tensor(zeros: [3, 9]),
                initial: Explainer(inputs: 4, outputs: 8, seed: 0))
        }
        #expect(throws: TrainingError.self) { _ = try self.trainer { $0.batchSize = 1 } }
    }

    @Test func initialisationIsPyTorchs() {
        let explainer = Explainer(inputs: 100, outputs: 30, seed: 5)
        #expect(
            explainer == Explainer(inputs: 100, outputs: 30, seed: 5)
                && explainer != Explainer(inputs: 100, outputs: 30, seed: 6))
        for name in ["linear1.weight", "linear2.weight"] {
            let values = explainer.tensor(name)?.data ?? []
            #expect(
                values.allSatisfy { abs($0) <= 0.1 } && values.contains { $0 > 0.099 }
                    && values.contains { $0 < -0.099 })
            let variance = values.reduce(0.0) { $0 + Double($1 * $1) } / Double(values.count)
            #expect(abs(variance - 0.01 / 3) < 2e-4)
        }
        #expect(explainer.tensor("bn1.weight")?.data == [Float](repeating: 1, count: 100))
        #expect(explainer.tensor("bn2.running_mean")?.data == [Float](repeating: 0, count: 100))
        #expect(explainer.tensor("no.such") == nil)
    }
}

/// Samples that keep the order in which they are asked for.
private final class OrderedSamples: SampleSource {
    let order = Mutex<[Int]>([])
    private let samples: ListedSamples

    init(_ samples: ListedSamples) { self.samples = samples }

    var count: Int { samples.count }
    var width: Int { samples.width }

    func read(_ rows: ArraySlice<Int>, into destination: UnsafeMutablePointer<Float>) throws {
        try samples.read(rows, into: destination)
    }

    func positives(_ row: Int) -> [Int32] {
        order.withLock { $0.append(row) }
        return samples.positives(row)
    }
}

/// Samples of which some are at hand: keeps those that a disk was asked for, and those that were waited for.
private final class SamplesAtHand: SampleSource {
    let expected = Mutex<[Int]>([]), read = Mutex<[Int]>([])
    private let samples: ListedSamples
    private let missing: @Sendable (Int) -> Bool

    init(_ samples: ListedSamples, missing: @escaping @Sendable (Int) -> Bool) {
        (self.samples, self.missing) = (samples, missing)
    }

    var count: Int { samples.count }
    var width: Int { samples.width }

    func read(_ rows: ArraySlice<Int>, into destination: UnsafeMutablePointer<Float>) throws {
        read.withLock { $0 += rows }
        try samples.read(rows, into: destination)
    }

    func readAtHand(_ rows: ArraySlice<Int>, into destination: UnsafeMutablePointer<Float>) -> [Int] {
        rows.enumerated().filter { place, row in
            guard !missing(row) else { return true }
            try? samples.read([row], into: destination + place * width)
            return false
        }.map(\.offset)
    }

    func expect(_ row: Int) { expected.withLock { $0.append(row) } }
    func positives(_ row: Int) -> [Int32] { samples.positives(row) }
}
