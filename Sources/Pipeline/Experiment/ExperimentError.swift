import Fingerprints

/// A mistake in an experiment file or on the command line (exit code 2): what, where and what to type instead.
public struct ExperimentError: Error, CustomStringConvertible, Sendable, Equatable {
    /// All that the user is told: the place, what is wrong, what to type instead.
    public let description: String

    /// - Parameter description: all that the user is told.
    public init(_ description: String) { self.description = description }

    init(_ error: TextError) { self.init(error.description) }
}
