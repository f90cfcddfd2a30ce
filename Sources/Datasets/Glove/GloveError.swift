/// What is wrong with a word-vector file, and at which line.
public struct GloveError: Error, CustomStringConvertible, Sendable, Equatable {
    /// The file as it was given.
    public let path: String
    /// Line from 1; nil where the file as a whole is meant.
    public let line: Int?
    /// What was expected and found.
    public let reason: String

    /// `PATH:LINE: ` and the reason, or without a line.
    public var description: String {
        line.map { "\(path):\($0): \(reason)" } ?? "\(path): \(reason)"
    }
}
