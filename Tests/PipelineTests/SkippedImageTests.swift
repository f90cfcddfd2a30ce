import Engine
import Foundation
import Testing

/// Images that cannot be read and are to be left out.
@Suite struct SkippedImageTests {
    /// The dataset file says which and why, but not where the folder was: its bytes are the same everywhere.
    @Test func theFolderIsNotInTheBytes() throws {
        let digests = try ["one", "another"].map { folder in
            try Workspace.with { workspace in
                let scenes = "\(workspace.root)/data/\(folder)"
                try demoScenes(16, to: scenes)
                let first = try #require(
                    try FileManager.default.contentsOfDirectory(atPath: scenes + "/train2017").min())
                let image = URL(fileURLWithPath: "\(scenes)/train2017/\(first)")
                let bytes = try Data(contentsOf: image)
                try bytes.prefix(bytes.count / 2).write(to: image)
                let plan = try workspace.plan(
                    """
                    {"name": "skip", "dataset": {"kind": "coco", "root": "\(folder)", "onBadImage": "skip"},
                     "embedding": {"kind": "glove", "path": "\(folder)/glove.txt"},
                     "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}}
                    """)
                let preprocess = try #require(try workspace.run(plan.plan, until: ["preprocess"])["preprocess"])
                let dataset = try Data(contentsOf: URL(fileURLWithPath: preprocess.path("dataset.h5")))
                #expect(
                    dataset.range(of: Data("truncated: the file ends".utf8)) != nil
                        && dataset.range(of: Data(workspace.root.utf8)) == nil)
                return try #require(preprocess.outputs.first).digest
            }
        }
        #expect(digests[0] == digests[1])
    }
}
