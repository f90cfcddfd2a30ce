import Fingerprints
import Tensors

/// The memory and the arithmetic of training steps: forward, loss, backward; no allocation after `init`.
///
/// Work is cut into blocks of rows or columns whose layout depends on shapes alone, so the bits do not depend on
/// threads.
package final class TrainingStep: @unchecked Sendable {  // blocks running at one time write to disjoint places
    private let layout: ExplainerLayout
    private let loss: CSMRLoss
    private let options: TrainingOptions
    private let parameters: UnsafeMutablePointer<Float>
    private let statistics: UnsafeMutablePointer<Float>
    private let products = MatrixProducts()
    /// The threads that compute a step, free between one and the next.
    package let team: ThreadTeam

    /// Gradients of all parameters, by `ExplainerLayout.parameters`.
    package let gradients: UnsafeMutablePointer<Float>
    /// Loss of each sample of the batch, and its rank (see `CSMRLoss`).
    package let losses: UnsafeMutablePointer<Double>
    package let ranks: UnsafeMutablePointer<Int32>
    /// Positives of the batch's samples: `positives[offsets[i]..<offsets[i + 1]]`.
    private var positives: [Int32] = []
    private var offsets: [Int] = []

    // [batch, d] each: input of linear1, the same before bn1's weight and bias, 1 where its dropout drops, output of
    // the ReLU, input of linear2, gradient before bn2.
    private let normal1, normalised1, dropped1, hidden, normal2, gradient2: UnsafeMutablePointer<Float>
    /// For each thread, sums over dropped rows: `[foldedColumns, d]`.
    private let droppedSums: UnsafeMutablePointer<Float>
    private let foldedColumns: Int
    private let predictions, predictionGradients, cosines: UnsafeMutablePointer<Float>
    private let kept1, kept2: UnsafeMutablePointer<UInt8>
    private let statistics1, statistics2: UnsafeMutablePointer<Float>
    private let sums: UnsafeMutablePointer<Double>

    private let floats: FloatStorage, bytes: UnsafeMutablePointer<UInt8>

    /// - Parameters:
    ///   - batch: the most samples a step may have.
    ///   - parameters, statistics: the explainer's numbers, owned by the caller; statistics move with every step.
    package init(
        layout: ExplainerLayout, loss: CSMRLoss, options: TrainingOptions, batch: Int,
        parameters: UnsafeMutablePointer<Float>, statistics: UnsafeMutablePointer<Float>
    ) {
        self.layout = layout
        self.loss = loss
        self.options = options
        self.parameters = parameters
        self.statistics = statistics
        team = ThreadTeam(threads: options.threads)
        let d = layout.inputs
        foldedColumns = min(d, 512)
        let sizes =
            [Int](repeating: batch * d, count: 5) + [
                batch * layout.outputs, batch * layout.outputs, batch * loss.concepts,
            ]
            + [3 * d, 3 * d, layout.parameterCount]
            + (options.dropout > 0 ? [batch * d, options.threads * foldedColumns * d] : [0, 0])
        floats = FloatStorage(count: sizes.reduce(0, +))
        var next = floats.address
        let parts = sizes.map { size in
            defer { next += size }
            return next
        }
        (normal1, normalised1) = (parts[0], parts[1])
        (hidden, normal2, gradient2) = (parts[2], parts[3], parts[4])
        (predictions, predictionGradients, cosines) = (parts[5], parts[6], parts[7])
        (statistics1, statistics2, gradients) = (parts[8], parts[9], parts[10])
        (dropped1, droppedSums) = (parts[11], parts[12])  // unused without dropout
        bytes = .allocate(capacity: 2 * batch * d)
        bytes.initialize(repeating: 1, count: 2 * batch * d)
        (kept1, kept2) = (bytes, bytes + batch * d)
        sums = .allocate(capacity: 2 * d)
        losses = .allocate(capacity: batch)
        ranks = .allocate(capacity: batch)
    }

    deinit {
        bytes.deallocate()
        sums.deallocate()
        losses.deallocate()
        ranks.deallocate()
    }

    /// Sets the positives of the batch's samples.
    package func setPositives(_ lists: some Sequence<[Int32]>) {
        positives.removeAll(keepingCapacity: true)
        offsets.removeAll(keepingCapacity: true)
        offsets.append(0)
        for list in lists {
            positives += list
            offsets.append(positives.count)
        }
    }

    /// Losses, ranks and gradients of a batch.
    /// - Parameters:
    ///   - input: its features, `[count, d]`.
    ///   - stream: names the dropout's random numbers; another one for every step.
    /// - Returns: the mean loss.
    package func run(_ input: UnsafePointer<Float>, count: Int, stream: String) throws -> Double {
        nonisolated(unsafe) let input = input
        let d = layout.inputs
        nonisolated(unsafe) let bn1 = normalisation(
            count, layout.weight1, layout.bias1, layout.mean1, layout.variance1, statistics1, kept1)
        nonisolated(unsafe) let bn2 = normalisation(
            count, layout.weight2, layout.bias2, layout.mean2, layout.variance2, statistics2, kept2)
        // Streams of random numbers belong to `columns`. How products are cut changes no bit: into as few parts as
        // there are threads, for each packs what it shares with the others.
        let columns = Blocks(d, of: 64), rows = Blocks(count, atMost: 256),
            parts = Blocks(d, parts: options.threads, multipleOf: columns.size)

        try team.run(columns.count) { [self] in
            normalise(bn1, columns[$0], input, normal1, "\(stream)/1/\($0)")
            bn1.keepNormalised(columns[$0], input, normalised1, dropped: dropped1)
        }
        try team.run(parts.count) { [self] in
            forwardHidden(parts[$0], count)
            for block in columns.blocks(of: parts[$0]) {
                normalise(bn2, columns[block], hidden, normal2, "\(stream)/2/\(block)")
            }
        }
        try team.run(rows.count) { [self] in forwardLoss(rows[$0], of: count) }
        try team.run(2 * parts.count + 1) { [self] block in
            if block < parts.count {
                for range in columns.blocks(of: parts[block]).map({ columns[$0] }) { backwardHidden(bn2, range, count) }
                // 0 where the ReLU was closed, more or less half of the numbers.
                products.multiplySparse(
                    MatrixView(gradient2 + parts[block].lowerBound, rowStride: d).transposed,
                    MatrixView(normalised1, rowStride: d),
                    rows: parts[block].count, columns: d, terms: count,
                    into: gradients + layout.linear1Weight.range.lowerBound + parts[block].lowerBound * d, rowStride: d)
            } else if block < 2 * parts.count {
                let inputs = parts[block - parts.count]
                products.multiply(
                    MatrixView(predictionGradients, rowStride: layout.outputs).transposed,
                    MatrixView(normal2 + inputs.lowerBound, rowStride: d),
                    rows: layout.outputs, columns: inputs.count, terms: count,
                    into: gradients + layout.linear2Weight.range.lowerBound + inputs.lowerBound, rowStride: d)
            } else {
                sumColumns(
                    0..<layout.outputs, count, predictionGradients, layout.outputs,
                    gradients + layout.linear2Bias.range.lowerBound)
            }
        }
        try team.run(parts.count) { [self] in
            foldFirstLayer(bn1, parts[$0], count, droppedSums + $0 * foldedColumns * d)
        }
        var total = 0.0
        for row in 0..<count { total += losses[row] }
        return total / Double(count)
    }

    private func normalisation(
        _ rows: Int, _ weight: ExplainerLayout.Entry, _ bias: ExplainerLayout.Entry,
        _ runningMean: ExplainerLayout.Entry,
        _ runningVariance: ExplainerLayout.Entry, _ batch: UnsafeMutablePointer<Float>,
        _ kept: UnsafeMutablePointer<UInt8>
    ) -> BatchNormalisation {
        BatchNormalisation(
            rows: rows, width: layout.inputs, weight: parameters + weight.range.lowerBound,
            bias: parameters + bias.range.lowerBound,
            runningMean: statistics + runningMean.range.lowerBound,
            runningVariance: statistics + runningVariance.range.lowerBound,
            mean: batch, inverse: batch + layout.inputs, scale: batch + 2 * layout.inputs, sums: sums,
            frozen: options.frozenBatchNorm,
            kept: options.dropout > 0 ? kept : nil, keptScale: Float(1 / (1 - options.dropout)))
    }

    private func normalise(
        _ layer: BatchNormalisation, _ columns: Range<Int>, _ from: UnsafePointer<Float>,
        _ to: UnsafeMutablePointer<Float>, _ stream: String
    ) {
        if let kept = layer.kept {
            var random = RandomSource(seed: options.seed, stream: stream)
            BatchNormalisation.draw(
                columns, rows: layer.rows, width: layer.width, dropout: options.dropout, &random, kept)
        }
        layer.forward(columns, from, to)
    }

    /// Outputs `outputs` of linear1 and ReLU.
    private func forwardHidden(_ outputs: Range<Int>, _ count: Int) {
        let d = layout.inputs, bias = parameters + layout.linear1Bias.range.lowerBound
        products.multiply(
            MatrixView(normal1, rowStride: d),
            MatrixView(parameters + layout.linear1Weight.range.lowerBound + outputs.lowerBound * d, rowStride: d)
                .transposed, rows: count,
            columns: outputs.count, terms: d, into: hidden + outputs.lowerBound, rowStride: d)
        for row in 0..<count {
            let values = hidden + row * d
            for i in outputs { values[i] = relu(values[i] + bias[i]) }
        }
    }

    /// linear2, the loss, and back to the output of the second dropout.
    private func forwardLoss(_ rows: Range<Int>, of count: Int) {
        let d = layout.inputs, width = layout.outputs
        let bias = parameters + layout.linear2Bias.range.lowerBound,
            weight = parameters + layout.linear2Weight.range.lowerBound
        let prediction = predictions + rows.lowerBound * width, gradient = predictionGradients + rows.lowerBound * width
        products.multiply(
            MatrixView(normal2 + rows.lowerBound * d, rowStride: d), MatrixView(weight, rowStride: d).transposed,
            rows: rows.count,
            columns: width, terms: d, into: prediction, rowStride: width)
        for row in 0..<rows.count {
            let values = prediction + row * width
            for i in 0..<width { values[i] += bias[i] }
        }
        positives.withUnsafeBufferPointer { positives in
            loss.evaluate(
                prediction, count: rows.count,
                positives: {
                    UnsafeBufferPointer(
                        rebasing: positives[offsets[rows.lowerBound + $0]..<offsets[rows.lowerBound + $0 + 1]])
                },
                products: products, cosines: cosines + rows.lowerBound * loss.concepts,
                losses: losses + rows.lowerBound, ranks: ranks + rows.lowerBound,
                gradient: gradient, scale: 1 / Float(count))
        }
        products.multiply(
            MatrixView(gradient, rowStride: width), MatrixView(weight, rowStride: d), rows: rows.count, columns: d,
            terms: width,
            into: gradient2 + rows.lowerBound * d, rowStride: d)
    }

    /// From the gradient of bn2's output, after its dropout, to that of linear1's output, with those of bn2 and of
    /// linear1's bias.
    private func backwardHidden(_ bn2: BatchNormalisation, _ outputs: Range<Int>, _ count: Int) {
        let weight = gradients + layout.weight2.range.lowerBound, bias = gradients + layout.bias2.range.lowerBound
        bn2.parameterGradients(outputs, hidden, gradient2, weight: weight, bias: bias)
        bn2.inputGradient(outputs, hidden, gradient2, weight: weight, bias: bias)
        sumColumns(outputs, count, gradient2, layout.inputs, gradients + layout.linear1Bias.range.lowerBound)
    }

    /// Gradients of bn1 and linear1's weight, for `inputs` of the inputs. A tenth of `dropped1` is not 0.
    private func foldFirstLayer(
        _ bn1: BatchNormalisation, _ inputs: Range<Int>, _ count: Int, _ droppedSums: UnsafeMutablePointer<Float>
    ) {
        let d = layout.inputs, weight = layout.linear1Weight.range.lowerBound
        let folded = Blocks(inputs.count, of: foldedColumns)
        for block in 0..<folded.count {
            let columns = inputs.lowerBound + folded[block].lowerBound..<inputs.lowerBound + folded[block].upperBound
            if bn1.kept != nil {
                products.multiplySparse(
                    MatrixView(dropped1 + columns.lowerBound, rowStride: d).transposed,
                    MatrixView(gradient2, rowStride: d), rows: columns.count,
                    columns: d, terms: count, into: droppedSums, rowStride: d)
            }
            bn1.foldedGradients(
                columns, outputs: d, linear: parameters + weight, linearGradient: gradients + weight,
                outputSums: gradients + layout.linear1Bias.range.lowerBound, droppedSums: droppedSums,
                weight: gradients + layout.weight1.range.lowerBound, bias: gradients + layout.bias1.range.lowerBound)
        }
    }

    /// Sums of the columns `columns` of the first `count` rows of `matrix`.
    private func sumColumns(
        _ columns: Range<Int>, _ count: Int, _ matrix: UnsafePointer<Float>, _ width: Int,
        _ sums: UnsafeMutablePointer<Float>
    ) {
        for j in columns { sums[j] = 0 }
        for row in 0..<count {
            let values = matrix + row * width
            for j in columns { sums[j] += values[j] }
        }
    }
}

/// `0..<total` cut into ranges of one size (the last may be shorter).
struct Blocks: Sendable {
    let total: Int
    let size: Int

    init(_ total: Int, of size: Int) {
        self.total = total
        self.size = size
    }

    /// At least two blocks where that is worth it, in multiples of 16, so that two threads have work.
    init(_ total: Int, atMost size: Int) {
        self.init(total, of: min(size, max(16, ((total + 1) / 2 + 15) / 16 * 16)))
    }

    /// So many blocks or fewer.
    init(_ total: Int, parts: Int, multipleOf unit: Int) {
        self.init(total, of: max(1, (total + parts * unit - 1) / (parts * unit)) * unit)
    }

    /// The blocks that such a range, which begins and ends with some, consists of.
    func blocks(of range: Range<Int>) -> Range<Int> { range.lowerBound / size..<(range.upperBound + size - 1) / size }

    var count: Int { (total + size - 1) / size }
    subscript(block: Int) -> Range<Int> { block * size..<min(total, (block + 1) * size) }
}
