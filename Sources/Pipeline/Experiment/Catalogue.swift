import LaViSE
import Networks

/// What experiments can name. The program's own lists, to which a program on these modules adds its own.
public struct Catalogue: Sendable {
    public var architectures = Architecture.all
    public var datasets = DatasetFormat.all
    public var methods = ExplanationMethod.all
    public var deviations = Deviation.all

    public init() {}
}
