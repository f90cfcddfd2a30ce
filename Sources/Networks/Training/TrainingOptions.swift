/// The published algorithms (METHOD 5) that change the weights.
public enum Optimiser: String, Codable, Sendable, CaseIterable {
    /// Adam (Kingma & Ba 2015), with reduce-on-plateau: A and the authors' code.
    case adam
    /// DAdaptAdam (Defazio & Mishchenko 2023), learning rate 1: FACT2023's code.
    case dadaptAdam = "dadapt-adam"
}

/// How an explainer is trained (METHOD 5).
public struct TrainingOptions: Sendable {
    /// Passes over all training samples.
    public var epochs: Int
    /// Samples a step, at least 2; a rest at the end of an epoch is a smaller one, or left out where it is one sample.
    public var batchSize: Int
    /// What makes steps of gradients.
    public var optimiser: Optimiser
    /// Adam's; DAdaptAdam finds its own.
    public var learningRate: Double
    /// Share of inputs of each Linear layer set to zero in training.
    public var dropout: Double
    /// Whether every epoch takes the samples in an order of its own; else as the source has them.
    public var shuffle: Bool
    /// Of the order of samples and of dropout.
    public var seed: UInt64
    /// Deviation `frozenBatchNorm`: the running statistics are used and never move.
    public var frozenBatchNorm: Bool
    /// The learning rate is multiplied by this after more than `plateauPatience` epochs without a better validation
    /// loss (Adam only).
    public var plateauFactor: Double
    /// Epochs without a better validation loss before the rate falls (Adam only).
    public var plateauPatience: Int
    /// The k of hit@k.
    public var hitKs: [Int]
    /// Threads; the result does not depend on it.
    public var threads: Int

    /// METHOD 5's choices; the seed and the threads are for the caller to say.
    public init(
        epochs: Int = 10, batchSize: Int = 512, optimiser: Optimiser = .adam, learningRate: Double = 1e-4,
        dropout: Double = 0.1,
        shuffle: Bool = true, seed: UInt64 = 0, frozenBatchNorm: Bool = false, plateauFactor: Double = 0.1,
        plateauPatience: Int = 10,
        hitKs: [Int] = [1, 5, 10, 20], threads: Int = 1
    ) {
        self.epochs = epochs
        self.batchSize = batchSize
        self.optimiser = optimiser
        self.learningRate = learningRate
        self.dropout = dropout
        self.shuffle = shuffle
        self.seed = seed
        self.frozenBatchNorm = frozenBatchNorm
        self.plateauFactor = plateauFactor
        self.plateauPatience = plateauPatience
        self.hitKs = hitKs
        self.threads = threads
    }
}
