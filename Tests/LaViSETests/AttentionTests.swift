import LaViSE
import Testing

/// One image of two channels on a 2×2 grid, explained by an explainer that gives its input back: every input is
/// computed by hand and read off the similarities to chosen words.
@Suite struct AttentionTests {
    // F_0 = (1, 2, 0, 0), F_1 = (0, 2, 2, 0); ‖F_0‖ = √5, ‖F_1‖ = √8, F_0 · F_1 = 4; means 3/4 and 1.
    static let feature: [Float] = [1, 2, 0, 0, 0, 2, 2, 0]

    /// The explainer's input for filter 0, as the direction that the vocabulary sees, for a method.
    static func input(_ method: ExplanationMethod, _ change: (inout EvaluationOptions) -> Void = { _ in }) throws
        -> [Float]
    {
        let seen = Recorder()
        var options = EvaluationOptions(filters: [0], ks: [1], methods: [method], quantile: 0.9)
        change(&options)
        var data = MemoryData(
            channels: 2, height: 2, width: 2, features: [feature], colours: [[1, 1, 1]],
            explainer: {
                seen.inputs.append($0); return [1, 0]
            })
        data.flattened = options.flattenFeatures
        let vocabulary = try Vocabulary(vectors: .init(shape: [1, 2], data: [1, 0]), ids: [0])
        _ = try evaluate(data, vocabulary: vocabulary, options: options)
        return try #require(seen.inputs.first)
    }

    @Test func originalIsTheMean() throws {
        #expect(try Self.input(.original) == [0.75, 1])
    }

    /// The 0.9 quantile of (0, 0, 1, 2) is 1 + 0.7: only position 1 exceeds it.
    @Test func activationKeepsActivePositions() throws {
        #expect(try Self.input(.activation) == [2.0 / 4, 2.0 / 4])
    }

    /// The 0.005 quantile is 0: positions 0 and 1 exceed it.
    @Test func lowQuantileKeepsMore() throws {
        #expect(try Self.input(.activation) { $0.quantile = EvaluationOptions.lowQuantile } == [3.0 / 4, 2.0 / 4])
    }

    /// cos(F_0, F_0) = 1, cos(F_0, F_1) = 4 / √40, times the means.
    @Test func projectionWeighsByTheCosine() throws {
        let input = try Self.input(.projection)
        #expect(abs(input[0] - 0.75) < 1e-6)
        #expect(abs(input[1] - 4 / Float(40).squareRoot()) < 1e-6)
    }

    /// pool(F_0 ⊙ F_0) / √5 = 5 / 4 / √5 and pool(F_1 ⊙ F_0) / √5 = 4 / 4 / √5.
    @Test func unnormalisedAttentionMultipliesPositions() throws {
        let input = try Self.input(.projection) { $0.unnormalisedAttention = true }
        #expect(abs(input[0] - 1.25 / Float(5).squareRoot()) < 1e-6)
        #expect(abs(input[1] - 1 / Float(5).squareRoot()) < 1e-6)
    }

    /// The masked image's channels have the region's share as mean, and the test's backbone passes that on.
    @Test func imageGoesThroughTheBackboneAgain() throws {
        let region = Upsampling(height: 2, width: 2, side: 224).region(Self.feature[0..<4], above: 1.7)
        let share = Float(region.bits.reduce(0) { $0 + $1.nonzeroBitCount }) / Float(224 * 224)
        #expect(share > 0.05 && share < 0.25)
        let input = try Self.input(.image)
        #expect(abs(input[0] - share) < 1e-6 && abs(input[1] - share) < 1e-6)
    }

    @Test func flattenFeaturesKeepsPositions() throws {
        #expect(try Self.input(.original) { $0.flattenFeatures = true } == Self.feature)
        #expect(try Self.input(.activation) { $0.flattenFeatures = true } == [0, 2, 0, 0, 0, 2, 0, 0])
        let cosine = 4 / Float(40).squareRoot()
        let projection = try Self.input(.projection) { $0.flattenFeatures = true }
        for (mine, hand) in zip(projection, [1, 2, 0, 0, 0, 2 * cosine, 2 * cosine, 0]) {
            #expect(abs(mine - hand) < 1e-6)
        }
        let both = try Self.input(.projection) {
            $0.flattenFeatures = true; $0.unnormalisedAttention = true
        }
        let norm = Float(5).squareRoot()
        for (mine, hand) in zip(both, [1 / norm, 4 / norm, 0, 0, 0, 4 / norm, 0, 0]) {
            #expect(abs(mine - hand) < 1e-6)
        }
    }
}

/// What an explainer was asked; the tests that use it run on one thread.
final class Recorder: @unchecked Sendable {
    var inputs: [[Float]] = []
}
