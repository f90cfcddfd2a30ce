import Foundation
import LaViSE
import Pipeline
import Reporting
import Testing

/// What the program knows to be wrong with results, and says.
@Suite struct WarningTests {
    private typealias Artifacts = HandMadeResultsTests.Artifacts

    private static func findings(_ artifacts: Artifacts, settings: [String] = []) throws -> [String] {
        try Workspace.with { workspace in
            let plan = try workspace.plan(HandMadeResultsTests.json(), settings: settings)
            let results = try artifacts.results(in: workspace.root + "/a", plan.file.variants[0].experiment)
            return try results.warnings().map(\.text)
        }
    }

    /// Words that are in no ground truth find less than chance, and than the most frequent concepts (d, then a).
    @Test func lessThanWordsThatKnowNoFilter() throws {
        let below = try Self.findings(Artifacts(truth: [[3], [3]], words: ["projection": [0, 1, 0, 1]]))
        #expect(below.contains { $0.hasPrefix("projection finds less than the words of random") && $0.contains("recall@1 0.000, random 0.250") })
        #expect(below.contains { $0.contains("most-frequent") && $0.contains("try evaluate.vocabulary=concepts") })
        let above = try Self.findings(Artifacts(truth: [[0], [0]], words: ["projection": [0, 1, 0, 1]]))
        #expect(!above.contains { $0.contains("finds less than") })
    }

    /// The hand-made explainer trained 2 samples for one epoch.
    @Test func fewSteps() throws {
        let found = try Self.findings(Artifacts(truth: [[0], [0]], words: ["projection": [0, 1, 0, 1]]))
        #expect(found.contains { $0.contains("trained for 1 steps (2 samples, 1 epochs, batches of 512)") && $0.contains("train.steps=500") })
    }

    /// Twenty filters: one word leads all, or five lead four each.
    @Test func aWordThatLeadsEverywhere() throws {
        func words(_ first: (Int) -> Int32) -> [Int32] { (0..<20).flatMap { [first($0), 3 - first($0), first($0), 3 - first($0)] } }
        let truth = [[Int32]](repeating: [], count: 40)
        func found(_ first: (Int) -> Int32) throws -> [String] {
            try Self.findings(
                Artifacts(truth: truth, words: ["projection": words(first)]),
                settings: ["evaluate.ranking=frequency", "evaluate.wordsPerImage=1"])
        }
        #expect(try found { _ in 2 }.contains { $0.hasPrefix("\"c\" is the first word of 20 of 20 filters") })
        #expect(try !found { Int32($0 % 4) }.contains { $0.contains("is the first word of") })
    }

    /// The minimal experiment on real pictures, and what its defaults were before.
    @Test(.enabled(if: Reference.isHere, "needs the reference material at LAVISE_REFERENCE"))
    func theMinimalExperimentWorks() throws {
        try Workspace.with(data: Reference.data) { workspace in
            func results(_ settings: [String]) throws -> (recall: RecallTable, warnings: [String]) {
                let experiment = try workspace.plan(Self.minimal, settings: settings + ["evaluate.methods=[\"projection\"]", "evaluate.metrics=[]"])
                let jobs = Array(try workspace.run(experiment.plan, until: ["evaluate"]).values)
                let results = try experiment.results(jobs)
                return (try ResultTables(experiment.file, results).recalls()[0], try results[0].warnings().map(\.text))
            }
            let (recall, warnings) = try results([])
            #expect(warnings.isEmpty, "\(warnings)")
            for k in [5, 10, 20] {
                let own = try #require(recall.row(method: "projection", k: k)?.recall)
                for baseline in [RecallLine.random, RecallLine.mostFrequent] {
                    #expect(try own > #require(recall.row(method: baseline, k: k)?.recall), "\(baseline) at \(k)")
                }
            }
            #expect(recall.footnotes.contains { $0.contains("at least 500 steps (train.steps)") })
            // The papers' protocol on a few pictures: two steps an epoch, and all words of the embedding.
            let old = try results(["protocol=paper", "evaluate.ranking=frequency", "evaluate.wordsPerImage=20"])
            #expect(old.warnings.contains { $0.contains("finds less than the words of random") }, "\(old.warnings)")
            #expect(old.warnings.contains { $0.contains("trained for 20 steps") }, "\(old.warnings)")
            #expect(old.warnings.contains { $0.contains("is the first word of") }, "\(old.warnings)")
            #expect(old.recall.markdown.contains("**Warning**: "))
        }
    }

    /// The four required keys.
    private static let minimal = """
        {"name": "minimal", "dataset": {"kind": "coco", "root": "coco-sample"},
         "embedding": {"kind": "glove", "path": "glove.6B.300d.sample.txt"},
         "backbone": {"architecture": "resnet18", "layer": "layer3", "weights": {"path": "resnet18-imagenet-layer3.pth"}}}
        """
}
