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
        let artifacts = Artifacts(truth: [[3], [3]], words: ["projection": [0, 1, 0, 1]])
        let below = try Self.findings(artifacts, settings: ["evaluate.vocabulary=embedding"])
        #expect(
            below.contains {
                $0.hasPrefix("projection finds less than the words of random")
                    && $0.contains("recall@1 0.000, random 0.250")
            })
        #expect(below.contains { $0.contains("most-frequent") && $0.contains("try evaluate.vocabulary=concepts") })
        // What is set already is no advice, and a paper's settings are not open to any.
        let own = try #require(Self.findings(artifacts).first { $0.contains("most-frequent") })
        #expect(own.hasSuffix(": try train.steps=500, more annotated images, or another layer"), "\(own)")
        let published = try Self.findings(artifacts, settings: ["protocol=paper", "evaluate.vocabulary=embedding"])
        #expect(
            !published.contains { $0.contains("train.steps") || $0.contains("vocabulary=concepts") }, "\(published)")
        #expect(published.contains { $0.contains("the experiment's protocol is a paper's, whose settings stay") })
        let above = try Self.findings(Artifacts(truth: [[0], [0]], words: ["projection": [0, 1, 0, 1]]))
        #expect(!above.contains { $0.contains("finds less than") })
        // As much as the most frequent, d and a, is not less.
        let same = try Self.findings(Artifacts(truth: [[3], [0]], words: ["projection": [3, 0, 3, 0]]))
        #expect(!same.contains { $0.contains("most-frequent") })
    }

    /// The hand-made explainer trained 2 samples for one epoch.
    @Test func fewSteps() throws {
        let found = try Self.findings(Artifacts(truth: [[0], [0]], words: ["projection": [0, 1, 0, 1]]))
        #expect(
            found.contains {
                $0.contains("trained for 1 steps (2 samples, 1 epochs, batches of 512)")
                    && $0.contains("train.steps=500")
            })
    }

    /// A hundred steps are enough, ninety-nine are few. A loss that fell by half a percent in the last epoch was falling.
    @Test func whereTrainingEnds() throws {
        func found(losses: [Double], steps: Int) throws -> String {
            var artifacts = Artifacts(truth: [[0], [0]], words: ["projection": [0, 1, 0, 1]])
            (artifacts.losses, artifacts.steps) = (losses, steps)
            return try Self.findings(artifacts).joined(separator: "\n")
        }
        #expect(try found(losses: [1], steps: 99).contains("trained for 99 steps"))
        #expect(try !found(losses: [1], steps: 100).contains("trained for"))
        #expect(try !found(losses: [1, 1], steps: 50).contains("trained for"))
        #expect(try found(losses: [1, 0.994], steps: 50).contains("still learning"))
        #expect(try !found(losses: [1, 0.996], steps: 50).contains("still learning"))
        #expect(try !found(losses: [1, 0.5, 0.51], steps: 50).contains("still learning"))
    }

    /// Twenty filters: one word leads all, or five lead four each.
    @Test func aWordThatLeadsEverywhere() throws {
        func words(_ first: (Int) -> Int32) -> [Int32] {
            (0..<20).flatMap { [first($0), 3 - first($0), first($0), 3 - first($0)] }
        }
        let truth = [[Int32]](repeating: [], count: 40)
        func found(_ first: (Int) -> Int32) throws -> [String] {
            try Self.findings(
                Artifacts(truth: truth, words: ["projection": words(first)]),
                settings: ["evaluate.ranking=frequency", "evaluate.wordsPerImage=1"])
        }
        #expect(try found { _ in 2 }.contains { $0.hasPrefix("\"c\" is the first word of 20 of 20 filters") })
        #expect(try !found { Int32($0 % 4) }.contains { $0.contains("is the first word of") })
    }

    /// Advice has no setting that the experiment has, and few words lead many filters by necessity.
    @Test func whatToTryIsNotWhatThereIs() throws {
        let words = [Int32](repeating: 0, count: 20 * 4).enumerated().map { Int32($0.offset % 2) }
        let artifacts = Artifacts(truth: [[Int32]](repeating: [], count: 40), words: ["projection": words])
        func led(_ settings: [String]) throws -> String? {
            try Self.findings(artifacts, settings: settings).first { $0.contains("is the first word of 20 of 20") }
        }
        #expect(
            try led(["evaluate.ranking=frequency", "evaluate.wordsPerImage=6"])?.hasSuffix(
                ": try train.steps=500, evaluate.ranking=lift, evaluate.wordsPerImage=5, more concepts, or another layer"
            ) == true)
        #expect(
            try led(["evaluate.wordsPerImage=1"])?.hasSuffix(": try train.steps=500, more concepts, or another layer")
                == true)
        #expect(try led(["evaluate.wordsPerImage=1", "protocol=paper"])?.contains("train.steps") == false)
    }

    /// 17 filters, of which one is active in no image.
    @Test func filtersThatAreNeverActive() throws {
        var artifacts = Artifacts(
            truth: [[Int32]](repeating: [], count: 34), words: ["projection": [Int32](repeating: 0, count: 68)])
        #expect(try !Self.findings(artifacts).contains { $0.contains("are active in none") })
        artifacts.silent = [3]
        #expect(
            try Self.findings(artifacts).contains {
                $0.hasPrefix("1 of 17 filters are active in none of the 1 images, and have no word: ")
            })
    }

    /// Four concepts: 4,000 words are a thousand to each, 3,999 are not.
    @Test func aVocabularyAThousandTimesTheConcepts() throws {
        func found(_ words: Int, _ settings: [String]) throws -> [String] {
            var artifacts = Artifacts(truth: [[0], [0]], words: ["projection": [0, 1, 0, 1]])
            artifacts.otherWords = words - 4
            return try Self.findings(artifacts, settings: settings).filter { $0.contains("explanations choose among") }
        }
        let wide = ["evaluate.vocabulary=embedding"]
        #expect(
            try found(4000, wide) == [
                "explanations choose among 4000 words, 1000 for each of the 4 concepts that training knows: "
                    + "try evaluate.vocabulary=concepts, or a list of words (evaluate.entities)"
            ])
        #expect(try found(3999, wide).isEmpty && found(4000, []).isEmpty)
    }

    /// Numbers that no network takes, and a picture that is not the network's own.
    @Test func preprocessingThatDoesNotFit() throws {
        let artifacts = Artifacts(truth: [[0], [0]], words: ["projection": [0, 1, 0, 1]])
        func found(_ preprocess: String) throws -> String? {
            try Self.findings(artifacts, settings: ["backbone.preprocess=\(preprocess)"]).first {
                $0.contains("backbone.preprocess")
            }
        }
        #expect(try found("{}") == nil && found(#"{"mean": [0.485, 0.456, 0.406]}"#) == nil)
        #expect(
            try found(#"{"mean": [0.5, 0.5, 0.5], "crop": 192, "resize": 192}"#)?.hasPrefix(
                "backbone.preprocess is not what resnet18's own weights were trained with (resize 192 in place of 256; crop 192 in place of 224; "
                    + "mean 0.5 0.5 0.5 in place of 0.485 0.456 0.406): leave it out, unless your weights were trained so"
            ) == true)
        // Keras's means of bytes on numbers from 0 to 1, and torchvision's of 0 to 1 on bytes.
        #expect(
            try found(#"{"order": "bgr", "mean": [103.939, 116.779, 123.68], "std": [1, 1, 1]}"#)?.contains(
                "reach the model as numbers from -103.9 to -102.9, which no network takes") == true)
        #expect(try found(#"{"scale": 1}"#)?.contains("from -2.118 to 1111, which no network takes") == true)
        #expect(
            try found(#"{"order": "bgr", "scale": 1, "mean": [103.939, 116.779, 123.68], "std": [1, 1, 1]}"#)?.contains(
                "no network takes") == false)
    }

    /// The minimal experiment on real pictures, and what its defaults were before.
    @Test(.enabled(if: Reference.isHere, "needs the reference material at LAVISE_REFERENCE"))
    func theMinimalExperimentWorks() throws {
        try Workspace.with(data: Reference.data, sharesStore: true) { workspace in
            func results(_ settings: [String]) throws -> (recall: RecallTable, warnings: [String]) {
                let experiment = try workspace.plan(
                    Self.minimal, settings: settings + ["evaluate.methods=[\"projection\"]", "evaluate.metrics=[]"])
                let jobs = Array(try workspace.run(experiment.plan, until: ["evaluate"]).values)
                let results = try ExperimentState(experiment, jobs).results()
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
            #expect(
                old.recall.markdown.contains("**Warning**: ") && !old.warnings.contains { $0.contains("train.steps") },
                "\(old.warnings)")
        }
    }

    /// The four required keys.
    private static let minimal = """
        {"name": "minimal", "dataset": {"kind": "coco", "root": "coco-sample"},
         "embedding": {"kind": "glove", "path": "glove.6B.300d.sample.txt"},
         "backbone": {"architecture": "resnet18", "layer": "layer3", "weights": {"path": "resnet18-imagenet-layer3.pth"}}}
        """
}
