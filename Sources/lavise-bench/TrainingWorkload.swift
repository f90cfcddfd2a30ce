import Fingerprints
import HDF5
import Networks
import Tensors

/// Steps of the explainer's training, one after the other as an epoch has them: forward with dropout, loss, ranks,
/// backward, Adam.
final class TrainingWorkload: BenchWorkload {
    static let concepts = 850, batch = 512, outputs = 300
    /// Of a run: a single one would mostly be the waking of threads and the filling of caches.
    static let stepsARun = 16
    /// Steps without dropout whose losses are compared.
    static let comparedSteps = 3

    let name: String
    let title: String
    let items = TrainingWorkload.batch * TrainingWorkload.stepsARun
    let unit = "instances"
    let flop: Double, bytes: Double
    private let initial: Explainer
    private let concepts: Tensor
    private let input: [Float]
    private let positives: [[Int32]]
    private let state: State
    private var steps = 0

    /// An explainer in training.
    private final class State {
        let work: TrainingStep
        private let input: [Float]
        var adam: Adam
        private let parameters: FloatStorage, statistics: FloatStorage

        init(_ explainer: Explainer, concepts: Tensor, input: [Float], positives: [[Int32]], dropout: Double) {
            parameters = FloatStorage(count: explainer.parameters.count)
            statistics = FloatStorage(count: explainer.statistics.count)
            parameters.address.update(from: explainer.parameters, count: explainer.parameters.count)
            statistics.address.update(from: explainer.statistics, count: explainer.statistics.count)
            work = TrainingStep(
                layout: explainer.layout, loss: CSMRLoss(concepts: concepts),
                options: TrainingOptions(dropout: dropout, threads: benchThreads),
                batch: TrainingWorkload.batch, parameters: parameters.address, statistics: statistics.address)
            self.input = input
            work.setPositives(positives)
            adam = Adam(count: explainer.parameters.count, learningRate: 1e-4)
        }

        func step(_ stream: String) throws -> Double {
            let loss = try work.run(input, count: TrainingWorkload.batch, stream: stream)
            try adam.step(parameters.address, work.gradients, on: work.team)
            return loss
        }
    }

    init(inputs d: Int) throws {
        name = "train\(d)"
        title = "explainer training step, d \(d), \(Self.concepts) concepts, batch \(Self.batch)"
        var random = RandomSource(seed: 0, stream: "bench/training")
        input = (0..<Self.batch * d).map { _ in Float(max(0, random.normal())) }
        concepts = Tensor(
            shape: [Self.concepts, Self.outputs],
            data: (0..<Self.concepts * Self.outputs).map { _ in Float(random.normal()) })
        positives = (0..<Self.batch).map { _ in
            Array(Set((0...random.below(3)).map { _ in Int32(random.below(Self.concepts)) })).sorted()
        }
        initial = Explainer(inputs: d, outputs: Self.outputs, seed: 0)
        state = State(initial, concepts: concepts, input: input, positives: positives, dropout: 0.1)
        // Three products of each Linear layer, two of the loss; Adam reads four numbers a parameter and writes three.
        let products = 3 * (d * d + d * Self.outputs) + 2 * Self.outputs * Self.concepts
        flop = 2 * Double(Self.batch) * Double(products) * Double(Self.stepsARun)
        bytes = 28 * Double(initial.parameters.count) * Double(Self.stepsARun)
    }

    func writeInputs(to file: HDF5File) throws {
        try file.write("steps", [Int64(Self.stepsARun)])
        try file.write("x", input, shape: [Self.batch, initial.inputs])
        try file.write("concepts", concepts.data, shape: concepts.shape)
        var target = [UInt8](repeating: 0, count: Self.batch * Self.concepts)
        for (row, list) in positives.enumerated() {
            for concept in list { target[row * Self.concepts + Int(concept)] = 1 }
        }
        try file.write("target", target, shape: [Self.batch, Self.concepts])
        try initial.write(to: file, at: "/explainer")
    }

    func writeOutputs(to file: HDF5File) throws {
        let state = State(initial, concepts: concepts, input: input, positives: positives, dropout: 0)
        try file.write("losses", try (0..<Self.comparedSteps).map { try state.step("compared/\($0)") })
    }

    func run() throws {
        for _ in 0..<Self.stepsARun {
            steps += 1
            _ = try state.step("bench/\(steps)")
        }
    }
}
