import Tensors

/// How often numbers fell into each of the 2¹⁶ buckets, a table a filter, without the empty ones. U filters.
public struct BucketCounts: Sendable, Equatable {
    /// `[U + 1]` where each filter's buckets begin.
    public var offsets: [Int64]
    /// The buckets that are not empty, ascending within a filter.
    public var buckets: [UInt16]
    /// How often: 2³² − 1 at most, kept as the bits of an `Int32`.
    public var counts: [Int32]

    /// - Parameters:
    ///   - offsets: `[U + 1]` where each filter's buckets begin.
    ///   - buckets: ascending within a filter.
    ///   - counts: as the bits of an `Int32`, one a bucket.
    public init(offsets: [Int64], buckets: [UInt16], counts: [Int32]) {
        self.offsets = offsets
        self.buckets = buckets
        self.counts = counts
    }

    init(_ tables: SharedBuffer<UInt32>, filters: Int) {
        self.init(offsets: [0], buckets: [], counts: [])
        for filter in 0..<filters {
            tables.with(from: filter * TwoLookSelection.buckets) { count in
                for bucket in 0..<TwoLookSelection.buckets where count[bucket] > 0 {
                    buckets.append(UInt16(bucket))
                    counts.append(Int32(bitPattern: count[bucket]))
                }
            }
            offsets.append(Int64(buckets.count))
        }
    }

    func add(to tables: SharedBuffer<UInt32>) {
        for filter in 0..<offsets.count - 1 {
            tables.with(from: filter * TwoLookSelection.buckets) { count in
                for place in Int(offsets[filter])..<Int(offsets[filter + 1]) {
                    count[Int(buckets[place])] += UInt32(bitPattern: counts[place])
                }
            }
        }
    }
}

/// The first look at the maps of a range of images: top images, and the upper halves of the keys. U filters, p images a
/// filter.
public struct FirstLook: Sendable, Equatable {
    /// `[U, p]` as in `MapSummary`.
    public var topImages: [Int32]
    /// `[U, p]`
    public var maxima: [Float]
    /// How often the upper halves of the keys fell into each bucket.
    public var counts: BucketCounts

    /// - Parameters:
    ///   - topImages: `[U, p]` as in `MapSummary`.
    ///   - maxima: `[U, p]`.
    public init(topImages: [Int32], maxima: [Float], counts: BucketCounts) {
        self.topImages = topImages
        self.maxima = maxima
        self.counts = counts
    }
}

/// The second look: the lower halves of the keys within each filter's bucket, and what lies above it. U filters.
public struct SecondLook: Sendable, Equatable {
    /// How often the lower halves of the keys within the filter's bucket did.
    public var counts: BucketCounts
    /// `[U]` the smallest key above the bucket, as the bits of an `Int32`; −1 when there is none.
    public var above: [Int32]

    /// - Parameter above: `[U]` the smallest key above the bucket as bits; −1 when there is none.
    public init(counts: BucketCounts, above: [Int32]) {
        self.counts = counts
        self.above = above
    }
}

/// A summary of maps in pieces: each range of images is looked at twice, by anyone and in any order. What the looks
/// leave adds up to the summary of all images at once, bit for bit: histograms add exactly, and top images are joined
/// in row order.
public struct MapLooks: Sendable {
    /// Images of a range: what an interrupted summary loses at most.
    public static let imagesPerRange = 2048

    /// Rows of images that are looked at together, in order.
    public let ranges: [Range<Int>]
    private let filters: [Int]
    private let topImages: Int
    private let position: QuantilePosition
    private let reader: MapReader

    /// - Throws: `EvaluationError` (no image, unknown filter).
    public init(
        of data: any EvaluationData, options: EvaluationOptions, imagesPerRange: Int = Self.imagesPerRange,
        progress: @escaping ProgressHandler
    ) throws {
        filters = try options.validatedFilters(channels: data.channels)
        let images = data.imageCount, values = images * data.positions
        guard images > 0 else { throw EvaluationError.noImages }
        guard values <= Int(UInt32.max) else {
            throw EvaluationError.wrongShape(
                "\(values) positions a filter are more than the 2³² − 1 that can be counted")
        }
        topImages = min(options.topImages, images)
        position = QuantilePosition(options.quantile, of: values)
        reader = try MapReader(
            data: data, threads: options.threads, counter: ProgressCounter(.maps, total: 2 * images, handler: progress))
        ranges = Self.ranges(images: images, size: imagesPerRange)
    }

    /// The ranges of so many images.
    public static func ranges(images: Int, size: Int = Self.imagesPerRange) -> [Range<Int>] {
        stride(from: 0, to: images, by: size).map { $0..<min($0 + size, images) }
    }

