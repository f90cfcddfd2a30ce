import Foundation
import LaViSE
import Pipeline
import Reporting
import Testing

/// What tables say of filters' words, worked out by hand from artifacts made by hand.
@Suite struct WordResultsTests {
    /// Four filters of two images with two words each. The first three say a twice and so first; then b or c, or d;
    /// or b twice as well. The fourth is silent.
    private static func results(_ workspace: Workspace) throws -> VariantResults {
        let plan = try workspace.plan(HandMadeResultsTests.json(), settings: ["evaluate.ranking=frequency"])
        let nan = Float.nan
        let artifacts = HandMadeResultsTests.Artifacts(
            truth: [[0], [], [1], [0], [], [], [2], [3]],
            words: ["original": [0, 1, 0, 2, 0, 3, 0, 3, 0, 1, 0, 1, 0, 1, 0, 1]], silent: [3],
            recalls: [1, 1, nan, nan, 0, 0.5, 0.5, 1, nan, nan, nan, nan, nan, 0.5, 1, nan],
            correlations: [0.2, 0.9, 0.9, 0.9, 0.31, 0, 0, 0, nan, 0.9, 0, 0, 0.9, 0.9, 0.9, 0.9])
        return try artifacts.results(in: workspace.root + "/a", plan.file.variants[0].experiment)
    }

    @Test func wordsOfAFilter() throws {
        try Workspace.with { workspace in
            let rows = try Self.results(workspace).filterRows(.original)
            // Equally frequent words are in the order of their similarity: 0.8 of b in the first image, 0.6 of c.
            #expect(rows.map { $0.words.map(\.text) } == [["a", "b", "c"], ["a", "d"], ["a", "b"], []])
            #expect(rows.map { $0.words.map(\.frequency) } == [[2, 1, 1], [2, 2], [2, 2], []])
            #expect(rows.map { $0.frequent.map(\.text) } == rows.map { $0.words.map(\.text) })
            #expect(rows.map { $0.words.first?.correlation?.isNaN } == [false, false, true, nil])
            #expect(abs((rows[0].words[1].correlation ?? 0) - 0.9) < 1e-6)
            #expect(abs((rows[1].words[0].intersectionOverUnion ?? 0) - 0.031) < 1e-6)
            #expect(rows.map(\.filter) == [0, 1, 2, 3] && rows.allSatisfy { $0.threshold == 0.5 })
            #expect(try Self.results(workspace).filterRows(.original, most: 1).map(\.words.count) == [1, 1, 1, 0])
        }
    }

    /// tanh(1.6449 / √27) = 0.306 is chance in 30 images: 0.2 is above 0 and not above chance, 0.31 is. A constant
    /// filter fits nothing, and of a silent one nothing can be said.
    @Test func whatIsAboveChance() throws {
        try Workspace.with { workspace in
            let results = try Self.results(workspace)
            #expect(results.filterRows(.original).map(\.isReliable) == [false, true, false, nil])
            let table = results.rankings(row: "r")
            #expect(table.map(\.ranking) == WordRanking.allCases.map(\.rawValue))
            let row = try #require(table.first { $0.ranking == "frequency" })
            #expect(row.reliable == 1 && row.filters == 3 && row.row == "r" && row.method == "original")
            // All of the three begin with a.
            #expect(row.distinct == 1)
            #expect(abs((row.correlation ?? 0) - (0.2 + 0.31) / 2) < 1e-6)
        }
    }

    /// The mean over the images that have a ground truth.
    @Test func recallOfAFilter() throws {
        try Workspace.with { workspace in
            let rows = try Self.results(workspace).filterRows(.original)
            #expect(rows.map(\.recall) == [[1, 1], [0.25, 0.75], [nil, nil], [1, 0.5]])
            #expect(rows.map(\.pairs) == [1, 2, 0, 2])
        }
    }
}
