import Engine
import Foundation
import HDF5
import Pipeline
import Testing

/// The deviations that live in stages, each beside the same run without it, on drawn scenes.
@Suite struct DeviationTests {
    /// Runs 24 scenes, plain and with `deviation`, and hands over where the outputs of each lie.
    private func both(_ deviation: String, _ body: (_ without: Run, _ with: Run) throws -> Void) throws {
        try Workspace.with(sharesStore: true) { workspace in
            let plan = try workspace.plan(
                """
                {"name": "deviations", "dataset": {"kind": "demo-scenes", "scenes": 24}, "embedding": {"kind": "demo-scenes"},
                 "backbone": {"architecture": "resnet18", "layer": "layer2", "random": true},
                 "train": {"epochs": 1, "batchSize": 16, "dropout": 0},
                 "protocol": {"deviations": {"embeddingVocabulary": false}},
                 "evaluate": {"filters": [0, 1, 2, 3, 4, 5, 6, 7], "topImages": 4, "methods": ["original"]},
                 "matrix": {"protocol.deviations.\(deviation)": [false, true]}}
                """)
            let done = try workspace.run(plan.plan)
            let runs = try plan.variants.map { try Run($0, done) }
            try body(runs[0], runs[1])
        }
    }

    private struct Run {
        let dataset: HDF5File, pooled: HDF5File, explainer: HDF5File, evaluation: HDF5File
        let words: [String]

        init(_ jobs: ExperimentPlan.VariantFiles, _ done: [String: JobStatus]) throws {
            func file(_ job: String, _ name: String) throws -> HDF5File {
                try HDF5File.open(#require(done[job]).path(name))
            }
            dataset = try file(jobs.dataset.job, "dataset.h5")
            pooled = try file(jobs.features.job, "pooled.h5")
            explainer = try file(jobs.explainer.job, "explainer.h5")
            evaluation = try file(jobs.evaluation.job, "evaluation.h5")
            words = try file(jobs.embedding.job, "embedding.h5").readStrings("words")
        }

        /// The words that explanations used.
        func explained() throws -> Set<String> {
            try Set(evaluation.read("filters/words/original", as: Int32.self).filter { $0 >= 0 }.map { words[Int($0)] })
        }

        /// The splits of the images that explanations looked at: 0 training, 1 validation.
        func splits() throws -> Set<UInt8> {
            let all = try dataset.read("images/split", as: UInt8.self)
            return try Set(
                evaluation.read("filters/top_images", as: Int32.self).filter { $0 >= 0 }.map { all[Int($0)] })
        }
    }

