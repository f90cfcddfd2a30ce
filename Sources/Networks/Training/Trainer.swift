import Fingerprints
import Tensors

/// Trains an explainer (METHOD 5), an epoch at a time. The result depends on options, concepts, initial explainer and
/// samples alone: not on threads, nor on being saved and loaded between epochs.
public struct Trainer: Sendable {
    /// How it trains; nothing changes it from epoch to epoch.
    public let options: TrainingOptions
    /// The explainer after the last epoch.
    public internal(set) var current: Explainer
    /// The explainer after the epoch with the lowest validation loss: the result (before any epoch: the initial one).
    public internal(set) var best: Explainer
    /// The epochs done so far, the first one first.
    public internal(set) var history: [EpochReport] = []

    var optimiser: OptimiserState
    var plateau: Plateau
    let loss: CSMRLoss

    /// - Parameter concepts: vectors `[C, outputs]` of the concepts that take part; positives are indices of its rows.
    /// - Throws: `TrainingError.unusable` for vectors that are not `[C, outputs]`, finite and at least one, a batch
    ///   under 2, and a dropout outside [0, 1).
    public init(options: TrainingOptions, concepts: Tensor, initial: Explainer) throws {
        guard concepts.shape.count == 2, concepts.shape[1] == initial.outputs else {
            throw TrainingError.unusable(
                "the concept vectors have the shape \(concepts.shape), expected [concepts, \(initial.outputs)]")
        }
        guard concepts.shape[0] > 0 else { throw TrainingError.unusable("there are no concepts") }
        guard concepts.data.allSatisfy(\.isFinite) else {
            throw TrainingError.unusable("a concept vector has numbers that are not finite")
        }
        guard options.batchSize >= 2 else {
            throw TrainingError.unusable("a batch of \(options.batchSize): BatchNorm needs 2 or more")
        }
        guard (0..<1).contains(options.dropout) else {
            throw TrainingError.unusable("dropout \(options.dropout) is not in [0, 1)")
        }
        self.options = options
        current = initial
        best = initial
        loss = CSMRLoss(concepts: concepts)
        optimiser = OptimiserState(
            options.optimiser, count: initial.layout.parameterCount, learningRate: options.learningRate)
        plateau = Plateau(factor: options.plateauFactor, patience: options.plateauPatience)
    }

