import Foundation
import HDF5
import LaViSE
import Testing

/// The metrics of METHOD 11 against NumPy and scikit-learn (`Fixtures/make_evidence.py`).
@Suite struct EvidenceTests {
    private static let tolerance = 1e-6
    private static let grids = ["7x7", "6x6", "14x14"]

    @Test(arguments: grids, EvidenceMetric.allCases)
    func metricEqualsScikitLearn(grid: String, metric: EvidenceMetric) throws {
        let golden = try EvidenceGolden(grid), sums = try golden.sums()
        let expected: [Double] = try golden.read(metric == .simulation ? "corr" : metric.rawValue)
        #expect(expected.contains { $0 > 0.05 })
        #expect(largestDifference(try sums.scores(metric, threads: 2).values, expected) < Self.tolerance)
    }

    @Test(arguments: grids) func metricsThatMustFailEqualScikitLearn(grid: String) throws {
        let golden = try EvidenceGolden(grid), sums = try golden.sums()
        #expect(largestDifference(sums.recalls().values, try golden.read("recall")) < Self.tolerance)
        #expect(largestDifference(try sums.areasUnderROC(threads: 2).values, try golden.read("auc")) < Self.tolerance)
        let means: [Double] = try golden.read("means"), units = golden.units
        let transposed = (0..<units).flatMap { unit in stride(from: unit, to: means.count, by: units).map { means[$0] }
        }
        #expect(largestDifference(sums.means.map(Double.init), transposed) < Self.tolerance)
    }

    @Test(arguments: grids) func simulationOfSeveralWordsEqualsNumPy(grid: String) throws {
        let golden = try EvidenceGolden(grid), sums = try golden.sums()
        let words = [0, 2, 3].enumerated().map { (concept: $1, weight: [0.7, 2, -1][$0]) }
        let ours = (0..<golden.units).map { sums.simulation(of: $0, words: words) }
        #expect(largestDifference(ours, try golden.read("simulation")) < Self.tolerance)
    }

