import Foundation
import LaViSE
import Tensors
import Testing

/// Units that are directions of channels, and probes of concepts against NumPy (`Fixtures/make_probes.py`).
@Suite struct UnitDirectionsTests {
    private struct Probes: Decodable {
        let images: Int, channels: Int, grid: Int, side: Int
        /// Image, concept, left, top, width, height each, on `side` pixels.
        let boxes: [[Int]]
        let maps: [Float]
        let directions: [[Double]]

        var data: MemoryData {
            let size = channels * grid * grid, scale = 224 / side
            return MemoryData(
                channels: channels, height: grid, width: grid,
                features: (0..<images).map { Array(maps[$0 * size..<($0 + 1) * size]) },
                truths: (0..<images).map { image in
                    boxes.filter { $0[0] == image }.map { box in
                        TruthSample(
                            words: [Int32(box[1])],
                            mask: mask { x, y in
                                (box[2]..<box[2] + box[4]).contains(x / scale)
                                    && (box[3]..<box[3] + box[5]).contains(y / scale)
                            })
                    }
                })
        }
    }

    private static func probes() throws -> Probes {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/probes", withExtension: "json"))
        return try JSONDecoder().decode(Probes.self, from: Data(contentsOf: url))
    }

    @Test(arguments: [1, 3]) func probesAreThoseOfRidgeRegression(threads: Int) throws {
        let known = try Self.probes()
        let found = try UnitProbes(known.data, wanted: [true, true, true], threads: threads)
        #expect(found.concepts == [0, 1, 2])
        let weights = found.directions.weights, expected = known.directions.flatMap { $0 }
        #expect(weights.count == expected.count)
        for (own, other) in zip(weights, expected) { #expect(abs(Double(own) - other) < 1e-6) }
    }

    @Test func conceptsThatAreNotWantedHaveNone() throws {
        let known = try Self.probes()
        #expect(try UnitProbes(known.data, wanted: [false, true, false], threads: 1).concepts == [1])
        #expect(throws: EvaluationError.self) { try UnitProbes(known.data, wanted: [false, false, false], threads: 1) }
    }

    /// A unit that is one channel is explained as that channel, and the explainer sees the channels alone.
    @Test(arguments: [false, true]) func aDirectionAlongAChannelIsTheChannel(isFlat: Bool) throws {
        var data = try Self.probes().data
        let inputs = isFlat ? data.channels * data.mapHeight * data.mapWidth : data.channels
        data.flattened = isFlat
        data.imagesAtOnce = 3
        data.explainer = { input in
            #expect(input.count == inputs)
            return Array(input.prefix(3))
        }
        let weights: [Float] = [0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0]
        let directed = try DirectedImages(data, UnitDirections(weights: weights, channels: 6), isFlat: isFlat)
        #expect(directed.units == 6..<8 && directed.channels == 8)
        let vocabulary = try Vocabulary(
            vectors: Tensor(shape: [3, 3], data: [1, 0, 0, 0, 1, 0, 0, 0, 1]), ids: [0, 1, 2])
        func explained(_ data: any EvaluationData, _ filters: [Int]) throws -> Evaluation {
            try evaluate(
                data, vocabulary: vocabulary,
                options: EvaluationOptions(
                    filters: filters, topImages: 4, ks: [1], wordsPerImage: 3,
                    methods: [.original, .image, .activation, .projection],
                    flattenFeatures: isFlat))
        }
        let channels = try explained(data, [2, 1]), units = try explained(directed, [6, 7])
        #expect(
            units.methods.map(\.words) == channels.methods.map(\.words) && units.groundTruth == channels.groundTruth)
        #expect(units.methods.map(\.similarities) == channels.methods.map(\.similarities))
        #expect(units.summary.numbered(from: 4).filters == [2, 3])
        #expect(units.summary.topImages == channels.summary.topImages)
        #expect(units.summary.thresholds == [channels.summary.thresholds[0], 2 * channels.summary.thresholds[1]])
        #expect(throws: EvaluationError.self) {
            try DirectedImages(data, UnitDirections(weights: weights, channels: 4), isFlat: isFlat)
        }
    }

    @Test func whatIsNoDirectionIsRefused() {
        #expect(throws: EvaluationError.self) { try UnitDirections(weights: [], channels: 4) }
        #expect(throws: EvaluationError.self) { try UnitDirections(weights: [1, 2, 3], channels: 2) }
        #expect(throws: EvaluationError.notFinite("a direction")) {
            try UnitDirections(weights: [1, .nan], channels: 2)
        }
    }
}
