import LaViSE
import Networks

/// What experiments can name. The program's own lists, to which a program on these modules adds its own.
public struct Catalogue: Sendable {
    /// What `backbone.architecture` can name.
    public var architectures = Architecture.all
    /// What `dataset.kind` can name.
    public var datasets = DatasetFormat.all
    /// What `evaluate.methods` can name; what an experiment has that names none is `ExplanationMethod.paper`.
    public var methods = ExplanationMethod.all
    /// What `deviations` can name.
    public var deviations = Deviation.all

    /// The program's own lists.
    public init() {}
}
