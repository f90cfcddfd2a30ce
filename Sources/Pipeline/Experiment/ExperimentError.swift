import Fingerprints

/// A mistake in an experiment file or on the command line (exit code 2): what, where and what to type instead.
public struct ExperimentError: Error, CustomStringConvertible, Sendable, Equatable {
    public let description: String

    public init(_ description: String) { self.description = description }

    init(_ error: TextError) { self.init(error.description) }
}
