import LaViSE
import Testing

/// What evidence is made of, worked out by hand.
@Suite struct EvidenceByHandTests {
    /// Two images of a score of 10 are one step: P = ½ at R = ½, then both others at once, P = ½ at R = 1.
    @Test func itemsOfOneScoreAreOneStepOfThePrecision() {
        let isPositive = [true, false, true, false]
        let tied = [10, 10].enumerated().map { ConceptLabels.Label(index: $0, pixels: $1) }
        #expect(averagePrecision(isPositive: isPositive, positives: 2, scored: tied) == 0.5)
        // Apart, the first is right: P = 1 at R = ½.
        let apart = [20, 10].enumerated().map { ConceptLabels.Label(index: $0, pixels: $1) }
        #expect(averagePrecision(isPositive: isPositive, positives: 2, scored: apart) == 0.75)
        #expect(averagePrecision(isPositive: isPositive, positives: 2, scored: []) == 0.5)
        #expect(averagePrecision(isPositive: [false], positives: 0, scored: []) == 0)
    }

    /// 5 % of 21 images are two; of equal means the lower image.
    @Test func highestImagesByHand() {
        var means = [Float](repeating: 0, count: 21)
        means[20] = 3
        means[4...6] = [2, 2, 2]
        let isHighest = highest(means[...])
        #expect(isHighest.indices.filter { isHighest[$0] } == [4, 20])
    }

    @Test func onlyAPositiveDefiniteMatrixHasAFactor() {
        #expect(CholeskySolver([4, 2, 2, 3], size: 2) != nil)
        // Its eigenvalues are 3 and −1.
        #expect(CholeskySolver([1, 2, 2, 1], size: 2) == nil)
        #expect(CholeskySolver([0], size: 1) == nil)
    }

    /// Half of a concept's labels go (of five, two), and as many others come, each as large as one of the true ones.
    @Test(arguments: [4, 5]) func labelsAreMadeWrongByHalfAndByAsMany(count: Int) {
        let images = (0..<count).map { ConceptLabels.Label(index: 2 * $0, pixels: 10) }
        let draws = LabelDraws(images, of: 20, side: 224, concept: 0, seed: 3)
        #expect(draws.isTestable)
        for draw in 0..<LabelDraws.draws {
            let kept = draws.kept.indices.filter { draws.kept[$0] >> UInt16(draw) & 1 == 1 }
            #expect(kept.count == count - count / 2 && kept.allSatisfy { $0 % 2 == 0 && $0 < 2 * count })
            let extra = draws.extra.indices.flatMap { image in
                draws.extra[image].filter { $0.draw == draw }.map { (image: image, square: $0) }
            }
            #expect(extra.count == count && Set(extra.map(\.image)).count == count)
            #expect(extra.allSatisfy { $0.image % 2 == 1 || $0.image >= 2 * count })
            // √10, rounded.
            #expect(extra.allSatisfy { $0.square.side == 3 })
        }
        #expect(!LabelDraws(Array(images.prefix(3)), of: 20, side: 224, concept: 0, seed: 3).isTestable)
    }

    private let corner = mask { x, y in x < 112 && y < 112 }, opposite = mask { x, y in x >= 112 && y >= 112 }

    private func half(_ shown: [[Int32]], unit: [Float]) throws -> Faithfulness.Half {
        let data = MemoryData(
            channels: 2, height: 2, width: 2, features: unit.map { [$0, 0, 0, 0, 0, 0, 0, 0] },
            truths: shown.map { $0.map { TruthSample(words: [$0], mask: $0 == 0 ? opposite : corner) } })
        return .init(
            sums: try EvidenceSums(of: data, units: [0, 1], thresholds: [0.5, 0.5], concepts: 2, threads: 1),
            explanations: [])
    }

    /// A unit that fires once without reason: on images that it did not see, hardly anything of it is the concept's.
    /// With half of eight images λ / 2 is about 1 / t − 1 for the best share t = 1 / 9 of the mean's difference.
    @Test func noiseGetsAPenaltyThatUnseenImagesChoose() throws {
        let half = try half(
            (0..<10).map { $0 % 2 == 0 ? [1] : [] }, unit: (0..<10).map { $0 == 0 ? 1 : 0 })
        let linear = try LinearExplanation(half.sums, seed: 0, threads: 1)
        #expect(linear.penalties[0] >= 1)
    }

    /// A concept needs a covered cell in ten training images.
    @Test func probesNeedTenImages() throws {
        let shown: [[Int32]] = (0..<12).map { image in (image < 10 ? [0] : []) + (image > 2 ? [1] : []) }
        let features = (0..<12).map { image in (0..<8).map { (place: Int) in Float((image * 5 + place * 3) % 7) } }
        let data = MemoryData(
            channels: 2, height: 2, width: 2, features: features,
            truths: shown.map { $0.map { TruthSample(words: [$0], mask: corner) } })
        #expect(try UnitProbes(data, wanted: [true, true], threads: 1).concepts == [0])
    }
}
