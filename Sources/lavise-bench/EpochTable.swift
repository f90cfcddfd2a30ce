import Engine
import Fingerprints
import Foundation
import HDF5
import Networks
import Synchronization
import Tensors

/// A whole epoch over the samples of Visual Genome from a file like `pooled.h5`, beside the same epoch with the same
/// samples in memory: what reading rows from all over the file costs.
struct EpochTable {
    private static let widths = [512, 2048], samples = 1_960_000
    /// Steps of a turn.
    private static let turn = 256

    func measure() throws -> String {
        var text =
            "| d | samples | file | epoch s | instances/s | the same from memory | of its rate | steps of one batch | of their rate |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        for d in Self.widths {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lavise-epoch-\(getpid())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let drawn = DrawnRows(width: d)
            let source = try FileRows(of: drawn, writing: folder.path + "/pooled.h5", samples: Self.samples)
            let steps = try TrainingWorkload(inputs: d)
            let before = try fastest(5) { try steps.run() }
            let (epoch, inMemory) = try sideBySide(source, RepeatedRows(drawn, count: Self.samples))
            let after = try fastest(5) { try steps.run() }
            let rate = Double(Self.samples) / epoch, own = Double(steps.items) / min(before, after)
            text +=
                "| \(d) | \(Self.samples) | \(number(Double(Self.samples * d * 4) / 1e9, 1)) GB | \(number(epoch, 1)) | \(number(rate, 0)) | \(number(Double(Self.samples) / inMemory, 0)) | \(number(100 * inMemory / epoch, 0)) % | \(number(own, 0)) | \(number(100 * rate / own, 0)) % |\n"
        }
        return text
    }

    /// Seconds of an epoch of either, each from its first step to its last; they take turns of a second or so, that
    /// neighbours disturb both alike.
    private func sideBySide(_ first: any EpochRows, _ second: any EpochRows) throws -> (first: Double, second: Double) {
        let turns = [DispatchSemaphore(value: 1), DispatchSemaphore(value: 0)]
        let hasEnded = Atomic(false)
        let seconds = try inParallel(2, threads: 2) { index in
            turns[index].wait()
            defer {
                hasEnded.store(true, ordering: .sequentiallyConsistent)
                turns[1 - index].signal()
            }
            return try self.seconds([first, second][index]) {
                if hasEnded.load(ordering: .sequentiallyConsistent) { return }
                turns[1 - index].signal()
                turns[index].wait()
            }
        }
        return (seconds[0], seconds[1])
    }

    private func seconds(_ source: any EpochRows, passingTurn: () -> Void) throws -> Double {
        var random = RandomSource(seed: 0, stream: "bench/epoch")
        let concepts = Tensor(
            shape: [TrainingWorkload.concepts, TrainingWorkload.outputs],
            data: (0..<TrainingWorkload.concepts * TrainingWorkload.outputs).map { _ in Float(random.normal()) })
        var trainer = try Trainer(
            options: TrainingOptions(batchSize: TrainingWorkload.batch, threads: benchThreads), concepts: concepts,
            initial: Explainer(inputs: source.width, outputs: TrainingWorkload.outputs, seed: 0))
        var seconds = 0.0, start = ContinuousClock.now
        try trainer.runEpoch(training: source, validation: source.first(TrainingWorkload.batch)) { step, all in
            guard step == all || step.isMultiple(of: Self.turn) else { return }
            seconds += (ContinuousClock.now - start) / .seconds(1)
            if step < all { passingTurn() }
            start = ContinuousClock.now
        }
        return seconds
    }
}

/// Rows that are drawn once and stand again and again: the samples of either epoch.
private struct DrawnRows {
    static let count = 4096
    let width: Int
    let numbers: [Float]

    init(width: Int) {
        self.width = width
        var random = RandomSource(seed: 0, stream: "bench/pooled")
        numbers = (0..<Self.count * width).map { _ in Float(max(0, random.normal())) }
    }
}

private protocol EpochRows: SampleSource {
    func first(_ count: Int) -> Self
}

extension EpochRows {
    func positives(_ row: Int) -> [Int32] {
        (0..<4).map { Int32((row &* 31 &+ $0 &* 211) % TrainingWorkload.concepts) }
    }
}

private struct RepeatedRows: EpochRows {
    private let drawn: DrawnRows
    let count: Int
    var width: Int { drawn.width }

    init(_ drawn: DrawnRows, count: Int) { (self.drawn, self.count) = (drawn, count) }

    func first(_ count: Int) -> RepeatedRows { RepeatedRows(drawn, count: count) }

    func read(_ chosen: ArraySlice<Int>, into destination: UnsafeMutablePointer<Float>) {
        drawn.numbers.withUnsafeBufferPointer { numbers in
            guard let base = numbers.baseAddress else { return }
            for (place, row) in chosen.enumerated() {
                (destination + place * width).update(from: base + row % DrawnRows.count * width, count: width)
            }
        }
    }

    func readAtHand(_ chosen: ArraySlice<Int>, into destination: UnsafeMutablePointer<Float>) -> [Int] {
        read(chosen, into: destination)
        return []
    }
}

/// Rows of a file, as `PooledRows` reads them.
private struct FileRows: EpochRows {
    private let rows: HDF5Dataset<Float>
    let count: Int
    var width: Int { rows.shape[1] }

    init(of drawn: DrawnRows, writing path: String, samples: Int) throws {
        let file = try HDF5File.create(path)
        let dataset = try file.createDataset("pooled", Float.self, shape: [samples, drawn.width], chunk: nil)
        for first in stride(from: 0, to: samples, by: DrawnRows.count) {
            let count = min(DrawnRows.count, samples - first)
            try dataset.write(rows: first..<first + count, Array(drawn.numbers[..<(count * drawn.width)]))
        }
        try file.close()
        // Nothing of it is written to the disk during the epoch, as nothing of an artifact is.
        try FileHandle(forUpdating: URL(fileURLWithPath: path)).synchronize()
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
}
