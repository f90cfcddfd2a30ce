import Foundation
import LaViSE
import Testing

@Suite struct MapSummaryTests {
    /// What numpy.quantile(values, q) gives: sorted, float64, linear, float32.
    static func quantile(_ values: [Float], _ q: Double) -> Float {
        let sorted = values.sorted(), position = q * Double(values.count - 1)
        let low = Int(position), high = min(low + 1, values.count - 1), t = position - Double(low)
        let step = Double(sorted[high]) - Double(sorted[low])
        return Float(t >= 0.5 ? Double(sorted[high]) - step * (1 - t) : Double(sorted[low]) + step * t)
    }

    static func data(images: Int, channels: Int, value: (_ image: Int, _ channel: Int, _ position: Int) -> Float)
        -> MemoryData
    {
        MemoryData(
            channels: channels, height: 2, width: 3,
            features: (0..<images).map { i in (0..<channels).flatMap { c in (0..<6).map { value(i, c, $0) } } })
    }

    @Test(arguments: [0, 0.005, 0.25, 0.5, 0.77, 0.995, 1], [1, 2, 7, 41])
    func thresholdIsTheExactQuantile(q: Double, images: Int) throws {
        var random = SystemLike(state: 7)
        let values = (0..<images * 3 * 6).map { _ in random.value() }
        let data = Self.data(images: images, channels: 3) { i, c, p in values[(i * 3 + c) * 6 + p] }
        let summary = try MapSummary(of: data, options: EvaluationOptions(quantile: q)) { _ in }
        for c in 0..<3 {
            let own = (0..<images).flatMap { i in (0..<6).map { values[(i * 3 + c) * 6 + $0] } }
            #expect(summary.thresholds[c] == Self.quantile(own, q))
        }
    }

    /// NumPy interpolates from the nearer neighbour; from the other one the last bits differ (make_quantiles.py).
    @Test func interpolatesFromTheNearerNeighbour() throws {
        let file = try #require(Bundle.module.url(forResource: "Fixtures/quantiles", withExtension: "txt"))
        let text = try String(contentsOf: file, encoding: .utf8)
        let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(lines.count == 10)
        for line in lines {
            let quantile = try #require(Double(line[0])), numbers = line.dropFirst().compactMap { Float($0) }
            let data = Self.data(images: 1, channels: 1) { _, _, p in numbers[p] }
            let summary = try MapSummary(of: data, options: EvaluationOptions(quantile: quantile)) { _ in }
            #expect(summary.thresholds == [numbers[6]] && numbers[6] != numbers[7])
        }
    }

    /// Neighbours in different buckets, equal neighbours, negative and very small numbers.
    @Test func thresholdBetweenFarNeighbours() throws {
        let numbers: [Float] = [-3e30, -1, -0x1p-133, 0, 0x1p-133, 2, 2, 1e20]
        for cut in 1...6 {
            let values = numbers.prefix(cut + 2).map { $0 } + Array(repeating: numbers[0], count: 6)
            let six = Array(values.prefix(6))
            let data = Self.data(images: 1, channels: 1) { _, _, p in six[p] }
            for q in [0.1, 0.3, 0.5, 0.7, 0.9, 0.99] {
                let summary = try MapSummary(of: data, options: EvaluationOptions(quantile: q)) { _ in }
                #expect(summary.thresholds == [Self.quantile(six, q)])
            }
        }
    }

    @Test func topImagesGoDownAndTiesToTheLowerRow() throws {
        let peaks: [Float] = [1, 3, 0, 3, 2, -1, 3]
        let data = Self.data(images: 7, channels: 1) { i, _, p in p == i % 6 ? peaks[i] : min(peaks[i], 0) }
        let three = try MapSummary(of: data, options: EvaluationOptions(topImages: 3)) { _ in }
        #expect(three.topImages == [1, 3, 6])
        #expect(three.maxima == [3, 3, 3])
        let all = try MapSummary(of: data, options: EvaluationOptions(topImages: 25)) { _ in }
        #expect(all.imagesPerFilter == 7)
        #expect(all.topImages == [1, 3, 6, 4, 0, -1, -1])
    }

