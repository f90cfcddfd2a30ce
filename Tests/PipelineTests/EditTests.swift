import Engine
import Foundation
import Pipeline
import Testing

/// What re-runs after which edit, on a small drawn dataset kept as files of the user's.
@Suite struct EditTests {
    private static let json = """
        {"name": "edits", "dataset": {"kind": "coco", "root": "scenes"}, "embedding": {"kind": "glove", "path": "scenes/glove.txt"},
         "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": {"epochs": 2, "batchSize": 8},
         "evaluate": {"filters": [0, 1, 2], "topImages": 2, "methods": ["original", "projection"]}}
        """

    private func withScenes(_ body: (Workspace, ExperimentPlan) throws -> Void) throws {
        try Workspace.with { workspace in
            try demoScenes(16, to: workspace.root + "/data/scenes")
            let plan = try workspace.plan(Self.json)
            #expect(
                try ran(workspace, plan) == [
                    "embedding", "preprocess", "features", "train", "evaluate", "evidence", "tables",
                ])
            try body(workspace, plan)
        }
    }

    private func ran(_ workspace: Workspace, _ plan: ExperimentPlan) throws -> Set<String> {
        Set(try workspace.run(plan.plan).values.filter(\.ran).map(\.job))
    }

    private func edit(_ path: String, _ change: (inout String) -> Void) throws {
        var text = try String(contentsOfFile: path, encoding: .utf8)
        let before = text
        change(&text)
        #expect(text != before)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    @Test func nothingRunsTwice() throws {
        try withScenes { workspace, plan in
            let again = try ran(workspace, plan)
            #expect(again.isEmpty)
        }
    }

    @Test func evaluationParameterRunsEvaluationAndTables() throws {
        try withScenes { workspace, _ in
            let changed = try workspace.plan(Self.json, settings: ["evaluate.topImages=1"])
            #expect(try ran(workspace, changed) == ["evaluate", "evidence", "tables"])
        }
    }

    @Test func touchRunsNothing() throws {
        try withScenes { workspace, plan in
            let root = workspace.root + "/data/scenes"
            for name in try FileManager.default.subpathsOfDirectory(atPath: root) {
                try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: "\(root)/\(name)")
            }
            #expect(try ran(workspace, plan).isEmpty)
        }
    }

    @Test func irrelevantAnnotationRunsPreprocessOnly() throws {
        try withScenes { workspace, plan in
            try edit(workspace.root + "/data/scenes/annotations/instances_val2017.json") {
                $0 = $0.replacingOccurrences(of: "\"info\":", with: "\"info_was\": 1, \"info\":")
            }
            #expect(try ran(workspace, plan) == ["preprocess"])
        }
    }

    @Test func changedImageRunsFromPreprocess() throws {
        try withScenes { workspace, plan in
            let folder = workspace.root + "/data/scenes/val2017"
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            // One byte: the first number of the quantisation table, which every block of the picture is scaled by.
            let file = URL(fileURLWithPath: "\(folder)/\(names[0])")
            var bytes = [UInt8](try Data(contentsOf: file))
            let table = try #require(bytes.indices.dropLast(6).first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xDB })
            bytes[table + 5] ^= 0x02
            try Data(bytes).write(to: file)
            #expect(try ran(workspace, plan) == ["preprocess", "features", "train", "evaluate", "evidence", "tables"])
        }
    }

    @Test func trainingParameterRunsFromTrain() throws {
        try withScenes { workspace, _ in
            let changed = try workspace.plan(Self.json, settings: ["train.epochs=1"])
            #expect(try ran(workspace, changed) == ["train", "evaluate", "evidence", "tables"])
        }
    }
}
