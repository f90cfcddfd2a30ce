import Fingerprints
import Foundation
import HDF5
import Networks
import Tensors

/// A whole epoch over the samples of Visual Genome from a file like `pooled.h5`, beside steps whose batches are in
/// memory: what reading rows from all over the file costs.
struct EpochTable {
    private static let widths = [512, 2048], samples = 1_960_000
    /// Of rows that are drawn and then written again and again.
    private static let drawn = 4096

    func measure() throws -> String {
        var text =
            "| d | samples | file | epoch s | instances/s | steps in memory | of their rate |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        for d in Self.widths {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lavise-epoch-\(getpid())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let source = try FileRows(writing: folder.path + "/pooled.h5", d, samples: Self.samples, drawn: Self.drawn)
            let steps = try TrainingWorkload(inputs: d)
            let before = try fastest(5) { try steps.run() }
            var random = RandomSource(seed: 0, stream: "bench/epoch")
            let concepts = Tensor(
                shape: [TrainingWorkload.concepts, TrainingWorkload.outputs],
                data: (0..<TrainingWorkload.concepts * TrainingWorkload.outputs).map { _ in Float(random.normal()) })
            let options = TrainingOptions(batchSize: TrainingWorkload.batch, threads: benchThreads)
            var trainer = try Trainer(
                options: options, concepts: concepts,
                initial: Explainer(inputs: d, outputs: TrainingWorkload.outputs, seed: 0))
            // Validation follows the steps: the epoch ends with the last one's progress.
            let start = ContinuousClock.now
            var epoch = 0.0
            try trainer.runEpoch(training: source, validation: source.first(TrainingWorkload.batch)) { step, all in
                if step == all { epoch = (ContinuousClock.now - start) / .seconds(1) }
            }
            let after = try fastest(5) { try steps.run() }
            let rate = Double(Self.samples) / epoch, own = Double(steps.items) / min(before, after)
            text +=
                "| \(d) | \(Self.samples) | \(number(Double(Self.samples * d * 4) / 1e9, 1)) GB | \(number(epoch, 1)) | \(number(rate, 0)) | \(number(own, 0)) | \(number(100 * rate / own, 0)) % |\n"
        }
        return text
    }
}

/// Rows of a file, as `PooledRows` reads them.
private struct FileRows: SampleSource {
    private let rows: HDF5Dataset<Float>
    let count: Int
    var width: Int { rows.shape[1] }

    init(writing path: String, _ width: Int, samples: Int, drawn: Int) throws {
        let file = try HDF5File.create(path)
        let dataset = try file.createDataset("pooled", Float.self, shape: [samples, width], chunk: nil)
        var random = RandomSource(seed: 0, stream: "bench/pooled")
        let block = (0..<drawn * width).map { _ in Float(max(0, random.normal())) }
        for first in stride(from: 0, to: samples, by: drawn) {
            let count = min(drawn, samples - first)
            try dataset.write(rows: first..<first + count, Array(block[..<(count * width)]))
        }
        try file.close()
        rows = try HDF5File.open(path).dataset("pooled", Float.self)
        count = samples
    }

    private init(_ rows: HDF5Dataset<Float>, count: Int) { (self.rows, self.count) = (rows, count) }

    func first(_ count: Int) -> FileRows { FileRows(rows, count: count) }

    func read(_ chosen: ArraySlice<Int>, into destination: UnsafeMutablePointer<Float>) throws {
        for (place, row) in chosen.enumerated() {
            try rows.read(rows: row..<row + 1, into: destination + place * width)
        }
    }

    func readAtHand(_ chosen: ArraySlice<Int>, into destination: UnsafeMutablePointer<Float>) -> [Int] {
        chosen.enumerated().filter { !rows.readAtHand(row: $1, into: destination + $0 * width) }.map(\.offset)
    }

    func expect(_ row: Int) { rows.expect(row: row) }

    func positives(_ row: Int) -> [Int32] {
        (0..<4).map { Int32((row &* 31 &+ $0 &* 211) % TrainingWorkload.concepts) }
    }
}
