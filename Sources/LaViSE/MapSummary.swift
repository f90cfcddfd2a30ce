import Tensors

/// What two looks at all maps leave of them. U filters, p images a filter.
public struct MapSummary: Sendable, Equatable {
    /// The U channels.
    public var filters: [Int]
    /// p: images a filter.
    public var imagesPerFilter: Int
    /// `[U, p]` rows of the images with the highest maximum, highest first, ties to the lower row; −1 where no further
    /// image has a maximum above 0.
    public var topImages: [Int32]
    /// `[U, p]` those maxima; 0 where there is no image.
    public var maxima: [Float]
    /// `[U]` the quantile of the raw map over all images and positions.
    public var thresholds: [Float]

    public init(filters: [Int], imagesPerFilter: Int, topImages: [Int32], maxima: [Float], thresholds: [Float]) {
        self.filters = filters
        self.imagesPerFilter = imagesPerFilter
        self.topImages = topImages
        self.maxima = maxima
        self.thresholds = thresholds
    }

    /// Finds top images and exact thresholds (METHOD 6.1 and 6.2).
    ///
    /// Reads every map twice. Memory: one block of maps (at most 64 MB, or one map) and two tables of 256 KB a filter, of
    /// which only the touched pages are real: activations have few exponents. Neither grows with the number of images.
    /// - Throws: `EvaluationError` (no image, unknown filter, a number that is not finite), or what `data` and
    ///   `progress` throw.
    public init(of data: any EvaluationData, options: EvaluationOptions, progress: @escaping ProgressHandler) throws {
        let filters = try options.validatedFilters(channels: data.channels)
        guard data.imageCount > 0 else { throw EvaluationError.noImages }
        let values = data.imageCount * data.positions
        guard values <= Int(UInt32.max) else {
            throw EvaluationError.wrongShape("\(values) positions a filter are more than the 2³² − 1 that can be counted")
        }
        let reader = try MapReader(data: data, threads: options.threads, progress: progress)
        let position = QuantilePosition(options.quantile, of: values)

        let top = try TopImages(filters: filters.count, size: min(options.topImages, data.imageCount))
        let upper = try SharedBuffer<UInt32>(repeating: 0, count: filters.count * TwoLookSelection.buckets)
        try reader.forEach(filters) { index, image, map in
            var peak = -Float.infinity
            try upper.with(from: index * TwoLookSelection.buckets) { count in
                for value in map {
                    guard value.isFinite else {
                        throw EvaluationError.notFinite("an activation of filter \(filters[index]), image row \(image)")
                    }
                    peak = max(peak, value)
                    count[Int(orderedKey(value) >> 16)] += 1
                }
            }
            top.offer(image: image, maximum: peak, to: index)
        }

        let selections = filters.indices.map {
            upper.with(from: $0 * TwoLookSelection.buckets) { TwoLookSelection(counts: $0, rank: position.rank) }
        }
        let lower = try SharedBuffer<UInt32>(repeating: 0, count: filters.count * TwoLookSelection.buckets)
        let above = try SharedBuffer<UInt32>(repeating: .max, count: filters.count)
        try reader.forEach(filters) { index, _, map in
            let bucket = selections[index].bucket
            lower.with(from: index * TwoLookSelection.buckets) { count in
                for value in map {
                    let key = orderedKey(value)
                    if key >> 16 == bucket {
                        count[Int(key & 0xFFFF)] += 1
                    } else if key >> 16 > bucket {
                        above[index] = min(above[index], key)
                    }
                }
            }
        }

        self.filters = filters
        imagesPerFilter = top.size
        topImages = top.images.array
        maxima = top.maxima.array
        thresholds = filters.indices.map { index in
            let (low, high) = lower.with(from: index * TwoLookSelection.buckets) {
                selections[index].neighbours(counts: $0, above: above[index])
            }
            return position.interpolate(low, high)
        }
    }
}

/// The running `size` images with the highest maxima of each filter. Each filter is offered its images by one thread, in
/// ascending order.
private struct TopImages: Sendable {
    let size: Int
    let images: SharedBuffer<Int32>
    let maxima: SharedBuffer<Float>

    init(filters: Int, size: Int) throws {
        self.size = size
        images = try SharedBuffer(repeating: -1, count: filters * size)
        maxima = try SharedBuffer(repeating: 0, count: filters * size)
    }

    func offer(image: Int, maximum: Float, to filter: Int) {
        // An empty place has maximum 0, so that nothing at or below 0 comes in.
        var place = filter * size + size - 1
        guard maximum > maxima[place] else { return }
        while place > filter * size, maximum > maxima[place - 1] {
            maxima[place] = maxima[place - 1]
            images[place] = images[place - 1]
            place -= 1
        }
        maxima[place] = maximum
        images[place] = Int32(image)
    }
}

/// Streams all maps, block after block: images of a block are read in parallel, then filters are looked at in parallel.
private struct MapReader {
    static let blockBytes = 64 << 20
    static let filtersPerTask = 16

    let data: any EvaluationData
    let threads: Int
    let counter: ProgressCounter
    let block: SharedBuffer<Float>
    let imagesPerBlock: Int

    init(data: any EvaluationData, threads: Int, progress: @escaping ProgressHandler) throws {
        self.data = data
        self.threads = threads
        counter = ProgressCounter(.maps, total: 2 * data.imageCount, handler: progress)
        let size = data.channels * data.positions
        imagesPerBlock = max(1, min(data.imageCount, Self.blockBytes / (size * MemoryLayout<Float>.stride)))
        block = try SharedBuffer(repeating: 0, count: imagesPerBlock * size)
    }

    /// Calls `body` for every filter and image with the filter's map; for each filter on one thread at a time and with
    /// ascending images.
    func forEach(
        _ filters: [Int], _ body: @Sendable (_ index: Int, _ image: Int, UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        let positions = data.positions, size = data.channels * positions
        for first in stride(from: 0, to: data.imageCount, by: imagesPerBlock) {
            let images = first..<min(first + imagesPerBlock, data.imageCount)
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
