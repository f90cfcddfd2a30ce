/// A manifest or a lock file that cannot be used: which file, where in it, and what is wrong.
public struct ManifestError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The path of the JSON file, or whatever names the text.
    public let source: String
    /// The place in it, such as `files[2].bytes`; empty for the whole.
    public let place: String
    public let problem: String

    public var description: String { place.isEmpty ? "\(source): \(problem)" : "\(source): \(place): \(problem)" }
}
