import Dispatch
import Tensors

/// Reads the batches of an epoch, each while the one before it is computed: rows lie all over a file that no memory
/// holds, and a disk answers several questions at a time.
final class BatchReader: @unchecked Sendable {  // what `request` writes is read after `done` says so
    /// Threads that read at a time.
    private static let readers = 4

    private let source: any SampleSource
    private let concepts: Int
    private let batches: [ArraySlice<Int>]
    /// Batches are read into the two in turn.
    private let rooms: [FloatStorage]
    private var positives: [Result<[[Int32]], any Error>] = [.success([]), .success([])]
    private var taken = 0
    private let team = ThreadTeam(threads: readers)
    private let queue = DispatchQueue(label: "batches")
    private let done = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - concepts: how many there are for positives to be indices of.
    ///   - batches: rows of the source; none has more than the first.
    init(_ source: any SampleSource, concepts: Int, batches: [ArraySlice<Int>]) {
        (self.source, self.concepts, self.batches) = (source, concepts, batches)
        let size = (batches.first?.count ?? 0) * source.width
        rooms = [FloatStorage(count: size), FloatStorage(count: size)]
        request(0)
    }

    /// The next batch: its features, `[rows, width]`, until the next call, and its positives.
    /// - Throws: what the source throws for this batch, and `TrainingError.unusable` for positives that do not suit.
    func next() throws -> (input: UnsafeMutablePointer<Float>, positives: [[Int32]]) {
        done.wait()
        let room = taken % 2
        taken += 1
        let own = try positives[room].get()
        request(taken)
        return (rooms[room].address, own)
    }

    private func request(_ batch: Int) {
        guard batch < batches.count else { return }
        queue.async { [self] in
            positives[batch % 2] = Result { try read(batches[batch], into: rooms[batch % 2].address) }
            done.signal()
        }
    }

    private func read(_ rows: ArraySlice<Int>, into input: UnsafeMutablePointer<Float>) throws -> [[Int32]] {
        nonisolated(unsafe) let input = input  // a part is rows of its own
        let parts = Blocks(rows.count, parts: Self.readers, multipleOf: 1)
        try team.run(parts.count) { [self] part in
            let own = parts[part]
            try source.read(
                rows.dropFirst(own.lowerBound).prefix(own.count), into: input + own.lowerBound * source.width)
        }
        return try rows.map { try source.positives($0, concepts: concepts) }
    }
}
