import LaViSE
import Testing

/// Rows, and words that are chosen on other images than they are scored on.
@Suite struct FaithfulnessTests {
    /// Unit 0 is active where concept 0 is in the first half, and where concept 1 is in the second; unit 1 never.
    private func half(_ concept: Int, explanations: [WordExplanations] = []) throws -> Faithfulness.Half {
        let square = mask { x, y in x < 112 && y < 112 }
        let shown = [0, 1, 0, 1, 2, 0, 1, 2]
        let maps = shown.map { [Float]([$0 == concept ? 1 : 0, 0, 0, 0, 0, 0, 0, 0]) }
        let data = MemoryData(
            channels: 2, height: 2, width: 2, features: maps,
            truths: shown.map { [TruthSample(words: [Int32($0)], mask: square)] })
        let sums = try EvidenceSums(of: data, units: [0, 1], thresholds: [0.5, 0.5], concepts: 4, threads: 1)
        return .init(sums: sums, explanations: explanations)
    }

    private func isNear(_ a: [Double], _ b: [Double]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-12 }
    }

    private func word(_ concept: Int?) -> [WordExplanations.Word] { [.init(concept: concept, weight: 1)] }

    @Test func wordsAreScoredOnTheOtherHalf() throws {
        let first = try half(0), second = try half(1)
        let honest = try Faithfulness(
            [(first, second), (second, first)], metrics: [.correlation, .iou], frequent: 2, seed: 0, threads: 2)
        let shared = try Faithfulness(
            [(first, first)], metrics: [.correlation, .iou], frequent: 2, seed: 0, threads: 2)
        #expect(honest.rows.map(\.name) == ["net-dissect", "correlation", "linear", "constant", "random", "best"])
        func score(_ faithfulness: Faithfulness, _ name: String, _ metric: EvidenceMetric) throws -> [Double] {
            try #require(faithfulness.rows.first { $0.name == name }?.scores[metric])
        }
        // On its own images the word fits perfectly, on the others the concept is never there with the unit.
        for row in ["net-dissect", "correlation", "linear", "best"] {
            #expect(try isNear(score(shared, row, .correlation), [1, 0]), "\(row)")
        }
        for row in ["net-dissect", "correlation", "linear"] {
            #expect(try score(honest, row, .correlation)[0] < -0.4, "\(row)")
        }
        #expect(try isNear(score(honest, "best", .correlation), [1, 0]))
        #expect(try score(honest, "net-dissect", .iou) == [0, 0] && honest.dissection == [[0, 0], [0, 0]])
        #expect(shared.dissection[0][0] > 0.5)
        // Random: the mean over all four concepts, of which one is in no image.
        let matrix = try first.sums.scores(.correlation)
        #expect(try score(shared, "random", .correlation)[0] == matrix.row(0).reduce(0, +) / 4)
        #expect(matrix[0, 3] == 0)
        #expect(try score(shared, "constant", .correlation)[0] == matrix[0, 2])
    }

    /// The unit is active where images have concept 0, but under it lies concept 1, in one of them.
    @Test func dissectionIsOfTheConceptUnderTheUnit() throws {
        let under = mask { x, y in x < 112 && y < 112 }, apart = mask { x, y in x >= 112 && y >= 112 }
        let elsewhere = TruthSample(words: [0], mask: apart), other = TruthSample(words: [2], mask: under)
        let data = MemoryData(
            channels: 1, height: 2, width: 2,
            features: [[1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
            truths: [
                [elsewhere, TruthSample(words: [1], mask: under)], [elsewhere], [elsewhere], [other], [other],
            ])
        let sums = try EvidenceSums(of: data, units: [0], thresholds: [0.5], concepts: 3, threads: 1)
        let half = Faithfulness.Half(sums: sums, explanations: [])
        let table = try Faithfulness([(half, half)], metrics: [.iou], frequent: nil, seed: 0, threads: 1)
        func word(_ name: String) -> Int? { table.rows.first { $0.name == name }?.words.first?.first?.first?.concept }
        #expect(word("net-dissect") == 1 && word("correlation") == 0)
        let iou = try sums.scores(.iou)
        #expect(iou[0, 0] == 0 && iou[0, 1] > 0.1 && table.dissection == [[iou[0, 1]]])
    }

    /// Unit 1 is active nowhere: every concept fits it as little.
    @Test func ofEqualConceptsTheFirstIsBest() throws {
        #expect(try half(0).sums.scores(.iou).best(of: 1) == 0)
    }

    @Test func wordsThatAreNoConceptScoreWhatNoImageShows() throws {
        let said = WordExplanations(name: "tool", words: [word(nil), []])
        let half = try half(0, explanations: [said])
        let table = try Faithfulness(
            [(half, half)], metrics: EvidenceMetric.allCases, frequent: nil, seed: 0, threads: 1)
        for metric in EvidenceMetric.allCases {
            let matrix = try half.sums.scores(metric)
            let expected: Double = metric == .averagePrecision ? 1.0 / 8 : 0
            #expect(table.rows[0].scores[metric] == [expected, expected] && matrix[0, 3] == expected, "\(metric)")
        }
    }

    @Test func simulationWeighsTheWords() throws {
        let both = WordExplanations(
            name: "tool",
            words: [
                [.init(concept: 0, weight: 3), .init(concept: nil, weight: 9), .init(concept: 1, weight: 1)], word(0),
            ])
        let half = try half(0, explanations: [both])
        let table = try Faithfulness(
            [(half, half)], metrics: [.simulation, .correlation], frequent: nil, seed: 0, threads: 1)
        let expected = half.sums.simulation(of: 0, words: [(0, 3), (1, 1)])
        #expect(table.rows[0].scores[.simulation]?[0] == expected && expected > 0.9 && expected < 1)
        #expect(abs((table.rows[0].scores[.correlation]?[0] ?? 0) - 1) < 1e-12)
    }

    @Test func penaltyIsTheOneWithTheSmallestErrorOnUnseenImages() throws {
        let golden = try EvidenceGolden("7x7"), sums = try golden.sums()
        let linear = try LinearExplanation(sums, seed: 3, threads: 2)
        #expect(linear.penalties.allSatisfy(LinearExplanation.penalties.contains))
        // A unit that is 0 everywhere is told as well by every λ: the largest.
        #expect(linear.penalties.last == LinearExplanation.penalties.last && linear.words(of: golden.units - 1).isEmpty)
        let ridge = RidgeRegression(sums, images: Array(0..<sums.imageCount))
        for unit in 0..<golden.units {
            let weights = try ridge.weights(penalty: linear.penalties[unit])
            let own = (0..<sums.conceptCount).map { weights[$0 * golden.units + unit] }
            #expect(Array(linear.weights[unit * own.count..<(unit + 1) * own.count]) == own)
        }
        #expect(linear.words(of: 1).map(\.weight) == linear.words(of: 1).map(\.weight).sorted(by: >))
    }
}
