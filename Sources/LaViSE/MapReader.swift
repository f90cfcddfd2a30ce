import Tensors

/// Streams all maps, block after block: images of a block are read in parallel, then filters are looked at in parallel.
struct MapReader: Sendable {
    static let blockBytes = 64 << 20
    static let filtersPerTask = 16

    let data: any EvaluationData
    let threads: Int
    let counter: ProgressCounter
    let block: SharedBuffer<Float>
    let imagesPerBlock: Int

    init(data: any EvaluationData, threads: Int, counter: ProgressCounter) throws {
        self.data = data
        self.threads = threads
        self.counter = counter
        let size = data.channels * data.positions
        imagesPerBlock = max(1, min(data.imageCount, Self.blockBytes / (size * MemoryLayout<Float>.stride)))
        block = try SharedBuffer(repeating: 0, count: imagesPerBlock * size)
    }

    /// Calls `body` for every filter and image of a range with the filter's map; for each filter on one thread at a
    /// time and with ascending images.
    func forEach(
        _ filters: [Int], _ range: Range<Int>,
        _ body: @Sendable (_ index: Int, _ image: Int, UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        let positions = data.positions, size = data.channels * positions
        for first in stride(from: range.lowerBound, to: range.upperBound, by: imagesPerBlock) {
            let images = first..<min(first + imagesPerBlock, range.upperBound)
            try concurrently(images.count, threads: threads) { [data, block, counter] i in
                try block.with(from: i * size) { try data.maps(first + i, into: $0) }
                try counter.advance()
            }
            let tasks = (filters.count + Self.filtersPerTask - 1) / Self.filtersPerTask
            try concurrently(tasks, threads: threads) { [block] task in
                let from = task * Self.filtersPerTask
                for index in from..<min(from + Self.filtersPerTask, filters.count) {
                    for (i, image) in images.enumerated() {
                        try block.with(from: i * size + filters[index] * positions) {
                            try body(index, image, UnsafeBufferPointer(start: $0, count: positions))
                        }
                    }
                }
            }
        }
    }
}
