/// Samples to train on, read on demand: pooled masked features and the positive concepts of each.
public protocol SampleSource: Sendable {
    /// Number of samples.
    var count: Int { get }
    /// Numbers in a sample's features: the explainer's `inputs`.
    var width: Int { get }
    /// Features of the samples `rows`, in that order, into `[rows.count, width]`.
    /// - Throws: what the file of the features throws; it ends the training.
    func read(_ rows: ArraySlice<Int>, into destination: UnsafeMutablePointer<Float>) throws
    /// Positive concepts of a sample: distinct indices of rows of the concept matrix given to the trainer; at least
    /// one.
    func positives(_ row: Int) -> [Int32]
}
