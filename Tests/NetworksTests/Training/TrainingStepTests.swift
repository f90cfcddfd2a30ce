import Fingerprints
import HDF5
import Networks
import Tensors
import Testing

/// One step's forward, loss and gradients beside PyTorch's: `Fixtures/Training/make_step.py`.
@Suite struct OneStep {
    private func lists(_ file: HDF5File) throws -> [[Int32]] {
        let target: [UInt8] = try file.read("target"), shape = try file.shape(of: "target")
        return (0..<shape[0]).map { row in (0..<shape[1]).filter { target[row * shape[1] + $0] == 1 }.map(Int32.init) }
    }

    private func concepts(_ file: HDF5File) throws -> Tensor {
        Tensor(shape: try file.shape(of: "concepts"), data: try file.read("concepts"))
    }

    @Test(arguments: ["training", "frozen"]) func gradients(kind: String) throws {
        let file = try trainingFixture("step.h5")
        var explainer = try Explainer(from: file, at: "/explainer")
        let options = TrainingOptions(dropout: 0, frozenBatchNorm: kind == "frozen", threads: 2)
        let x: [Float] = try file.read("x"), count = x.count / explainer.inputs
        let layout = explainer.layout
        try explainer.withStorage { parameters, statistics in
            let step = TrainingStep(
                layout: layout, loss: CSMRLoss(concepts: try concepts(file)), options: options, batch: count,
                parameters: parameters, statistics: statistics)
            step.setPositives(try lists(file))
            let loss = try step.run(x, count: count, stream: "test")
            let losses: [Float] = try file.read(kind + "/losses"), ranks: [Int32] = try file.read(kind + "/ranks")
            for row in 0..<count { #expect(abs(Float(step.losses[row]) - losses[row]) < 1e-5 * losses[row]) }
            #expect(abs(loss - losses.reduce(0.0) { $0 + Double($1) } / Double(count)) < 1e-5 * loss)
            #expect((0..<count).map { step.ranks[$0] } == ranks)
            for entry in layout.parameters {
                let golden: [Float] = try file.read(
                    "\(kind)/gradients/" + entry.name.split(separator: ".").joined(separator: "/"))
                #expect(relativeError(entry.range.map { step.gradients[$0] }, golden) < 1e-4, "\(entry.name)")
            }
        }
        for entry in layout.statistics {
            let path = entry.name.split(separator: ".").joined(separator: "/")
            let golden: [Float] =
                kind == "frozen" ? try file.read("explainer/" + path) : try file.read("training/" + path)
            #expect(relativeError(Array(explainer.statistics[entry.range]), golden) < 1e-5, "\(entry.name)")
        }
    }

    @Test func predictionInEvalMode() throws {
        let file = try trainingFixture("step.h5")
        let explainer = try Explainer(from: file, at: "/explainer")
        let x: [Float] = try file.read("x"), golden: [Float] = try file.read("prediction")
        var ours = [Float](repeating: 0, count: golden.count)
        explainer.predict(x, count: x.count / explainer.inputs, into: &ours)
        #expect(relativeError(ours, golden) < 1e-5)
    }

    /// A feature that never varied: 1 / √(0 + 10⁻⁵) = 316.2278, and behind the ReLU 1 / √(1 + 10⁻⁵).
    @Test func aVarianceOfZeroIsHeldByEpsilon() {
        var explainer = Explainer(inputs: 1, outputs: 1, seed: 0)
        let layout = explainer.layout
        explainer.withStorage { parameters, statistics in
            for entry in layout.parameters where entry.name.hasPrefix("linear") {
                parameters[entry.range.lowerBound] = entry.name.hasSuffix("weight") ? 1 : 0
            }
            for entry in layout.statistics where entry.name == "bn1.running_var" {
                statistics[entry.range.lowerBound] = 0
            }
        }
        var prediction: [Float] = [0]
        explainer.predict([1], count: 1, into: &prediction)
        #expect(abs(prediction[0] - 316.2262) < 1e-3)
    }

    /// A prediction that is no number has no loss, and not the loss 0.
    @Test func theLossOfNoNumberIsNone() {
        let loss = CSMRLoss(concepts: Tensor(shape: [2, 2], data: [1, 0, 0, 1]))
        var cosines: [Float] = [0, 0], losses = [0.0], ranks: [Int32] = [-1]
        let positives: [Int32] = [0]
        positives.withUnsafeBufferPointer { positives in
            loss.evaluate(
                [.nan, 1], count: 1, positives: { _ in positives }, cosines: &cosines, losses: &losses, ranks: &ranks)
        }
        #expect(losses[0].isNaN)
    }

    /// Of 4096 numbers a tenth or a quarter is dropped; one deviation is 0.5 and 0.7 %.
    @Test(arguments: [0.1, 0.25]) func dropoutDropsItsShare(dropout: Double) {
        var random = RandomSource(seed: 1, stream: "share"), kept = [UInt8](repeating: 7, count: 64 * 64)
        BatchNormalisation.draw(0..<64, rows: 64, width: 64, dropout: dropout, &random, &kept)
        let share = Double(kept.count { $0 == 0 }) / 4096
        #expect(kept.allSatisfy { $0 < 2 } && abs(share - dropout) < 0.03, "\(share)")
    }

    /// A row's prediction is the same alone and among others, wherever it stands.
    @Test func predictionDoesNotDependOnTheBatch() {
        let explainer = Explainer(inputs: 37, outputs: 11, seed: 4)
        let x = (0..<200 * 37).map { (place: Int) -> Float in Float((place * 7919) % 1009) / 1009 }
        var all = [Float](repeating: 0, count: 200 * 11)
        explainer.predict(x, count: 200, into: &all)
        for (start, count) in [
            (0, 1), (1, 1), (64, 1), (127, 2), (199, 1), (0, 17), (37, 63), (64, 65), (3, 197), (192, 8),
        ] {
            var some = [Float](repeating: 0, count: count * 11)
            explainer.predict(Array(x[start * 37..<(start + count) * 37]), count: count, into: &some)
            #expect(some == Array(all[start * 11..<(start + count) * 11]))
        }
    }

    /// Concepts 2, 5 and 7 have the same vector; 5 is positive: of the equally near ones, only the lower index goes
    /// before it.
    @Test func tiesGoToTheLowerIndex() {
        var vectors = [Float](repeating: 0, count: 9 * 4)
        for concept in 0..<9 {
            vectors[concept * 4 + (concept == 2 || concept == 5 || concept == 7 ? 1 : concept % 2 * 2)] = 1
        }
        let loss = CSMRLoss(concepts: Tensor(shape: [9, 4], data: vectors))
        let prediction: [Float] = [0, 2, 0, 0]
        var cosines = [Float](repeating: 0, count: 9), losses = [0.0], ranks: [Int32] = [-1]
        let positives: [Int32] = [5, 8]
        positives.withUnsafeBufferPointer { positives in
            loss.evaluate(
                prediction, count: 1, positives: { _ in positives }, cosines: &cosines, losses: &losses, ranks: &ranks)
        }
        #expect(ranks == [1])
        // s⁺ = (1 + 0) / 2; outside P: two with cosine 1, five with cosine 0
        #expect(losses == [2 * 1.5 + 5 * 0.5])
    }

    /// Loss and gradient beside the formula in double precision, where few hinges are closed and where many are.
    @Test(arguments: [0.3, 3.0]) func lossAndGradientOfManyConcepts(spread: Double) {
        let concepts = 203, width = 10, rows = 31
        var state: UInt32 = 5
        func number() -> Double {
            state = state &* 1_664_525 &+ 1_013_904_223
            return Double(state >> 8) / Double(1 << 23) - 1
        }
        // All vectors near one direction, or all over the place.
        let vectors = (0..<concepts * width).map { Float(spread * number() + ($0 % width == 0 ? 1 : 0)) }
        let lists = (0..<rows).map { row in (0...row % 3).map { Int32((row * 29 + $0 * 67) % concepts) }.sorted() }
        // Near the first positive concept.
        let predictions = (0..<rows * width).map {
            vectors[Int(lists[$0 / width][0]) * width + $0 % width] + Float(0.1 * number())
        }
        var cosines = [Float](repeating: 0, count: rows * concepts), losses = [Double](repeating: 0, count: rows)
        var ranks = [Int32](repeating: 0, count: rows), gradient = [Float](repeating: 0, count: rows * width)
        let flat = lists.flatMap { $0 }, offsets = lists.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        flat.withUnsafeBufferPointer { flat in
            CSMRLoss(concepts: Tensor(shape: [concepts, width], data: vectors)).evaluate(
                predictions, count: rows,
                positives: { UnsafeBufferPointer(rebasing: flat[offsets[$0]..<offsets[$0 + 1]]) }, cosines: &cosines,
                losses: &losses, ranks: &ranks, gradient: &gradient, scale: 0.25)
        }
        let units = (0..<concepts).map { unit(vectors[$0 * width..<($0 + 1) * width].map(Double.init)) }
        var closed = 0
        for row in 0..<rows {
            let prediction = predictions[row * width..<(row + 1) * width].map(Double.init), direction = unit(prediction)
            let norm = product(prediction, prediction).squareRoot(), similar = units.map { product($0, direction) }
            let positives = Set(lists[row].map(Int.init)),
                mean = positives.reduce(0.0) { $0 + similar[$1] } / Double(positives.count)
            let open = units.indices.filter { !positives.contains($0) && 1 - mean + similar[$0] > 0 }
            closed += concepts - open.count
            let loss = open.reduce(0.0) { $0 + 1 - mean + similar[$1] }
            var slope = [Double](repeating: 0, count: width)
            for i in 0..<width {
                for concept in open { slope[i] += units[concept][i] }
                for concept in positives {
                    slope[i] -= units[concept][i] * Double(open.count) / Double(positives.count)
                }
            }
            let along = product(slope, direction)
            let expected = (0..<width).map { Float(0.25 * (slope[$0] - direction[$0] * along) / norm) }
            #expect(abs(losses[row] - loss) < 1e-5 * loss)
            #expect(relativeError(Array(gradient[row * width..<(row + 1) * width]), expected) < 1e-4)
            let nearest = positives.map { similar[$0] }.max() ?? 0
            #expect(Int(ranks[row]) == similar.count { $0 > nearest + 1e-6 })
        }
        #expect(
            spread < 1 ? closed < rows * concepts / 20 : closed > rows * concepts / 8,
            "the case does not show what it should: \(closed)")
    }

