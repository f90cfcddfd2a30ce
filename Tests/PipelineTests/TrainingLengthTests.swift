import HDF5
import Networks
import Pipeline
import Testing

/// How long training lasts where few samples make few steps of an epoch.
@Suite struct TrainingLengthTests {
    private static func json(_ train: String) -> String {
        """
        {"name": "few", "dataset": {"kind": "demo-scenes", "scenes": 24}, "embedding": {"kind": "demo-scenes"},
         "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": \(train)}
        """
    }

    private static func history(_ train: String) throws -> [EpochReport] {
        try Workspace.with { workspace in
            let plan = try workspace.plan(json(train)), done = try workspace.run(plan.plan, until: ["train"])
            let file = try #require(done[plan.variants[0].train]).path("explainer.h5")
            return try TrainingHistory(from: HDF5File.open(file)).epochs
        }
    }

    /// Epochs in a row without a validation loss better than all before.
    private static func longestWait(_ epochs: [EpochReport]) -> Int {
        var best = Double.infinity, wait = 0, longest = 0
        for epoch in epochs {
            if epoch.validLoss < best * (1 - 1e-4) { (best, wait) = (epoch.validLoss, 0) } else { wait += 1 }
            longest = max(longest, wait)
        }
        return longest
    }

    /// Of one step an epoch ten without a better loss are ten steps: no plateau, while BatchNorm's statistics are still
    /// on their way.
    @Test func addedEpochsAreNoPlateau() throws {
        let stretched = try Self.history(#"{"steps": 60}"#)
        #expect(stretched.count == 60 && stretched.allSatisfy { $0.stepLosses.count == 1 })
        #expect(Self.longestWait(stretched) > 10, "the samples show no difference")
        #expect(stretched.allSatisfy { $0.learningRate == 1e-4 })
        // Epochs that were asked for are the paper's.
        let asked = try Self.history(#"{"epochs": 60}"#)
        #expect(asked.count == 60 && (asked.last?.learningRate ?? 1) < 1e-4)
    }
}
