import Tensors

/// Units with a known answer (METHOD 11, planted units): for every concept the ridge probe of "the concept covers this
/// cell" on the cells of training images. Explaining the unit must say the concept.
///
/// w minimises Σ over cells of (w·(f − f̄) − (y − ȳ))² + λ‖w‖², y = 1 where the concept covers half the cell or more; λ
/// is a hundredth of the channels' mean Σ (f − f̄)². Each w has unit length.
public struct UnitProbes: Sendable {
    /// λ in parts of the channels' mean Σ (f − f̄)².
    public static let penalty = 0.01
    /// The share of a cell that counts as covered.
    static let covered: Float = 0.5
    /// A concept needs a covered cell in so many of the training images.
    public static let fewestImages = 10

    /// The concept of every unit, ascending.
    public let concepts: [Int]
    /// The units, one a concept in the order of `concepts`.
    public let directions: UnitDirections

    /// Reads the maps and masks of the images once, a block at a time. Memory: a block (at most 64 MB, or one image),
    /// and d·(d + C) double numbers. The result does not depend on `threads`.
    /// - Parameters:
    ///   - data: training images; `truth` gives concepts by their numbers, from 0 to C − 1.
    ///   - wanted: by concept, whether it may have a unit.
    /// - Throws: `EvaluationError` when no concept has enough images, or what `data` throws.
    public init(
        _ data: any EvaluationData, wanted: [Bool], threads: Int, progress: @escaping ProgressHandler = { _ in }
    ) throws {
        guard data.imageCount > 0 else { throw EvaluationError.noImages }
        var sums = CellSums(channels: data.channels, concepts: wanted.count)
        let counter = ProgressCounter(.maps, total: data.imageCount, handler: progress)
        let size = data.channels * data.positions
        let perBlock = max(1, min(data.imageCount, 16, (64 << 20) / (4 * size)))
        let grid = GridCells(height: data.mapHeight, width: data.mapWidth, side: data.side)
        for first in stride(from: 0, to: data.imageCount, by: perBlock) {
            let images = try concurrentMap(min(perBlock, data.imageCount - first), threads: threads) { i in
                var maps = [Float](repeating: 0, count: size)
                try data.maps(first + i, into: &maps)
                try counter.advance()
                return try (maps, LabelledImage(data.truth(first + i), grid: grid))
            }
            for (maps, labels) in images { try sums.add(maps, labels, positions: data.positions, threads: threads) }
        }
        let chosen = wanted.indices.filter { wanted[$0] && sums.images[$0] >= Self.fewestImages }
        guard !chosen.isEmpty else {
            throw EvaluationError.badOption(
                "units: no concept covers half a cell in \(Self.fewestImages) training images; choose channels, or more images"
            )
        }
        concepts = chosen
        directions = try UnitDirections(weights: sums.probes(of: chosen), channels: data.channels)
    }
}

/// Sums over all cells of some images.
private struct CellSums {
    let channels: Int
    private var cells = 0
    /// `[d, d]` Σ f fᵀ
    private var gram: [Double]
    /// `[d]` Σ f
    private var totals: [Double]
    /// `[C, d]` Σ f over the cells that the concept covers; `[C]` how many those are.
    private var coveredSums: [Double], coveredCells: [Int]
    /// `[C]` images with such a cell.
    private(set) var images: [Int]
    private let products = MatrixProducts()

    init(channels: Int, concepts: Int) {
        self.channels = channels
        gram = [Double](repeating: 0, count: channels * channels)
        totals = [Double](repeating: 0, count: channels)
        coveredSums = [Double](repeating: 0, count: concepts * channels)
        coveredCells = [Int](repeating: 0, count: concepts)
        images = [Int](repeating: 0, count: concepts)
    }

    /// - Parameter maps: `[d, h·w]` of an image.
    mutating func add(_ maps: [Float], _ labels: LabelledImage, positions: Int, threads: Int) throws {
        for channel in 0..<channels {
            totals[channel] += maps[channel * positions..<(channel + 1) * positions].reduce(0) { $0 + Double($1) }
        }
        try addProducts(maps, columns: positions, threads: threads)
        cells += positions
        for concept in labels.concepts {
            let covered = concept.shares.indices.filter { concept.shares[$0] >= UnitProbes.covered }
            if covered.isEmpty { continue }
            images[concept.index] += 1
            coveredCells[concept.index] += covered.count
            for channel in 0..<channels {
                coveredSums[concept.index * channels + channel] +=
                    covered.reduce(0) { $0 + Double(maps[channel * positions + $1]) }
            }
        }
    }

    private mutating func addProducts(_ maps: [Float], columns: Int, threads: Int) throws {
        let channels = channels, products = products, rows = 64
        let parts = try concurrentMap((channels + rows - 1) / rows, threads: threads) { part in
            let first = part * rows, count = min(rows, channels - first)
            var result = [Float](repeating: 0, count: count * channels)
            maps.withUnsafeBufferPointer { maps in
                guard let base = maps.baseAddress else { return }
                products.multiply(
                    MatrixView(base + first * columns, rowStride: columns),
                    MatrixView(base, rowStride: columns).transposed,
                    rows: count, columns: channels, terms: columns, into: &result, rowStride: channels)
            }
            return result
        }
        var place = 0
        for part in parts {
            for value in part {
                gram[place] += Double(value)
                place += 1
            }
        }
    }

    /// `[concepts, d]` probes of unit length.
    /// - Throws: `EvaluationError.notFinite`.
    func probes(of concepts: [Int]) throws -> [Float] {
        let n = Double(cells), d = channels
        var matrix = gram
        for i in 0..<d { for j in 0..<d { matrix[i * d + j] -= totals[i] * totals[j] / n } }
        let variance = (0..<d).reduce(0) { $0 + matrix[$1 * d + $1] } / Double(d)
        for i in 0..<d { matrix[i * d + i] += UnitProbes.penalty * variance }
        guard variance.isFinite, variance > 0, let solver = CholeskySolver(matrix, size: d) else {
            throw EvaluationError.notFinite("the variance of the layer's channels")
        }
        var right = [Double](repeating: 0, count: d * concepts.count)
        for (column, concept) in concepts.enumerated() {
            for i in 0..<d {
                right[i * concepts.count + column] =
                    coveredSums[concept * d + i] - Double(coveredCells[concept]) * totals[i] / n
            }
        }
        solver.solve(&right, columns: concepts.count)
        return concepts.indices.flatMap { column -> [Float] in
            let weights = (0..<d).map { right[$0 * concepts.count + column] }
            let length = weights.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return weights.map { Float(length > 0 ? $0 / length : 0) }
        }
    }
}