    private func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

    private func unit(_ vector: [Double]) -> [Double] {
        let norm = product(vector, vector).squareRoot()
        return vector.map { $0 / norm }
    }

    @Test func dropoutFollowsItsStream() throws {
        let concepts = Tensor(shape: [3, 5], data: (0..<15).map { Float($0 % 7) })
        func loss(_ stream: String, _ dropout: Double) throws -> Double {
            var explainer = Explainer(inputs: 128, outputs: 5, seed: 1)
            let layout = explainer.layout
            return try explainer.withStorage { parameters, statistics in
                let step = TrainingStep(
                    layout: layout, loss: CSMRLoss(concepts: concepts), options: TrainingOptions(dropout: dropout),
                    batch: 64,
                    parameters: parameters, statistics: statistics)
                let x = (0..<64 * 128).map { (place: Int) -> Float in Float((place * 7919) % 1009) }
                step.setPositives((0..<64).map { [Int32($0 % 3)] })
                return try step.run(x, count: 64, stream: stream)
            }
        }
        #expect(try loss("a", 0.1) == loss("a", 0.1))
        #expect(try loss("a", 0.1) != loss("b", 0.1))
        #expect(try loss("a", 0) == loss("b", 0))
    }

    /// Gradients with dropout beside differences of the loss, whose dropout is the same in every run of one stream. The
    /// weight and bias of bn1 are far from 1 and 0, and the batch is no multiple of anything.
    @Test(arguments: [0.1, 0.6], [false, true]) func gradientsWithDropout(dropout: Double, frozen: Bool) throws {
        let d = 600, count = 45
        var random = RandomSource(seed: 2, stream: "differences")
        let concepts = Tensor(shape: [20, 8], data: (0..<160).map { _ in Float(random.normal()) })
        var explainer = Explainer(inputs: d, outputs: 8, seed: 1)
        let layout = explainer.layout
        try explainer.withStorage { parameters, statistics in
            for entry in layout.parameters where entry.name.hasPrefix("bn") {
                for index in entry.range { parameters[index] = Float(random.uniform(-2, 2)) }
            }
            let running = (0..<layout.statistics.map(\.range.count).reduce(0, +)).map { statistics[$0] }
            let step = TrainingStep(
                layout: layout, loss: CSMRLoss(concepts: concepts),
                options: TrainingOptions(dropout: dropout, frozenBatchNorm: frozen, threads: frozen ? 1 : 2),
                batch: count, parameters: parameters, statistics: statistics)
            let x = (0..<count * d).map { _ in Float(random.normal()) }
            step.setPositives((0..<count).map { [Int32($0 % 20)] })
            func loss() throws -> Double {
                for (index, value) in running.enumerated() { statistics[index] = value }
                return try step.run(x, count: count, stream: "same")
            }
            _ = try loss()
            let gradients = (0..<layout.parameters[7].range.upperBound).map { step.gradients[$0] }
            for entry in layout.parameters {
                // Along the gradient, the loss rises by the square of its length.
                let length = entry.range.reduce(0.0) { $0 + Double(gradients[$1]) * Double(gradients[$1]) }.squareRoot()
                let before = entry.range.map { parameters[$0] }, reach = 2e-4
                let rises = try [-reach, reach].map { reach in
                    for index in entry.range {
                        parameters[index] =
                            before[index - entry.range.lowerBound] + Float(reach * Double(gradients[index]) / length)
                    }
                    return try loss()
                }
                for index in entry.range { parameters[index] = before[index - entry.range.lowerBound] }
                let slope = (rises[1] - rises[0]) / (2 * reach)
                #expect(abs(slope - length) < 0.02 * length, "\(entry.name): \(slope) measured, \(length) computed")
            }
        }
    }
}
