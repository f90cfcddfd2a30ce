import Engine
import Fingerprints
import Foundation
import HDF5
import Pipeline
import Testing

/// What an experiment asks for reaches the stages and their artifacts.
@Suite struct StageSettingsTests {
    @Test func everySettingReachesItsArtifact() throws {
        try Workspace.with { workspace in
            let plan = try workspace.plan(
                """
                {"name": "settings", "dataset": {"kind": "demo-scenes", "scenes": 24},
                 "embedding": {"kind": "demo-scenes"},
                 "backbone": {"architecture": "resnet18", "layer": "layer2", "random": true, "precision": "float16"},
                 "train": {"epochs": 2, "batchSize": 5, "dropout": 0, "categoryFraction": 0.5},
                 "evaluate": {"filters": [1, 5], "topImages": 3, "ks": [2, 3], "wordsPerImage": 4, "methods": ["projection", "original"]}}
                """)
            let done = try workspace.run(plan.plan), jobs = plan.variants[0]
            func file(_ job: String, _ name: String) throws -> HDF5File {
                try HDF5File.open(#require(done[job]).path(name))
            }
            let evaluation = try file(jobs.evaluation.job, "evaluation.h5")
            #expect(try evaluation.read("ks", as: Int32.self) == [2, 3])
            #expect(try evaluation.read("filters/index", as: Int32.self) == [1, 5])
            #expect(try evaluation.shape(of: "filters/top_images") == [2, 3])
            for method in ["projection", "original"] {
                #expect(try evaluation.shape(of: "filters/words/\(method)") == [2, 3, 4])
                #expect(try evaluation.shape(of: "recall/\(method)") == [2, 3, 2])
            }
            #expect(throws: HDF5Error.self) { _ = try evaluation.shape(of: "filters/words/image") }

            let features = try file(jobs.features.job, "features.h5")
            #expect(try features.stringAttribute("precision", on: "features") == "float16")
            #expect(try features.read("features", as: Float16.self).contains { $0 > 0 })

            let explainer = try file(jobs.explainer.job, "explainer.h5")
            let seen = try explainer.read("concepts/seen", as: UInt8.self)
            let samples = try explainer.read("samples", as: Int64.self)
            #expect(seen.count { $0 == 1 } == Int((Double(seen.count) * 0.5).rounded()) && seen.contains(0))
            // A last batch of a single sample is left out.
            let train = Int(samples[0])
            #expect(try explainer.shape(of: "step_loss") == [2, train / 5 + (train % 5 > 1 ? 1 : 0)])
        }
    }

    /// METHOD 2's rules as the preprocess stage reads them.
    @Test func rulesReachThePreprocessing() throws {
        try Workspace.with { workspace in
            func parameters(_ more: String) throws -> Value {
                let plan = try workspace.plan(
                    """
                    {"name": "x", "dataset": {"kind": "visual-genome", "root": "vg"\(more)},
                     "embedding": {"kind": "glove", "path": "glove.txt"}, "seed": 3,
                     "backbone": {"architecture": "resnet18", "random": true}}
                    """)
                let job = try #require(plan.plan.jobs.first { $0.id == plan.variants[0].dataset.job })
                return try job.stage.encodedParameters()
            }
            let plain = try parameters(""), other = try parameters(#", "minimumCount": 7, "limit": 9"#)
            func differing(_ a: Value, _ b: Value, _ path: String = "") -> [String] {
                guard case .object(let left) = a, case .object(let right) = b else {
                    return a == b ? [] : [path + " \(a.json(pretty: false)) \(b.json(pretty: false))"]
                }
                return Set(left.keys).union(right.keys).sorted().flatMap {
                    differing(left[$0] ?? .null, right[$0] ?? .null, "\(path)/\($0)")
                }
            }
            let changes = differing(plain, other).map { $0.split(separator: "/").last.map(String.init) }
            #expect(plain["seed"] == 3)
            #expect(changes == ["limit null 9", "minimumCount 100 7"])
        }
    }
}