    @Test(arguments: grids) func ridgeEqualsScikitLearn(grid: String) throws {
        let golden = try EvidenceGolden(grid), sums = try golden.sums()
        let all = RidgeRegression(sums, images: Array(0..<sums.imageCount))
        let expected: [Double] = try golden.read("ridge")
        for (index, penalty) in [0.1, 10].enumerated() {
            let weights = try all.weights(penalty: penalty), units = golden.units, concepts = sums.conceptCount
            let rows = (0..<units).flatMap { unit in (0..<concepts).map { weights[$0 * units + unit] } }
            #expect(
                largestDifference(rows, Array(expected[index * rows.count..<(index + 1) * rows.count])) < Self.tolerance
            )
        }
        let even = RidgeRegression(sums, images: stride(from: 0, to: sums.imageCount, by: 2).map { $0 })
        let errors = even.squaredErrors(
            try even.weights(penalty: 1), on: stride(from: 1, to: sums.imageCount, by: 2).map { $0 }, sums)
        #expect(largestDifference(errors, try golden.read("ridge-errors")) < Self.tolerance)
    }

    @Test func regionsAreThoseOfTheWholeEnlargement() throws {
        // 224 and 320 are multiples of 32, 299 is none.
        for (grid, quantile, side) in [
            ("7x7", 0.995, 224), ("6x6", 0.5, 224), ("14x14", 0.9, 224), ("7x7", 0.9, 299), ("6x6", 0.9, 320),
        ] {
            let golden = try EvidenceGolden(grid), positions = golden.height * golden.width
            let finder = RegionFinder(height: golden.height, width: golden.width, side: side)
            for start in stride(from: 0, to: golden.maps.count, by: positions) {
                let map = golden.maps[start..<start + positions]
                let threshold = map.sorted()[Int(quantile * Double(positions - 1))]
                let whole = Region(finder.upsampling.apply(map), above: threshold, side: side)
                let found = Array(map).withUnsafeBufferPointer { finder.region(of: $0.baseAddress!, above: threshold) }
                #expect(
                    (found?.region.bits ?? [UInt64](repeating: 0, count: Region.wordCount(side: side))) == whole.bits)
                let pixels = whole.bits.reduce(0) { $0 + $1.nonzeroBitCount }
                #expect(found?.pixels ?? 0 == pixels)
                #expect(found.map { $0.region.common(whole, words: $0.words) } ?? 0 == pixels)
            }
        }
    }

    @Test func threadsAndBlocksChangeNoBit() throws {
        let golden = try EvidenceGolden("7x7")
        let one = try golden.sums(threads: 1), three = try golden.sums(threads: 3)
        for metric in EvidenceMetric.allCases {
            #expect(try one.scores(metric, threads: 1) == three.scores(metric, threads: 3))
        }
        let linear = try LinearExplanation(one, seed: 0, threads: 1),
            other = try LinearExplanation(three, seed: 0, threads: 3)
        #expect(linear.weights == other.weights && linear.penalties == other.penalties)
    }

    @Test func halvesAreDisjointEvenAndFollowTheSeed() {
        let halves = ImageHalves(images: 205, seed: 7)
        #expect((halves.first + halves.second).sorted() == Array(0..<205))
        #expect(
            halves.first.count == 103 && halves.first == halves.first.sorted()
                && halves.second == halves.second.sorted())
        #expect(halves == ImageHalves(images: 205, seed: 7))
        #expect(halves != ImageHalves(images: 205, seed: 8))
    }

    @Test func rowsOfEqualNumbersTellNothing() {
        #expect(PairSums(count: 3, x: 3, xx: 3, y: 2, yy: 2, xy: 2).pearson == 0)
        #expect(PairSums(count: 3, x: 0, xx: 0, y: 2, yy: 2, xy: 0).cosine == 0)
        #expect(intersectionOverUnion(0, 0, 0) == 0 && f1(0, 0, 0) == 0)
    }

    private func largestDifference(_ a: [Double], _ b: [Double]) -> Double {
        #expect(a.count == b.count)
        return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }
}

/// One grid of the fixture.
struct EvidenceGolden {
    let units: Int, height: Int, width: Int
    /// `[N, U, h, w]`
    let maps: [Float]
    let thresholds: [Float]
    let data: MemoryData
    private let file: HDF5File, group: String
    static let concepts = 6

    init(_ group: String) throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/evidence", withExtension: "h5"))
        let file = try HDF5File.open(url.path), shape = try file.shape(of: "\(group)/maps")
        self.file = file
        self.group = group
        (units, height, width) = (shape[1], shape[2], shape[3])
        maps = try file.read("\(group)/maps")
        thresholds = try file.read("\(group)/thresholds")
        let rows: [Int32] = try file.read("rectangles"), size = shape[1] * shape[2] * shape[3]
        let maps = maps
        data = MemoryData(
            channels: units, height: height, width: width,
            features: (0..<shape[0]).map { Array(maps[$0 * size..<($0 + 1) * size]) },
            truths: (0..<shape[0]).map { image in
                stride(from: 0, to: rows.count, by: 6).filter { rows[$0] == Int32(image) }.map { row in
                    let (x, y, right, bottom) = (
                        Int(rows[row + 2]), Int(rows[row + 3]), Int(rows[row + 4]), Int(rows[row + 5])
                    )
                    return TruthSample(
                        words: [rows[row + 1]], mask: mask { x <= $0 && $0 < right && y <= $1 && $1 < bottom })
                }
            })
    }

    func read<T: HDF5Scalar>(_ name: String) throws -> [T] { try file.read("\(group)/\(name)") }

    func sums(threads: Int = 2) throws -> EvidenceSums {
        try EvidenceSums(
            of: data, units: Array(0..<units), thresholds: thresholds, concepts: Self.concepts, threads: threads)
    }
}
