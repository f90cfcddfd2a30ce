import Tensors

/// What one look at the maps and masks of some images leaves of them: all metrics come from it. U units, C concepts.
public struct EvidenceSums: Sendable {
    let unitCount: Int
    /// Which concepts the images show.
    public let labels: ConceptLabels
    /// `[U, N]` the mean of every unit's map in every image.
    public let means: [Float]
    /// `[U]` Σ over images of the pixels of the active region R.
    public let regionPixels: [Int]
    /// `[U, C]` Σ over images of the pixels common to R and the concept's mask.
    let common: [Int]
    /// `[U]` Σ F and Σ F² over images and cells.
    let maps: [Double], mapSquares: [Double]
    /// `[U, C]` Σ over images and cells of F · the covered share of the cell.
    let mapShares: [Double]
    /// `[C]` Σ share and Σ share² over images and cells.
    let shares: [Double], shareSquares: [Double]
    /// Images times cells.
    let cells: Int

    /// N
    public var imageCount: Int { labels.imageCount }
    /// C
    public var conceptCount: Int { labels.conceptCount }

    /// The means of a unit's maps, `[N]`.
    public func means(of unit: Int) -> ArraySlice<Float> { means[unit * imageCount..<(unit + 1) * imageCount] }
}

extension EvidenceSums {
    /// Reads every map and mask once, a block of images at a time.
    ///
    /// Memory: a block of maps (at most 64 MB, or one map), the sums, and 4 bytes a unit and image. The result does not
    /// depend on `threads`.
    /// - Parameters:
    ///   - data: the images; `truth` gives concepts by their numbers, from 0 to C − 1.
    ///   - units: channels of the data, in the order of the result.
    ///   - thresholds: `[U]` T_u.
    ///   - concepts: their number C.
    /// - Throws: `EvaluationError` (no image, no memory), or what `data` and `progress` throw.
    public init(
        of data: any EvaluationData, units: [Int], thresholds: [Float], concepts: Int, threads: Int,
        progress: @escaping ProgressHandler = { _ in }
    ) throws {
        guard data.imageCount > 0 else { throw EvaluationError.noImages }
        guard thresholds.count == units.count else {
            throw EvaluationError.wrongShape("\(units.count) units need as many thresholds, not \(thresholds.count)")
        }
        let scan = try EvidenceScan(data, units: units, thresholds: thresholds, concepts: concepts, threads: threads)
        let labels = try scan.run(ProgressCounter(.maps, total: data.imageCount, handler: progress))
        unitCount = units.count
        self.labels = ConceptLabels(ofImage: labels.map(\.labels), concepts: concepts)
        means = scan.means.array
        regionPixels = scan.regionPixels.array
        common = scan.common.array
        maps = scan.maps.array
        mapSquares = scan.mapSquares.array
        mapShares = scan.mapShares.array
        var shares = [Double](repeating: 0, count: concepts), squares = shares
        for image in labels {
            for (label, sums) in zip(image.labels, image.shares) {
                shares[label.index] += sums.sum
                squares[label.index] += sums.squares
            }
        }
        self.shares = shares
        shareSquares = squares
        cells = data.imageCount * data.positions
    }
}

/// The look itself: images of a block are read in parallel, then groups of units are looked at in parallel, each unit's
/// images in their order.
private struct EvidenceScan {
    static let blockBytes = 64 << 20, mostImages = 256, unitsPerTask = 16

    /// What is kept of an image's labels.
    struct Labels {
        var labels: [ConceptLabels.Label]
        var shares: [(sum: Double, squares: Double)]
    }

    let data: any EvaluationData
    let units: [Int]
    let thresholds: [Float]
    let concepts: Int
    let threads: Int
    let finder: RegionFinder
    let grid: GridCells
    let means: SharedBuffer<Float>
    let regionPixels: SharedBuffer<Int>, common: SharedBuffer<Int>
    let maps: SharedBuffer<Double>, mapSquares: SharedBuffer<Double>, mapShares: SharedBuffer<Double>

    init(_ data: any EvaluationData, units: [Int], thresholds: [Float], concepts: Int, threads: Int) throws {
        self.data = data
        self.units = units
        self.thresholds = thresholds
        self.concepts = concepts
        self.threads = threads
        finder = RegionFinder(height: data.mapHeight, width: data.mapWidth, side: data.side)
        grid = GridCells(height: data.mapHeight, width: data.mapWidth, side: data.side)
        means = try SharedBuffer(repeating: 0, count: units.count * data.imageCount)
        regionPixels = try SharedBuffer(repeating: 0, count: units.count)
        common = try SharedBuffer(repeating: 0, count: units.count * concepts)
        maps = try SharedBuffer(repeating: 0, count: units.count)
        mapSquares = try SharedBuffer(repeating: 0, count: units.count)
        mapShares = try SharedBuffer(repeating: 0, count: units.count * concepts)
    }