    /// The first batch norm's running mean is linear in what it reads, so it shrinks by the same factor.
    @Test func maskScale255DividesWhatTrainingReads() throws {
        try both("maskScale255") { without, with in
            let means = try [without, with].map { try $0.explainer.read("bn1/running_mean", as: Float.self) }
            #expect(means[0].contains { $0 > 1e-3 })
            for (plain, scaled) in zip(means[0], means[1]) { #expect(abs(plain / 255 - scaled) <= 1e-5 * abs(plain)) }
        }
    }

    @Test func keepEmptyMasksTrainsOnThem() throws {
        try both("keepEmptyMasks") { without, with in
            let empty = try without.pooled.read("area", as: Int32.self).count { $0 == 0 }
            let left = try [without, with].map { try $0.explainer.read("samples", as: Int64.self)[2] }
            #expect(empty > 0 && left == [Int64(empty), 0])
        }
    }

    @Test func embeddingVocabularyAllowsEveryWord() throws {
        try both("embeddingVocabulary") { without, with in
            let concepts = try Set(without.dataset.readStrings("concepts/token"))
            let explained = try [without, with].map { try $0.explained() }
            #expect(explained[0].isSubset(of: concepts) && !explained[1].isSubset(of: concepts))
            #expect(explained[1].isSubset(of: with.words))
        }
    }

    @Test func evaluateOnAllReadsTrainingImagesToo() throws {
        try both("evaluateOnAll") { without, with in
            let splits = try [without, with].map { try $0.splits() }
            #expect(splits == [[1], [0, 1]])
        }
    }

    /// However samples are divided for training: evaluation looks at the same images, each once with all its boxes, so
    /// that images and ground truth are the paper's; and both splits have samples of images of the other.
    /// (With `lowQuantile` the active region is nearly all of an image, so that boxes are in the ground truth.)
    @Test func splitByInstanceLeavesTheGroundTruth() throws {
        try Workspace.with { workspace in
            let scenes = workspace.root + "/data/scenes"
            try demoScenes(24, to: scenes)
            try FileManager.default.moveItem(atPath: scenes + "/train2017", toPath: scenes + "/VG_100K")
            var objects: [String] = []
            for file in try FileManager.default.contentsOfDirectory(atPath: scenes + "/VG_100K").sorted() {
                let id = try #require(Int(file.dropLast(4)))
                try FileManager.default.moveItem(
                    atPath: "\(scenes)/VG_100K/\(file)", toPath: "\(scenes)/VG_100K/\(id).jpg")
                let boxes = ["zebra", "ball", "flag", "button"].enumerated().map { place, word in
                    #"{"synsets": ["\#(word).n.01"], "x": \#(60 * place), "y": 0, "w": 120, "h": 240}"#
                }
                objects.append(#"{"image_id": \#(id), "objects": [\#(boxes.joined(separator: ", "))]}"#)
            }
            try Data("[\(objects.joined(separator: ",\n"))]".utf8).write(
                to: URL(fileURLWithPath: scenes + "/objects.json"))
            let plan = try workspace.plan(
                """
                {"name": "genome", "dataset": {"kind": "visual-genome", "root": "scenes", "minimumCount": 1},
                 "embedding": {"kind": "glove", "path": "scenes/glove.txt"},
                 "backbone": {"architecture": "resnet18", "layer": "layer2", "random": true},
                 "train": {"epochs": 1, "batchSize": 16, "dropout": 0},
                 "evaluate": {"filters": [0, 1, 2, 3], "topImages": 2, "methods": ["original"]},
                 "protocol": {"deviations": {"lowQuantile": true}},
                 "matrix": {"protocol.deviations.splitByInstance": [false, true]}}
                """)
            let done = try workspace.run(plan.plan), runs = try plan.variants.map { try Run($0, done) }
            let datasets = runs.map(\.dataset), evaluations = runs.map(\.evaluation)
            let ids = try datasets.map { try $0.read("images/id", as: Int64.self) }
            #expect(ids[0] == ids[1] && Set(ids[1]).count == ids[1].count)
            for name in ["filters/top_images", "truth/offset", "truth/words"] {
                let read = try evaluations.map { try $0.read(name, as: Int32.self) }
                #expect(read[0] == read[1] && !read[0].isEmpty, "\(name)")
            }
            let images = try datasets.map { try $0.read("instances/image", as: Int32.self) }
            let splits = try datasets.map { try $0.read("instances/split", as: UInt8.self) }
            #expect(images[0] == images[1] && splits[1].count == images[1].count && splits[1].contains(1))
            let mixed = zip(images, splits).map { images, splits in
                Dictionary(grouping: zip(images, splits), by: \.0).count { Set($0.value.map(\.1)).count > 1 }
            }
            #expect(mixed[0] == 0 && mixed[1] > 0)
        }
    }

    /// `optimiser` and `train.optimiser` are two names of one setting, of which the second wins.
    @Test func optimiserIsADeviation() throws {
        func optimiser(_ more: String...) throws -> (name: String, isDeviation: Bool) {
            let x = try ExperimentFile(
                json: """
                    {"name": "x", "dataset": {"kind": "demo-scenes"}, "embedding": {"kind": "demo-scenes"},
                     "backbone": {"architecture": "resnet18", "random": true}}
                    """, file: "x.json", settings: more
            ).variants[0].experiment
            return (x.train.optimiser.rawValue, x.deviations.contains(.optimiser))
        }
        #expect(try optimiser() == ("adam", false))
        #expect(try optimiser(#"protocol.deviations=["optimiser"]"#) == ("dadapt-adam", true))
        #expect(try optimiser("protocol=fact2023") == ("dadapt-adam", true))
        #expect(try optimiser("train.optimiser=dadapt-adam") == ("dadapt-adam", true))
        #expect(try optimiser("protocol=fact2023", "train.optimiser=adam") == ("adam", false))
        #expect(try optimiser("protocol=fact2023", #"protocol.deviations={"optimiser": false}"#) == ("adam", false))
    }
}
