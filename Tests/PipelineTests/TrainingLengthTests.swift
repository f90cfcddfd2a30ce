import HDF5
import Networks
import Pipeline
import Testing

/// How long training lasts where few samples make few steps of an epoch.
@Suite struct TrainingLengthTests {
    private static func json(_ train: String) -> String {
        """
        {"name": "few", "dataset": {"kind": "demo-scenes", "scenes": 24}, "embedding": {"kind": "demo-scenes"},
         "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": \(train),
         "evaluate": {"filters": [0, 1], "topImages": 2, "methods": ["projection"], "metrics": []}}
        """
    }

    private static func trained(_ train: String) throws -> (epochs: [EpochReport], warnings: [String]) {
        try Workspace.with { workspace in
            let plan = try workspace.plan(json(train)), done = try workspace.run(plan.plan, until: ["evaluate"])
            let file = try #require(done[plan.variants[0].explainer.job]).path("explainer.h5")
            return (
                try TrainingHistory(from: HDF5File.open(file)).epochs,
                try ExperimentState(plan, Array(done.values)).results()[0].warnings().map(\.text)
            )
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
        let (stretched, warnings) = try Self.trained(#"{"steps": 60, "learningRate": 0.01}"#)
        #expect(stretched.count == 60 && stretched.allSatisfy { $0.stepLosses.count == 1 })
        #expect(Self.longestWait(stretched) > 10, "the samples show no difference")
        #expect(stretched.allSatisfy { $0.learningRate == 0.01 })
        // Epochs that were asked for are the paper's.
        let (asked, complaints) = try Self.trained(#"{"epochs": 60, "learningRate": 0.01}"#)
        #expect(asked.count == 60)
        let stop = try #require(asked.firstIndex { $0.learningRate < 1.1e-4 })
        #expect(
            complaints.contains {
                $0.hasPrefix("after \(stop) of 60 steps the explainer's learning rate was a hundredth")
                    && $0.hasSuffix("try train.steps=500 in place of train.epochs")
            }, "\(complaints)")
        #expect(!warnings.contains { $0.contains("learning rate") }, "\(warnings)")
    }
}