    func run(_ counter: ProgressCounter) throws -> [Labels] {
        let size = data.channels * data.positions
        let imagesPerBlock = max(
            1, min(data.imageCount, Self.mostImages, Self.blockBytes / (size * MemoryLayout<Float>.stride)))
        let block = try SharedBuffer<Float>(repeating: 0, count: imagesPerBlock * size)
        var kept: [Labels] = []
        kept.reserveCapacity(data.imageCount)
        for first in stride(from: 0, to: data.imageCount, by: imagesPerBlock) {
            let count = min(imagesPerBlock, data.imageCount - first)
            let images = try concurrentMap(count, threads: threads) { [data, grid] i in
                try block.with(from: i * size) { try data.maps(first + i, into: $0) }
                try counter.advance()
                return try LabelledImage(data.truth(first + i), grid: grid)
            }
            let tasks = (units.count + Self.unitsPerTask - 1) / Self.unitsPerTask
            try concurrently(tasks, threads: threads) { task in
                for unit in task * Self.unitsPerTask..<min((task + 1) * Self.unitsPerTask, units.count) {
                    for (i, image) in images.enumerated() {
                        try block.with(from: i * size + units[unit] * data.positions) {
                            try add(UnsafePointer($0), of: unit, in: image, at: first + i)
                        }
                    }
                }
            }
            kept += images.map { image in
                Labels(
                    labels: image.concepts.map { .init(index: $0.index, pixels: $0.pixels) },
                    shares: image.concepts.map { concept in
                        concept.shares.reduce(into: (0, 0)) {
                            $0.0 += Double($1); $0.1 += Double($1) * Double($1)
                        }
                    })
            }
        }
        return kept
    }

    private func add(_ map: UnsafePointer<Float>, of unit: Int, in image: LabelledImage, at place: Int) throws {
        let positions = data.positions, own = unit * concepts
        let (sum, squares) = sums(map, count: positions)
        guard sum.isFinite, squares.isFinite else {
            throw EvaluationError.notFinite("an activation of filter \(units[unit]), image row \(place)")
        }
        means[unit * data.imageCount + place] = Float(sum / Double(positions))
        maps[unit] += sum
        mapSquares[unit] += squares
        for concept in image.concepts {
            mapShares[own + concept.index] += concept.shares.withUnsafeBufferPointer {
                product(map, $0, count: positions)
            }
        }
        guard let found = finder.region(of: map, above: thresholds[unit]) else { return }
        regionPixels[unit] += found.pixels
        for concept in image.concepts {
            common[own + concept.index] += concept.mask.common(found.region, words: found.words)
        }
    }
}

/// Σ x and Σ x², in double, in a fixed order.
private func sums(_ x: UnsafePointer<Float>, count: Int) -> (Double, Double) {
    let raw = UnsafeRawPointer(x)
    var sum = SIMD8<Double>(), squares = SIMD8<Double>(), i = 0
    while i + 8 <= count {
        let part = SIMD8<Double>(raw.loadUnaligned(fromByteOffset: 4 * i, as: SIMD8<Float>.self))
        sum += part
        squares += part * part
        i += 8
    }
    var total = (sum.sum(), squares.sum())
    while i < count {
        total.0 += Double(x[i])
        total.1 += Double(x[i]) * Double(x[i])
        i += 1
    }
    return total
}

/// Σ x · y, in double, in a fixed order.
private func product(_ x: UnsafePointer<Float>, _ y: UnsafeBufferPointer<Float>, count: Int) -> Double {
    let left = UnsafeRawPointer(x), right = UnsafeRawBufferPointer(y)
    var sum = SIMD8<Double>(), i = 0
    while i + 8 <= count {
        sum +=
            SIMD8<Double>(left.loadUnaligned(fromByteOffset: 4 * i, as: SIMD8<Float>.self))
            * SIMD8<Double>(right.loadUnaligned(fromByteOffset: 4 * i, as: SIMD8<Float>.self))
        i += 8
    }
    var total = sum.sum()
    while i < count {
        total += Double(x[i]) * Double(y[i])
        i += 1
    }
    return total
}
