import Datasets
import Networks

/// A named way in which the papers' codes depart from the method as written (METHOD 9): a value, in a file of its own.
/// `Deviation.all` lists them.
///
/// Two deviations are equal when they have one name.
public struct Deviation: Sendable {
    /// As experiments, fingerprints and tables say it.
    public let name: String
    /// Whether the protocol `paper` has it.
    let isInPaper: Condition
    /// Whether the protocol `fact2023` has it (METHOD 9).
    let isInFACT2023: Condition
    let effect: Effect

    /// Where a protocol has a deviation: by the experiment's reference dataset and target model.
    package typealias Condition = @Sendable (DatasetFormat, Experiment.TargetModel) -> Bool

    /// What a deviation changes of what the stages read.
    package struct Effect: Sendable {
        var dataset: (@Sendable (inout DatasetRules, DatasetFormat) -> Void)?
        var features: (@Sendable (inout FeatureRules) -> Void)?
        var training: (@Sendable (inout TrainingRules) -> Void)?
        var evaluation: (@Sendable (inout EvaluationRules) -> Void)?

        package init(
            dataset: (@Sendable (inout DatasetRules, DatasetFormat) -> Void)? = nil,
            features: (@Sendable (inout FeatureRules) -> Void)? = nil,
            training: (@Sendable (inout TrainingRules) -> Void)? = nil,
            evaluation: (@Sendable (inout EvaluationRules) -> Void)? = nil
        ) {
            self.dataset = dataset
            self.features = features
            self.training = training
            self.evaluation = evaluation
        }
    }

    package init(
        _ name: String, paper: @escaping Condition = { _, _ in false },
        fact2023: @escaping Condition = { _, _ in true },
        effect: Effect
    ) {
        self.name = name
        isInPaper = paper
        isInFACT2023 = fact2023
        self.effect = effect
    }

    /// A deviation of FACT2023's code that reads datasets of one format otherwise, and means nothing in others.
    package init(
        _ name: String, only format: DatasetFormat, _ change: @escaping @Sendable (inout DatasetRules) -> Void
    ) {
        self.init(
            name, fact2023: { dataset, _ in dataset == format },
            effect: Effect(dataset: { rules, dataset in if dataset == format { change(&rules) } }))
    }

    /// Every deviation of this program.
    public static let all: [Deviation] = [
        .transposedBoxMask, .maskScale255, .cropImageOnly, .lowQuantile, .frozenBatchNorm, .splitByInstance,
        .oneSamplePerInstance, .keepEmptyMasks, .unnormalisedAttention, .probedBatchNorm, .flattenFeatures,
        .countInstances, .instancePerSynset, .firstWordOfSynset, .embeddingVocabulary, .gridMaskIoU, .evaluateOnAll,
        .weighByActivation, .optimiser,
    ]

    func isOn(in protocolName: ProtocolName, dataset: DatasetFormat, model: Experiment.TargetModel) -> Bool {
        switch protocolName {
        case .paper: isInPaper(dataset, model)
        case .fact2023: isInFACT2023(dataset, model)
        }
    }
}

/// The two protocols of METHOD: the paper as written, and what FACT2023's code does.
public enum ProtocolName: String, CaseIterable, Sendable { case paper, fact2023 }

extension Deviation: Hashable, Comparable, CustomStringConvertible {
    /// By name alone.
    public static func == (a: Deviation, b: Deviation) -> Bool { a.name == b.name }

    /// By name: the order in which deviations are applied.
    public static func < (a: Deviation, b: Deviation) -> Bool { a.name < b.name }

    /// The name alone.
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }

    /// The name, as experiments say it.
    public var description: String { name }
}

extension Set<Deviation> {
    func setting(_ deviation: Deviation, _ on: Bool) -> Self { on ? union([deviation]) : subtracting([deviation]) }

    /// METHOD's rules of a stage with what these deviations change of them.
    func changing<Rules>(_ rules: Rules, by effect: (Deviation.Effect) -> (@Sendable (inout Rules) -> Void)?) -> Rules {
        sorted().reduce(into: rules) { effect($1.effect)?(&$0) }
    }
}
