import Engine
import Fingerprints
import Foundation
import Pipeline
import Testing

/// The same bytes for any number of threads, in any clone.
@Suite struct ReproducibilityTests {
    private static let json = """
        {"name": "twice", "dataset": {"kind": "demo-scenes", "scenes": 24}, "embedding": {"kind": "demo-scenes"},
         "backbone": {"architecture": "resnet18", "layer": "layer2", "random": true}, "train": {"epochs": 2, "batchSize": 8},
         "evaluate": {"filters": [0, 5, 9], "topImages": 3, "vocabulary": "embedding"}}
        """

    private func digests(jobs: Int) throws -> [String: [Digest]] {
        try Workspace.with { workspace in
            try workspace.run(workspace.plan(Self.json).plan, jobs: jobs).mapValues { $0.outputs.map(\.digest) }
        }
    }

    @Test func oneAndTwoThreadsInTwoFoldersGiveTheSameBytes() throws {
        let one = try digests(jobs: 1), two = try digests(jobs: 2)
        #expect(one.count == 8 && one.values.allSatisfy { !$0.isEmpty })
        #expect(one == two)
    }
}
