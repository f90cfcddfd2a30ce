import Fingerprints

/// A manifest, a lock file or a setting of downloads that cannot be used: where, and what is wrong.
public struct ManifestError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `FILE:LINE:COLUMN`, or whatever names the text.
    public let place: String
    /// What is wrong and what was expected, without the place.
    public let problem: String

    init(_ place: String, _ problem: String) {
        self.place = place
        self.problem = problem
    }

    init(_ error: TextError) { self.init("\(error.place)", error.problem) }

    /// The place and the problem.
    public var description: String { "\(place): \(problem)" }
}
