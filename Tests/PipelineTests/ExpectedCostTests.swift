import Engine
import Foundation
import Pipeline
import Testing

/// What a plan expects before anything ran: work and bytes, by hand.
@Suite struct ExpectedCostTests {
    /// 40 scenes, every fourth for validation, three samples each, 40 concepts; 64 channels of 56 by 56.
    private static let json = """
        {"name": "x", "dataset": {"kind": "demo-scenes", "scenes": 40}, "embedding": {"kind": "demo-scenes"},
         "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": {"epochs": 2, "batchSize": 8},
         "evaluate": {"topImages": 4, "ks": [5, 10, 20], "methods": ["original"], "vocabulary": "concepts"}}
        """

    private func costs(_ settings: [String] = []) throws -> [String: ExpectedCost] {
        try Workspace.with { workspace in
            let plan = try workspace.plan(Self.json, settings: settings), jobs = plan.variants[0]
            let costs = try plan.expectedCosts([], places: workspace.project.places)
            let named = [
                ("embedding", jobs.embedding.job), ("preprocess", jobs.dataset.job), ("features", jobs.features.job),
                ("train", jobs.explainer.job), ("evaluate", jobs.evaluation.job),
                ("evidence", jobs.evidence?.job ?? ""),
            ]
            return Dictionary(uniqueKeysWithValues: named.compactMap { name, job in costs[job].map { (name, $0) } })
        }
    }

    @Test func byHand() throws {
        let costs = try costs()
        // 200 words of 300 numbers and 16 bytes.
        #expect(costs["embedding"] == ExpectedCost(work: nil, bytes: 200 * 1216))
        #expect(costs["preprocess"] == ExpectedCost(work: 40, bytes: 40 * 224 * 224 * 3 + 120 * 350))
        // Maps of the ten that validate, a mean a channel of every sample.
        let maps = 64 * 56 * 56
        #expect(costs["features"]?.bytes == 10 * maps * 4 + 120 * 64 * 4)
        // Forty images are less than a shard of 64.
        let work = try #require(costs["features"]?.work)
        #expect(costs["features"]?.phases == [ShardPhase(name: "shard", count: 1, work: work)])
        #expect(
            costs["train"]
                == ExpectedCost(
                    work: 120 * 2 * (64 * 64 + 64 * 300 + 300 * 40), bytes: 4 * (64 * 64 + (7 + 300) * 64)))
        // Four images of each of 64 channels, explained by 64 pairs; two looks at the maps of all images at once.
        let pairs = 256, words = 6 * 40 * 300, look = Double(10 * maps * 2000) / 2
        #expect(
            costs["evaluate"]
                == ExpectedCost(
                    work: Double(10 * maps * 2000 + pairs * (words + 224 * 224 * 2000)),
                    bytes: pairs * (20 * 8 + 3 * 4 + 16),
                    phases: [
                        ShardPhase(name: "maps", count: 1, work: look), ShardPhase(name: "tails", count: 1, work: look),
                        ShardPhase(name: "pairs", count: 4, work: Double(pairs * (words + 224 * 224 * 2000))),
                    ]))
        // Ten images as two halves of five, each explained; one method and six peers by seven metrics.
        #expect(
            costs["evidence"]
                == ExpectedCost(
                    work: Double(10 * maps * 2000 + 2 * pairs * (words + 224 * 224 * 2000) + 10 * maps * 2000),
                    bytes: 64 * 7 * (7 * 8 + 120)))
    }

    @Test func whatSettingsChange() throws {
        let plain = try costs()
        // Two views of each of thirty that train.
        let views = try costs(["dataset.views=2"])
        #expect(views["preprocess"]?.work == 100)
        #expect(views["features"]?.work == (plain["features"]?.work ?? 0) * 100 / 40)
        let half = try costs(["backbone.precision=float16"])
        #expect(half["features"]?.bytes == 10 * 64 * 56 * 56 * 2 + 120 * 64 * 4)
        let few = try costs(["dataset.limit=8"])
        #expect(few["preprocess"]?.work == 16)
        let all = try costs(["protocol.deviations.evaluateOnAll=true", "protocol.deviations.flattenFeatures=true"])
        #expect(all["features"]?.bytes == 40 * 64 * 56 * 56 * 4 + 120 * 64 * 56 * 56 * 4)
        let two = try costs(["evaluate.filters=[3, 5]", "evaluate.topImages=25"])
        // No more images than there are.
        #expect(two["evaluate"]?.bytes == 2 * 10 * (20 * 8 + 3 * 4 + 16))
        // All 200 words in place of the 40 concepts.
        let words = try costs(["evaluate.vocabulary=embedding"])
        #expect(words["evaluate"]?.work == (plain["evaluate"]?.work ?? 0) + Double(256 * 6 * 160 * 300))
        let share = try costs(["train.categoryFraction=0.5", "train.epochs=3"])
        #expect(share["train"]?.work == Double(120 * 3 * (64 * 64 + 64 * 300 + 300 * 20)))
        #expect(try costs(["evaluate.metrics=[]"])["evidence"] == nil)
    }
}
