/// One epoch of the explainer's training.
public struct TrainingRow: Sendable, Equatable {
    /// From 1.
    public var epoch: Int
    /// Mean over the epoch's batches, each before its update.
    public var trainLoss: Double
    /// Mean over the validation samples after the epoch.
    public var validLoss: Double
    /// hit@k in the order of the table's `ks`.
    public var trainHits: [Double]
    /// hit@k of the validation samples, likewise.
    public var validHits: [Double]

    /// - Parameters:
    ///   - epoch: from 1.
    ///   - trainHits: in the order of the table's `ks`, as are `validHits`.
    public init(epoch: Int, trainLoss: Double, validLoss: Double, trainHits: [Double], validHits: [Double]) {
        self.epoch = epoch
        self.trainLoss = trainLoss
        self.validLoss = validLoss
        self.trainHits = trainHits
        self.validHits = validHits
    }
}

/// `results/NAME/training.csv`.
public struct TrainingTable: Sendable, Equatable {
    /// The k of hit@k.
    public var ks: [Int]
    /// The first epoch first.
    public var rows: [TrainingRow]

    /// - Parameter rows: the first epoch first.
    public init(ks: [Int] = [1, 5, 10, 20], rows: [TrainingRow]) {
        self.ks = ks
        self.rows = rows
    }

    /// `epoch,train_loss,valid_loss,train_hit@1,…,valid_hit@20`.
    public var csv: String {
        CSV(
            header: ["epoch", "train_loss", "valid_loss"] + ks.map { "train_hit@\($0)" } + ks.map { "valid_hit@\($0)" },
            rows: rows.map { row in
                [String(row.epoch)]
                    + ([row.trainLoss, row.validLoss] + row.trainHits + row.validHits).map {
                        fixed($0, Decimals.stored)
                    }
            }
        ).text
    }
}