    /// Looked at in ranges, by anyone and in any order, with ties between ranges: the same as at once, and as worked
    /// out by hand.
    @Test(arguments: [1, 2, 3, 5, 11, 12])
    func rangesAddUpToTheWhole(size: Int) throws {
        let images = 11
        let data = Self.data(images: images, channels: 3) { i, c, p in Float((i * 7 + c * 5 + p * 3) % 8) - Float(c) }
        let options = EvaluationOptions(topImages: 4, quantile: 0.77)
        let looks = try MapLooks(of: data, options: options, imagesPerRange: size) { _ in }
        #expect(looks.ranges.count == (images + size - 1) / size && looks.ranges.map(\.count).reduce(0, +) == images)
        // Computed last first, joined in their order.
        let firsts = Array(try looks.ranges.reversed().map(looks.first).reversed()), first = try looks.joinedFirst()
        firsts.forEach(first.add)
        let second = try looks.joinedSecond(first)
        for range in looks.ranges.reversed() { second.add(try looks.second(range, first)) }
        #expect(try second.summary == MapSummary(of: data, options: options) { _ in })
        for c in 0..<3 {
            let values = (0..<images).map { i in (0..<6).map { Float((i * 7 + c * 5 + $0 * 3) % 8) - Float(c) } }
            #expect(second.summary.thresholds[c] == Self.quantile(values.flatMap { $0 }, 0.77))
            let peaks = values.map { $0.max() ?? 0 }
            let best = (0..<images).filter { peaks[$0] > 0 }.sorted { (peaks[$1], $0) < (peaks[$0], $1) }.prefix(4)
            #expect(second.summary.topImages[c * 4..<c * 4 + 4].map { Int($0) } == Array(best))
        }
    }

    @Test func filtersAreThoseAskedFor() throws {
        let data = Self.data(images: 2, channels: 4) { i, c, p in Float(10 * c + i + p) }
        let summary = try MapSummary(of: data, options: EvaluationOptions(filters: [3, 1], topImages: 1, quantile: 1)) {
            _ in
        }
        #expect(summary.filters == [3, 1])
        #expect(summary.thresholds == [36, 16])
        #expect(throws: EvaluationError.unknownFilter(4, channels: 4)) {
            try MapSummary(of: data, options: EvaluationOptions(filters: [4])) { _ in }
        }
    }

    @Test func badInputIsNamed() throws {
        let broken = Self.data(images: 2, channels: 2) { i, c, _ in i == 1 && c == 1 ? .nan : 1 }
        #expect(throws: EvaluationError.notFinite("an activation of filter 1, image row 1")) {
            try MapSummary(of: broken, options: EvaluationOptions()) { _ in }
        }
        let empty = Self.data(images: 0, channels: 2) { _, _, _ in 0 }
        #expect(throws: EvaluationError.noImages) { try MapSummary(of: empty, options: EvaluationOptions()) { _ in } }
        #expect(throws: EvaluationError.self) {
            try MapSummary(of: broken, options: EvaluationOptions(ks: [20, 5])) { _ in }
        }
        #expect(throws: EvaluationError.self) {
            try MapSummary(of: broken, options: EvaluationOptions(topImages: 0)) { _ in }
        }
    }

    /// Deviation `lowQuantile`: of 200 numbers 0…199, 0.995 · 199 = 198.005 and 0.005 · 199 = 0.995.
    @Test func lowQuantileTakesTheOtherTail() throws {
        let data = MemoryData(channels: 1, height: 10, width: 20, features: [(0..<200).map { Float(($0 * 77) % 200) }])
        let paper = try MapSummary(of: data, options: EvaluationOptions()) { _ in }
        let fact = try MapSummary(of: data, options: EvaluationOptions(quantile: EvaluationOptions.lowQuantile)) { _ in
        }
        #expect(paper.thresholds == [198.005])
        #expect(fact.thresholds == [0.995])
    }
}

/// A small generator for test numbers: about a third of them 0, as after a ReLU.
struct SystemLike {
    var state: UInt64
    mutating func value() -> Float {
        state = state &* 6364136223846793005 &+ 1442695040888963407
        let number = Float(Int64(bitPattern: state) >> 40) / Float(1 << 20)
        return state >> 33 % 3 == 0 ? 0 : number
    }
}
