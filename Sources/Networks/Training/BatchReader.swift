import Dispatch
import Tensors

/// Reads the batches of an epoch, each before the one before it is computed or meanwhile: rows lie all over a file that
/// no memory may hold.
///
/// Rows at hand are taken by the threads that compute, between two steps: a reader beside them would take the core from
/// one in the middle of a step, and the others would wait for that one. The disk is asked for all other rows at once, and
/// waited for beside the step.
final class BatchReader: @unchecked Sendable {  // what `request` writes is read after `done` says so
    private let source: any SampleSource
    private let concepts: Int
    private let batches: [ArraySlice<Int>]
    private let team: ThreadTeam
    /// Batches are read into the two in turn.
    private let rooms: [FloatStorage]
    private var positives: [Result<[[Int32]], any Error>] = [.success([]), .success([])]
    private var taken = 0
    private let queue = DispatchQueue(label: "batches")
    private let done = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - concepts: how many there are for positives to be indices of.
    ///   - batches: rows of the source; none has more than the first.
    ///   - team: has nothing else to do during `init` and `next`.
    init(_ source: any SampleSource, concepts: Int, batches: [ArraySlice<Int>], team: ThreadTeam) {
        (self.source, self.concepts, self.batches, self.team) = (source, concepts, batches, team)
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
        let rows = batches[batch], room = batch % 2
        var missing: [Int] = []
        positives[room] = Result {
            let taken = try take(rows, into: rooms[room].address)
            missing = taken.missing
            return taken.positives
        }
        guard !missing.isEmpty else {
            done.signal()
            return
        }
        queue.async { [self, missing] in
            do {
                try fetch(missing, of: rows, into: rooms[room].address)
            } catch {
                positives[room] = .failure(error)
            }
            done.signal()
        }
    }

    /// Features of the rows at hand, the places of the others, and the positives of all.
    private func take(_ rows: ArraySlice<Int>, into input: UnsafeMutablePointer<Float>) throws -> (
        missing: [Int], positives: [[Int32]]
    ) {
        let blocks = Blocks(rows.count, of: 64)
        var missing = [[Int]](repeating: [], count: blocks.count)
        var positives = [[Int32]](repeating: [], count: rows.count)
        try missing.withUnsafeMutableBufferPointer { missing in
            try positives.withUnsafeMutableBufferPointer { positives in
                // A block writes its own places.
                nonisolated(unsafe) let (missing, positives, input) = (missing, positives, input)
                try team.run(blocks.count) { [self] block in
                    let first = blocks[block].lowerBound
                    let own = rows.dropFirst(first).prefix(blocks[block].count)
                    missing[block] = source.readAtHand(own, into: input + first * source.width).map { first + $0 }
                    for (place, row) in own.enumerated() {
                        positives[first + place] = try source.positives(row, concepts: concepts)
                    }
                }
            }
        }
        return (missing.flatMap { $0 }, positives)
    }

    private func fetch(
        _ missing: [Int], of rows: ArraySlice<Int>, into input: UnsafeMutablePointer<Float>
    ) throws {
        for place in missing { source.expect(rows[rows.startIndex + place]) }
        for place in missing {
            try source.read(rows.dropFirst(place).prefix(1), into: input + place * source.width)
        }
    }
}
