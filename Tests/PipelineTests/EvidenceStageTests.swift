import Engine
import Fingerprints
import Foundation
import HDF5
import Pipeline
import Reporting
import TestSupport
import Testing

/// The stage `evidence`, and the tables that come of it.
@Suite struct EvidenceStageTests {
    private static let tool = #"{"name": "clip-dissect", "csv": "labels.csv"}"#

    private static func json(_ evaluate: String = "") -> String {
        """
        {"name": "evidence", "dataset": {"kind": "demo-scenes", "scenes": 32}, "embedding": {"kind": "demo-scenes"},
         "backbone": {"architecture": "resnet18", "layer": "layer2", "random": true}, "train": {"epochs": 2, "batchSize": 8},
         "evaluate": {"filters": [0, 5, 9, 12], "topImages": 3, "methods": ["original", "projection"]\(evaluate)}}
        """
    }

    private func withLabels(_ text: String, _ body: (Workspace) throws -> Void) throws {
        let data = newTestFolder("labels")
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: data) }
        try text.write(toFile: data + "/labels.csv", atomically: true, encoding: .utf8)
        try Workspace.with(data: data, sharesStore: true, body)
    }

    @Test func everyExplanationHasARowByEveryMetric() throws {
        try withLabels(
            "layer,unit,description\nlayer2,0,Zebra\nlayer2,5,a bee on a quux\nlayer2,9,quux\nlayer3,0,dog\n"
        ) { workspace in
            let plan = try workspace.plan(Self.json(#", "explanations": ["# + Self.tool + "]"))
            let done = try workspace.run(plan.plan), job = try #require(plan.variants[0].evidence).job
            let tables = try #require(done[plan.tables]).path("tables")
            func text(_ name: String) throws -> String {
                try String(contentsOfFile: "\(tables)/\(name)", encoding: .utf8)
            }
            let csv = try CSV(text("faithfulness.csv"), name: "faithfulness.csv")
            #expect(csv.header == ["experiment", "explanation", "metric", "score", "low", "high", "units"])
            let names = [
                "original", "projection", "clip-dissect", "net-dissect", "correlation", "linear", "constant", "random",
                "best",
            ]
            let metrics = ["iou", "f1", "pixel-corr", "corr", "cos", "auprc", "simulation"]
            #expect(csv.rows.map { [$0[1], $0[2]] } == names.flatMap { name in metrics.map { [name, $0] } })
            #expect(csv.rows.allSatisfy { $0[6] == "4" && Double($0[3]) != nil })
            // Nothing of one word scores more than the best, nothing at random more.
            func score(_ name: String, _ metric: String) throws -> Double {
                try #require(Double(csv.rows.first { $0[1] == name && $0[2] == metric }?[3] ?? ""))
            }
            for metric in metrics.dropLast() {
                for name in names { #expect(try score(name, metric) <= score("best", metric), "\(name) \(metric)") }
            }
            let markdown = try text("faithfulness.md")
            #expect(
                markdown.contains("words chosen on one half of the images are scored on the other (4 and 4 images)"))
            #expect(markdown.contains("sanity tests") && markdown.contains("recall@5") && markdown.contains("auc"))
            // Only the words of `quux` are no concept; unit 12 has no description at all.
            #expect(
                markdown.contains("clip-dissect: 1 of 4 descriptions name no concept of the dataset, such as \"quux\""),
                "\(markdown)")
            let agreement = try CSV(text("agreement.csv"), name: "agreement.csv")
            #expect(Set(agreement.rows.map { $0[2] }) == ["P-A@1", "P-A@5", "R-A@5", "concepts", "IoU > .04"])

            let file = try HDF5File.open(#require(done[job]).path("evidence.h5"))
            #expect(try file.shape(of: "rows/words/projection") == [2, 4, 5])
            let words: [Int32] = try file.read("rows/words/clip-dissect")
            #expect(words[10] == -2 && words[15] == -1 && words[0] >= 0)
        }
    }

    /// Of nine images that validate five are the first half: its words are scored on the other four, and theirs on
    /// the five. The constant's word is the concept of the most training samples.
    @Test func halvesAreScoredCrosswise() throws {
        try Workspace.with { workspace in
            let plan = try workspace.plan(Self.json(), settings: ["dataset.scenes=36"])
            let done = try workspace.run(plan.plan, until: ["evidence"]), jobs = plan.variants[0]
            let job = try #require(jobs.evidence).job
            let file = try HDF5File.open(#require(done[job]).path("evidence.h5"))
            let first = try file.read("halves/0", as: Int32.self), second = try file.read("halves/1", as: Int32.self)
            #expect(first.count == 5 && second.count == 4 && Set(first).isDisjoint(with: second))
            #expect(try file.read("images", as: Int64.self) == [4, 5])
            let dataset = try HDF5File.open(#require(done[jobs.dataset.job]).path("dataset.h5"))
            let splits = try dataset.read("instances/split", as: UInt8.self),
                offsets = try dataset.read("instances/offset", as: Int32.self),
                concepts = try dataset.read("instances/concepts", as: Int32.self)
            var counts: [Int32: Int] = [:]
            for sample in splits.indices where splits[sample] == 0 {
                for place in offsets[sample]..<offsets[sample + 1] { counts[concepts[Int(place)], default: 0] += 1 }
            }
            let most = try #require(counts.min { (-$0.value, $0.key) < (-$1.value, $1.key) }?.key)
            #expect(counts.values.contains { $0 < counts[most] ?? 0 })
            #expect(
                try file.read("rows/words/constant", as: Int32.self)
                    == (0..<8).flatMap { _ in [most, -1, -1, -1, -1] })
        }
    }

    /// What its fingerprint is made of, beside what evaluation's is.
    @Test func settingsAreInTheFingerprint() throws {
        try Workspace.with { workspace in
            func parameters(_ settings: [String]) throws -> Value {
                let plan = try workspace.plan(Self.json(), settings: settings)
                let job = try #require(plan.variants[0].evidence).job
                return try #require(plan.plan.jobs.first { $0.id == job }).stage.encodedParameters()
            }
            let plain = try parameters([])
            #expect(plain["seed"] == 0 && plain["layer"] == "layer2" && plain["sharedImages"] == false)
            #expect(plain["weighByActivation"] == false && plain["ranking"] == "lift" && plain["explanations"] == [])
            #expect(
                plain["metrics"] == ["iou", "f1", "pixel-corr", "corr", "cos", "auprc", "simulation"]
                    && plain["wordsPerImage"] != 4)
            let other = try parameters([
                "seed=3", "backbone.layer=layer3", "evaluate.sharedImages=true", "evaluate.wordsPerImage=4",
                "evaluate.ranking=frequency", #"evaluate.metrics=["iou"]"#,
                #"evaluate.explanations=[{"name": "tool", "csv": "a.csv"}]"#,
                "protocol.deviations.weighByActivation=true",
            ])
            #expect(other["seed"] == 3 && other["layer"] == "layer3" && other["sharedImages"] == true)
            #expect(other["weighByActivation"] == true && other["ranking"] == "frequency")
            #expect(other["metrics"] == ["iou"] && other["wordsPerImage"] == 4 && other["explanations"] == ["tool"])
        }
    }

    @Test(arguments: [
        ("unit;description\n0;dog\n", "labels.csv:1: the columns are unit;description"),
        ("unit,description\n0,dog\n128,cat\n", "labels.csv:3: unit is \"128\", expected a number from 0 to 127"),
        ("unit,description\n0,dog\n0,cat\n", "labels.csv:3: a second description of unit 0"),
        (
            "unit,description,layer\n0,dog,layer1\n0,cat,layer3\n",
            "describes the layers layer1, layer3, and none is layer2"
        ),
        ("unit,description\n", "no unit is described"),
    ])
    func labelsThatCannotBeReadAreAnErrorWithItsPlace(text: String, message: String) throws {
        try withLabels(text) { workspace in
            let plan = try workspace.plan(Self.json(#", "explanations": ["# + Self.tool + "]"))
            let error = #expect(throws: (any Error).self) { try workspace.run(plan.plan) }
            #expect("\(error.map { "\($0)" } ?? "")".contains(message), "\(String(describing: error))")
        }
    }

    @Test func settingsRunTheStagesThatReadThem() throws {
        try Workspace.with { workspace in
            try workspace.run(workspace.plan(Self.json()).plan)
            func ran(_ evaluate: String) throws -> Set<String> {
                Set(try workspace.run(workspace.plan(Self.json(evaluate)).plan).values.filter(\.ran).map(\.job))
            }
            #expect(try ran(#", "metrics": ["iou", "corr"]"#) == ["evidence", "tables"])
            let without = try workspace.plan(Self.json(#", "metrics": []"#))
            #expect(without.variants[0].evidence == nil && without.plan.job("evidence") == nil)
            #expect(try ran(#", "metrics": []"#) == ["tables"])
            // The maps of the training images are wanted too.
            #expect(try ran(#", "sharedImages": true"#).isSuperset(of: ["features", "evidence", "tables"]))
        }
    }

    @Test func badKeysAreErrorsWithTheNearestName() throws {
        for (evaluate, message) in [
            (#", "metrics": ["ious"]"#, "did you mean \"iou\"?"),
            (#", "metrics": ["iou", "iou"]"#, "a list of different metrics"),
            (#", "explanations": [{"name": "linear", "csv": "x.csv"}]"#, "that no other row has"),
            (#", "explanations": [{"name": "a/b", "csv": "x.csv"}]"#, "a name of letters"),
            (#", "explanations": [{"name": "a"}]"#, "csv"),
        ] {
            let error = #expect(throws: (any Error).self) {
                try Workspace.with { _ = try $0.plan(Self.json(evaluate)) }
            }
            #expect("\(error.map { "\($0)" } ?? "")".contains(message), "\(String(describing: error))")
        }
    }

    /// What an independent computation on the sample says where words and scores share the images (METHOD 11,
    /// orientation).
    @Test(.enabled(if: Reference.isHere, "needs the reference material at LAVISE_REFERENCE"))
    func scoresOfTheSampleWithSharedImages() throws {
        let known: [(row: String, iou: Double, pixels: Double, means: Double)] = [
            ("projection", 0.005, 0.039, 0.061), ("activation", 0.003, 0.014, 0.061), ("original", 0.002, 0.009, 0.017),
            ("net-dissect", 0.011, 0.034, 0.081), ("correlation", 0.007, 0.038, 0.147), ("random", 0.002, 0.004, 0.007),
        ]
        try Workspace.with(data: Reference.data, sharesStore: true) { workspace in
            let plan = try workspace.plan(
                """
                {"name": "x", "protocol": "paper", "dataset": {"kind": "coco", "root": "coco-sample"},
                 "embedding": {"kind": "glove", "path": "glove.6B.300d.sample.txt"},
                 "backbone": {"architecture": "resnet18", "layer": "layer3", "weights": {"path": "resnet18-imagenet-layer3.pth"}},
                 "train": {"epochs": 10, "batchSize": 64, "optimiser": "adam", "dropout": 0, "shuffle": false},
                 "evaluate": {"methods": ["original", "activation", "projection"], "vocabulary": "concepts", "ranking": "frequency",
                              "metrics": ["iou", "pixel-corr", "corr"], "sharedImages": true}}
                """)
            let tables = try #require(workspace.run(plan.plan)[plan.tables]).path("tables")
            let csv = try CSV(
                String(contentsOfFile: tables + "/faithfulness.csv", encoding: .utf8), name: "faithfulness.csv")
            for row in known {
                for (metric, expected) in [("iou", row.iou), ("pixel-corr", row.pixels), ("corr", row.means)] {
                    let text = try #require(csv.rows.first { $0[1] == row.row && $0[2] == metric }?[3]),
                        score = try #require(Double(text))
                    #expect(abs(score - expected) < 0.005, "\(row.row) \(metric)")
                }
            }
        }
    }
}