    /// - Throws: `EvaluationError.notFinite`, or what the data throw.
    public func first(_ range: Range<Int>) throws -> FirstLook {
        let top = try TopImages(filters: filters.count, size: topImages)
        let upper = try table()
        try reader.forEach(filters, range) { [filters] index, image, map in
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
        return FirstLook(
            topImages: top.images.array, maxima: top.maxima.array, counts: BucketCounts(upper, filters: filters.count))
    }

    /// - Parameter first: the first looks at all ranges.
    /// - Throws: `EvaluationError`, or what the data and `progress` throw.
    public func second(_ range: Range<Int>, _ first: JoinedFirstLooks) throws -> SecondLook {
        let selections = first.selections(position)
        let lower = try table(), above = try SharedBuffer<UInt32>(repeating: .max, count: filters.count)
        try reader.forEach(filters, range) { index, _, map in
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
        return SecondLook(
            counts: BucketCounts(lower, filters: filters.count), above: above.array.map { Int32(bitPattern: $0) })
    }

    /// Tells of images that an earlier attempt has looked at.
    /// - Throws: what `progress` throws.
    public func skip(_ range: Range<Int>) throws { try reader.counter.advance(by: range.count) }

    /// To be given the first looks at all ranges, in their order.
    /// - Throws: `EvaluationError.outOfMemory`.
    public func joinedFirst() throws -> JoinedFirstLooks {
        JoinedFirstLooks(
            top: try TopImages(filters: filters.count, size: topImages), counts: try table(), filters: filters.count)
    }

    /// To be given the second looks at all ranges.
    /// - Throws: `EvaluationError.outOfMemory`.
    public func joinedSecond(_ first: JoinedFirstLooks) throws -> JoinedSecondLooks {
        JoinedSecondLooks(
            first: first, filters: filters, position: position, selections: first.selections(position),
            counts: try table(),
            above: try SharedBuffer(repeating: .max, count: filters.count))
    }

    private func table() throws -> SharedBuffer<UInt32> {
        try SharedBuffer(repeating: 0, count: filters.count * TwoLookSelection.buckets)
    }
}

/// The first looks at all images so far.
public struct JoinedFirstLooks: Sendable {
    fileprivate let top: TopImages
    fileprivate let counts: SharedBuffer<UInt32>
    fileprivate let filters: Int

    /// Adds the look at the next range.
    public func add(_ look: FirstLook) {
        look.counts.add(to: counts)
        // Those of an earlier range come first and stay before equal ones: ties go to the lower row.
        for filter in 0..<filters {
            for place in filter * top.size..<(filter + 1) * top.size where look.topImages[place] >= 0 {
                top.offer(image: Int(look.topImages[place]), maximum: look.maxima[place], to: filter)
            }
        }
    }

    fileprivate func selections(_ position: QuantilePosition) -> [TwoLookSelection] {
        (0..<filters).map { filter in
            counts.with(from: filter * TwoLookSelection.buckets) { TwoLookSelection(counts: $0, rank: position.rank) }
        }
    }
}

/// The second looks at all images so far.
public struct JoinedSecondLooks: Sendable {
    fileprivate let first: JoinedFirstLooks
    fileprivate let filters: [Int]
    fileprivate let position: QuantilePosition
    fileprivate let selections: [TwoLookSelection]
    fileprivate let counts: SharedBuffer<UInt32>
    fileprivate let above: SharedBuffer<UInt32>

    /// Adds the look at a range.
    public func add(_ look: SecondLook) {
        look.counts.add(to: counts)
        for (filter, key) in look.above.enumerated() { above[filter] = min(above[filter], UInt32(bitPattern: key)) }
    }

    /// What all looks come to.
    public var summary: MapSummary {
        MapSummary(
            filters: filters, imagesPerFilter: first.top.size, topImages: first.top.images.array,
            maxima: first.top.maxima.array,
            thresholds: filters.indices.map { index in
                let (low, high) = counts.with(from: index * TwoLookSelection.buckets) {
                    selections[index].neighbours(counts: $0, above: above[index])
                }
                return position.interpolate(low, high)
            })
    }
}

/// The running `size` images with the highest maxima of each filter. Each filter is offered its images by one thread,
/// in ascending order.
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

extension MapSummary {
    /// Finds top images and exact thresholds (METHOD 6.1 and 6.2): two looks at every range of images, joined.
    ///
    /// Reads every map twice. Memory: one block of maps (at most 64 MB, or one map) and three tables of 256 KB a
    /// filter, of which only the touched pages are real: activations have few exponents. Neither grows with the number
    /// of images.
    /// - Throws: `EvaluationError` (no image, unknown filter, a number that is not finite), or what `data` and
    ///   `progress` throw.
    public init(of data: any EvaluationData, options: EvaluationOptions, progress: @escaping ProgressHandler) throws {
        let looks = try MapLooks(of: data, options: options, progress: progress)
        let first = try looks.joinedFirst()
        for range in looks.ranges { first.add(try looks.first(range)) }
        let second = try looks.joinedSecond(first)
        for range in looks.ranges { second.add(try looks.second(range, first)) }
        self = second.summary
    }
}
