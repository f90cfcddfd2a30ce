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
            let enlarged = Upsampling(height: side, width: side).apply(map[...])
            for y in stride(from: 0, to: 224, by: 37) {
                #expect(Array(enlarged[y * 224..<(y + 1) * 224]) == take(224), "side \(side), row \(y)")
            }
        }
        #expect(at == numbers.count)
    }

    /// Of 6 numbers, pixel i lies at i · 6/224 + 3/224 − ½ rounded once; rounded twice, 35 of 224 pixels would lie elsewhere.
    @Test func placesAreFused() {
        let map: [Float] = [0, 1, 2, 3, 4, 5]
        let enlarged = Upsampling(height: 1, width: 6).apply(map[...])
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
        let region = Upsampling(height: 1, width: 2).region([0, 1], above: 0.5)
        #expect(!region[0] && !region[111] && region[112] && region[223])
        #expect(region.bits.reduce(0) { $0 + $1.nonzeroBitCount } == 112 * 224)
    }

    @Test func intersectionOverUnion() throws {
        let left = try Region(bits: mask { x, _ in x < 112 })
        let top = try Region(bits: mask { _, y in y < 112 })
        let none = try Region(bits: mask { _, _ in false })
        #expect(left.intersectionOverUnion(top) == 1.0 / 3)
        #expect(left.intersectionOverUnion(left) == 1)
        #expect(none.intersectionOverUnion(none) == 0)
        #expect(throws: EvaluationError.self) { try Region(bits: [0]) }
    }
}
