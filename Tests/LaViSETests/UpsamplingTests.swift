import Foundation
import LaViSE
import Testing

@Suite struct UpsamplingTests {
    /// Every bit of torch's result, for the sides of all target layers (fixture: make_upsampling.py).
    @Test func equalsTorch() throws {
        let file = try #require(Bundle.module.url(forResource: "Fixtures/upsampling", withExtension: "bin"))
        let numbers = try Data(contentsOf: file).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        var at = 0
        func take(_ count: Int) -> [Float] {
            defer { at += count }
            return Array(numbers[at..<at + count])
        }
        for side in [6, 7, 14, 28, 56] {
            let map = take(side * side)
            let enlarged = Upsampling(height: side, width: side, side: 224).apply(map[...])
            for y in stride(from: 0, to: 224, by: 37) {
                #expect(Array(enlarged[y * 224..<(y + 1) * 224]) == take(224), "side \(side), row \(y)")
            }
        }
        #expect(at == numbers.count)
    }

    /// Of 6 numbers, pixel i lies at i · 6/224 + 3/224 − ½ rounded once; rounded twice, 35 of 224 pixels would lie
    /// elsewhere.
    @Test func placesAreFused() {
        let map: [Float] = [0, 1, 2, 3, 4, 5]
        let enlarged = Upsampling(height: 1, width: 6, side: 224).apply(map[...])
        let scale = Double(Float(6) / 224)
        var twice = 0
        for i in 20..<204 {
            let place = Float(scale * (Double(i) + 0.5) - 0.5)
            let low = place.rounded(.down), part = place - low
            #expect(enlarged[i] == (low + 1) * part + (low * (1 - part)) || abs(enlarged[i] - place) <= place.ulp)
            if Float(Float(scale) * (Float(i) + 0.5)) - 0.5 != place { twice += 1 }
        }
        #expect(twice > 20)
    }

    @Test func regionHoldsPixelsAboveTheThreshold() {
        // Halves 0 and 1: the border between them rises from 0 to 1 over columns 56…167.
        let region = Upsampling(height: 1, width: 2, side: 224).region([0, 1], above: 0.5)
        #expect(!region[0] && !region[111] && region[112] && region[223])
        #expect(region.bits.reduce(0) { $0 + $1.nonzeroBitCount } == 112 * 224)
    }

    @Test func intersectionOverUnion() throws {
        let left = try Region(bits: mask { x, _ in x < 112 }, side: 224)
        let top = try Region(bits: mask { _, y in y < 112 }, side: 224)
        let none = try Region(bits: mask { _, _ in false }, side: 224)
        #expect(left.intersectionOverUnion(top) == 1.0 / 3)
        #expect(left.intersectionOverUnion(left) == 1)
        #expect(none.intersectionOverUnion(none) == 0)
        #expect(throws: EvaluationError.self) { try Region(bits: [0], side: 224) }
    }

    /// Of a side whose pixels do not fill the last word.
    @Test func otherSides() throws {
        let upsampling = Upsampling(height: 1, width: 2, side: 299)
        let region = upsampling.region([0, 1], above: 0.5034)
        #expect(region.side == 299 && region.bits.count == 1397 && upsampling.apply([0, 1]).count == 299 * 299)
        // Columns rise from 0 to 1: column 149 is 0.5, column 150 is 0.5067.
        #expect(!region[149] && region[150] && !region[298 * 299 + 149] && region[299 * 299 - 1])
        #expect(region.bits.reduce(0) { $0 + $1.nonzeroBitCount } == 149 * 299)
        #expect(try region.intersectionOverUnion(Region(bits: region.bits, side: 299)) == 1)
    }
}
