import HDF5

/// What an epoch of training gave. Losses are means over samples (METHOD 5); hits are shares of samples, one a
/// `TrainingOptions.hitKs`.
public struct EpochReport: Sendable, Codable, Equatable {
    /// Mean over the epoch's batches, each before its update, with dropout.
    public var trainLoss: Double
    /// Mean over the validation samples after the epoch, in eval mode.
    public var validLoss: Double
    /// hit@k over the epoch's training samples, each before its batch's update: from 0 to 1, one a `hitKs`.
    public var trainHits: [Double]
    /// hit@k over the validation samples after the epoch: from 0 to 1, one a `hitKs`.
    public var validHits: [Double]
    /// Learning rate during the epoch; for DAdaptAdam its estimate d at the end.
    public var learningRate: Double
    /// Mean loss of each batch.
    public var stepLosses: [Double]
}

/// The epochs of a training, in a file: `/history` `[E, 3 + 2K]` with the names of its columns in the attribute
/// `columns`, and `/step_loss` `[E, steps]`.
public struct TrainingHistory: Sendable, Equatable {
    /// The first epoch first.
    public var epochs: [EpochReport]
    /// The k of hit@k, in the order of every epoch's hits.
    public var hitKs: [Int]

    /// - Parameter epochs: each with as many hits as there are `hitKs`.
    public init(epochs: [EpochReport], hitKs: [Int]) {
        self.epochs = epochs
        self.hitKs = hitKs
    }

    private static let rateColumn = "learning_rate"

    /// `train_loss, valid_loss, train_hit@1, …, valid_hit@20, learning_rate`
    public var columns: [String] {
        ["train_loss", "valid_loss"] + hitKs.map { "train_hit@\($0)" } + hitKs.map { "valid_hit@\($0)" } + [
            Self.rateColumn
        ]
    }

    /// Writes `/history` with its columns' names and `/step_loss`, in double precision.
    /// - Throws: `HDF5Error` where they are there already or the disk fails.
    public func write(to file: HDF5File) throws {
        let rows = epochs.flatMap { [$0.trainLoss, $0.validLoss] + $0.trainHits + $0.validHits + [$0.learningRate] }
        try file.write("/history", rows, shape: [epochs.count, columns.count])
        try file.setAttribute("columns", on: "/history", columns.joined(separator: ","))
        try file.write(
            "/step_loss", epochs.flatMap(\.stepLosses), shape: [epochs.count, epochs.first?.stepLosses.count ?? 0])
    }

    /// Reads what `write(to:)` has written.
    /// - Throws: `HDF5Error` where they are missing, or of shapes that do not suit each other.
    public init(from file: HDF5File) throws {
        let columns = try file.stringAttribute("columns", on: "/history").split(separator: ",")
        hitKs = columns.compactMap { $0.hasPrefix("train_hit@") ? Int($0.dropFirst("train_hit@".count)) : nil }
        epochs = []
        let shape = try file.shape(of: "/history"), steps = try file.shape(of: "/step_loss")
        guard shape.count == 2, shape[1] == 3 + 2 * hitKs.count, steps.count == 2, steps[0] == shape[0] else {
            throw HDF5Error(
                file: file.path, object: "/history",
                reason: "has the shape \(shape) for \(columns.count) columns and losses \(steps)")
        }
        let rows = try file.read("/history", as: Double.self), losses = try file.read("/step_loss", as: Double.self)
        let k = hitKs.count
        for epoch in 0..<shape[0] {
            let row = Array(rows[epoch * shape[1]..<(epoch + 1) * shape[1]])
            epochs.append(
                EpochReport(
                    trainLoss: row[0], validLoss: row[1], trainHits: Array(row[2..<2 + k]),
                    validHits: Array(row[2 + k..<2 + 2 * k]),
                    learningRate: row[2 + 2 * k], stepLosses: Array(losses[epoch * steps[1]..<(epoch + 1) * steps[1]])))
        }
    }
}
