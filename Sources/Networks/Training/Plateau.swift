/// PyTorch's `ReduceLROnPlateau` in mode `min` with its defaults: relative threshold 1e-4, no cooldown, no least rate,
/// ε 1e-8.
package struct Plateau: Sendable, Equatable {
    let factor: Double
    let patience: Int
    var best = Double.infinity
    var badEpochs = 0

    package init(factor: Double, patience: Int) {
        self.factor = factor
        self.patience = patience
    }

    /// The learning rate after an epoch with this validation loss.
    package mutating func step(_ loss: Double, learningRate: Double) -> Double {
        if loss < best * (1 - 1e-4) {
            best = loss
            badEpochs = 0
        } else {
            badEpochs += 1
        }
        guard badEpochs > patience else { return learningRate }
        badEpochs = 0
        let reduced = learningRate * factor
        return learningRate - reduced > 1e-8 ? reduced : learningRate
    }
}
