/// Samples to train on, read on demand: pooled masked features and the positive concepts of each.
public protocol SampleSource: Sendable {
    /// Number of samples.
    var count: Int { get }
    /// Numbers in a sample's features: the explainer's `inputs`.
    var width: Int { get }
    /// Features of the samples `rows`, in that order, into `[rows.count, width]`.
    /// - Throws: what the file of the features throws; it ends the training.
    func read(_ rows: ArraySlice<Int>, into destination: UnsafeMutablePointer<Float>) throws
    /// Features of those of the samples `rows` that need no waiting for a disk, each where `read` puts it.
    /// - Returns: places in `rows`, ascending, of the others, which are for `read`.
    func readAtHand(_ rows: ArraySlice<Int>, into destination: UnsafeMutablePointer<Float>) -> [Int]
    /// Has the disk bring a sample that will be read, without waiting for it.
    func expect(_ row: Int)
    /// Positive concepts of a sample: distinct indices of rows of the concept matrix given to the trainer; at least
    /// one.
    func positives(_ row: Int) -> [Int32]
}

extension SampleSource {
    /// None is known to be at hand.
    public func readAtHand(_ rows: ArraySlice<Int>, into destination: UnsafeMutablePointer<Float>) -> [Int] {
        Array(0..<rows.count)
    }

    /// Nothing can be done beforehand.
    public func expect(_ row: Int) {}
}