    /// One pass over the training samples, then one over the validation samples.
    ///
    /// A last batch of a single sample is left out. After an error the trainer is of no further use: load the last
    /// saved state.
    /// - Parameter progress: steps done, steps in the epoch; what it throws ends the epoch.
    /// - Throws: `TrainingError` (the loss is no number; samples that do not suit), and what the sources throw.
    @discardableResult
    public mutating func runEpoch(
        training: any SampleSource, validation: any SampleSource, progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> EpochReport {
        try check(training, least: 2, "training")
        try check(validation, least: 1, "validation")
        let epoch = history.count + 1
        var order = Array(0..<training.count)
        if options.shuffle {
            var random = RandomSource(seed: options.seed, stream: "train/shuffle/\(epoch)")
            random.shuffle(&order)
        }
        let trained = try train(epoch, order, training, progress)
        let valid = try validate(validation)
        guard valid.loss.isFinite else { throw TrainingError.diverged(epoch: epoch, step: 0, loss: "\(valid.loss)") }
        let isBest = history.allSatisfy { valid.loss < $0.validLoss }
        if isBest { best = current }
        let report = EpochReport(
            trainLoss: trained.loss, validLoss: valid.loss, trainHits: trained.hits, validHits: valid.hits,
            learningRate: trained.learningRate, stepLosses: trained.stepLosses)
        history.append(report)
        if case .adam(var adam) = optimiser {
            adam.learningRate = plateau.step(valid.loss, learningRate: adam.learningRate)
            optimiser = .adam(adam)
        }
        return report
    }

    private func check(_ source: any SampleSource, least: Int, _ name: String) throws {
        guard source.width == current.inputs else {
            throw TrainingError.unusable(
                "the \(name) samples have \(source.width) features, the explainer takes \(current.inputs)")
        }
        guard source.count >= least else {
            throw TrainingError.unusable(
                "\(source.count) \(name) samples, at least \(least) needed; has the split any annotated images?")
        }
    }

    private struct Outcome {
        var loss = 0.0
        var hits: [Double] = []
        var learningRate = 0.0
        var stepLosses: [Double] = []
    }

    private mutating func train(
        _ epoch: Int, _ order: [Int], _ source: any SampleSource, _ progress: (Int, Int) throws -> Void
    ) throws -> Outcome {
        let batches = stride(from: 0, to: order.count, by: options.batchSize)
            .map { order[$0..<min(order.count, $0 + options.batchSize)] }.filter { $0.count > 1 }
        var outcome = Outcome(), tally = Tally(options.hitKs)
        outcome.learningRate = optimiser.learningRate
        let layout = current.layout
        try current.withStorage { parameters, statistics in
            let work = TrainingStep(
                layout: layout, loss: loss, options: options, batch: min(options.batchSize, order.count),
                parameters: parameters, statistics: statistics)
            let reader = BatchReader(source, concepts: loss.concepts, batches: batches, team: work.team)
            for (step, batch) in batches.enumerated() {
                let (input, positives) = try reader.next()
                work.setPositives(positives)
                let mean = try work.run(input, count: batch.count, stream: "train/dropout/\(epoch)/\(step)")
                guard mean.isFinite else { throw TrainingError.diverged(epoch: epoch, step: step + 1, loss: "\(mean)") }
                try optimiser.step(parameters, work.gradients, on: work.team)
                outcome.stepLosses.append(mean)
                tally.add(work.losses, work.ranks, count: batch.count)
                try progress(step + 1, batches.count)
            }
        }
        if options.optimiser == .dadaptAdam { outcome.learningRate = optimiser.learningRate }
        (outcome.loss, outcome.hits) = (tally.meanLoss, tally.hits)
        return outcome
    }

    /// Loss and hits of `current` in eval mode.
    private func validate(_ source: any SampleSource) throws -> Outcome {
        let blocks = Blocks(source.count, of: 512)
        var tallies = [Tally](repeating: Tally(options.hitKs), count: blocks.count)
        try tallies.withUnsafeMutableBufferPointer { tallies in
            nonisolated(unsafe) let tallies = tallies  // a block writes its own place
            try concurrently(blocks.count, threads: options.threads) { [self] block in
                tallies[block] = try validate(blocks[block], of: source)
            }
        }
        var total = Tally(options.hitKs)
        for tally in tallies { total.add(tally) }
        return Outcome(loss: total.meanLoss, hits: total.hits)
    }

    private func validate(_ rows: Range<Int>, of source: any SampleSource) throws -> Tally {
        let count = rows.count, width = current.outputs
        let input = UnsafeMutablePointer<Float>.allocate(capacity: count * (current.inputs + width + loss.concepts))
        let losses = UnsafeMutablePointer<Double>.allocate(capacity: count),
            ranks = UnsafeMutablePointer<Int32>.allocate(capacity: count)
        defer {
            input.deallocate()
            losses.deallocate()
            ranks.deallocate()
        }
        let predictions = input + count * current.inputs
        try source.read(Array(rows)[...], into: input)
        current.predict(input, count: count, into: predictions)
        let lists = try rows.map { try source.positives($0, concepts: loss.concepts) }
        let flat = lists.flatMap { $0 }
        let offsets = lists.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        flat.withUnsafeBufferPointer { flat in
            loss.evaluate(
                predictions, count: count,
                positives: { UnsafeBufferPointer(rebasing: flat[offsets[$0]..<offsets[$0 + 1]]) },
                cosines: predictions + count * width, losses: losses, ranks: ranks)
        }
        var tally = Tally(options.hitKs)
        tally.add(losses, ranks, count: count)
        return tally
    }
}

extension SampleSource {
    /// The sample's positives, if they suit `concepts` concepts.
    /// - Throws: `TrainingError.unusable` if they do not.
    func positives(_ row: Int, concepts: Int) throws -> [Int32] {
        let positives = positives(row)
        guard !positives.isEmpty, positives.allSatisfy({ $0 >= 0 && $0 < Int32(concepts) }) else {
            throw TrainingError.unusable(
                "sample \(row) has the positive concepts \(positives), expected some of 0..<\(concepts)")
        }
        return positives
    }
}

/// Losses and hits of the samples seen so far.
private struct Tally: Sendable {
    private let ks: [Int]
    private var samples = 0
    private var loss = 0.0
    private var hitCounts: [Int]

    init(_ ks: [Int]) {
        self.ks = ks
        hitCounts = ks.map { _ in 0 }
    }

    mutating func add(_ losses: UnsafePointer<Double>, _ ranks: UnsafePointer<Int32>, count: Int) {
        samples += count
        for row in 0..<count {
            loss += losses[row]
            for (index, k) in ks.enumerated() where Int(ranks[row]) < k { hitCounts[index] += 1 }
        }
    }

    mutating func add(_ other: Tally) {
        samples += other.samples
        loss += other.loss
        for index in ks.indices { hitCounts[index] += other.hitCounts[index] }
    }

    var meanLoss: Double { loss / Double(samples) }
    var hits: [Double] { hitCounts.map { Double($0) / Double(samples) } }
}
