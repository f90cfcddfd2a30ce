import Foundation
import HDF5
import LaViSE
import Networks
import Pipeline
import Testing

/// A dataset, a backbone, a method and a deviation from outside of the program, each a file beside this one: an
/// experiment runs with them, and docs/extending.md shows these files as they are.
@Suite struct ExtendingTests {
    static let catalogue: Catalogue = {
        var catalogue = Catalogue()
        catalogue.datasets.append(.conceptFolders)
        catalogue.architectures.append(.twoLayerNet)
        catalogue.methods.append(.inhibition)
        catalogue.deviations.append(.medianThreshold)
        return catalogue
    }()

    static let json = """
        {"name": "own", "dataset": {"kind": "concept-folders", "root": "pictures"},
         "embedding": {"kind": "glove", "path": "glove.txt"},
         "backbone": {"architecture": "two-layer-net", "random": true},
         "train": {"epochs": 1, "batchSize": 8},
         "evaluate": {"topImages": 4, "ks": [1, 2], "methods": ["inhibition", "original"]},
         "matrix": {"protocol.deviations": [[], ["medianThreshold"]]}}
        """

    /// 24 of the demo's pictures, sorted into folders of three of its words.
    private func pictures(_ data: String) throws {
        let files = FileManager.default
        try demoScenes(24, to: data + "/scenes")
        try files.moveItem(atPath: data + "/scenes/glove.txt", toPath: data + "/glove.txt")
        for (folder, split) in [("train2017", "train"), ("val2017", "validation")] {
            let names = try files.contentsOfDirectory(atPath: "\(data)/scenes/\(folder)").sorted()
            for (place, name) in names.enumerated() {
                let target = "\(data)/pictures/\(split)/\(["ball", "flag", "zebra"][place % 3])"
                try files.createDirectory(atPath: target, withIntermediateDirectories: true)
                try files.moveItem(atPath: "\(data)/scenes/\(folder)/\(name)", toPath: "\(target)/\(name)")
            }
        }
    }

    @Test func anExperimentRunsWithThem() throws {
        try Workspace.with { workspace in
            try pictures(workspace.root + "/data")
            let file = try ExperimentFile(json: Self.json, file: "own.json", catalogue: Self.catalogue)
            let plan = try workspace.project.plan(file), done = try workspace.run(plan.plan)
            let evaluations = try plan.variants.map {
                try HDF5File.open(#require(done[$0.evaluation.job]).path("evaluation.h5"))
            }
            let dataset = try HDF5File.open(#require(done[plan.variants[0].dataset.job]).path("dataset.h5"))
            #expect(try dataset.readStrings("concepts/token") == ["ball", "flag", "zebra"])
            #expect(try evaluations[0].shape(of: "recall/inhibition") == [64, 4, 2])
            let inhibition = try evaluations.map { try $0.read("filters/similarity/inhibition", as: Float.self) }
            let original = try evaluations.map { try $0.read("filters/similarity/original", as: Float.self) }
            let thresholds = try evaluations.map { try $0.read("filters/threshold", as: Float.self) }
            #expect(inhibition[0] != original[0] && thresholds[0] != thresholds[1])
            let tables = try #require(done[plan.tables]).path("tables")
            let recall = try String(contentsOfFile: tables + "/recall.csv", encoding: .utf8)
            #expect(recall.contains("inhibition") && recall.contains("original"))
        }
    }

    /// Where a program does not list them they are mistakes, and its own experiments know nothing of them.
    @Test func theProgramsOwnListsAreAsTheyWere() throws {
        #expect(throws: ExperimentError.self) { _ = try ExperimentFile(json: Self.json, file: "own.json") }
        let demo = """
            {"name": "demo", "dataset": {"kind": "demo-scenes"}, "embedding": {"kind": "demo-scenes"},
             "backbone": {"architecture": "resnet18", "random": true}, "protocol": "fact2023"}
            """
        let plain = try ExperimentFile(json: demo, file: "demo.json").variants[0].experiment
        let open = try ExperimentFile(json: demo, file: "demo.json", catalogue: Self.catalogue).variants[0].experiment
        #expect(open.evaluate.methods == plain.evaluate.methods && open.deviations == plain.deviations)
        #expect(!plain.deviations.isEmpty)
    }

    /// docs/extending.md shows each file word by word.
    @Test(arguments: ["ConceptFolders", "TwoLayerNet", "Inhibition", "MedianThreshold"])
    func thePageShowsThem(_ name: String) throws {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let page = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/extending.md")
        let code = try String(contentsOf: here.appending(path: name + ".swift"), encoding: .utf8)
        #expect(try String(contentsOf: page, encoding: .utf8).contains("```swift\n\(code)```"), "\(name).swift")
    }
}
