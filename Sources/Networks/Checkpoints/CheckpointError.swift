/// Why a checkpoint cannot be used: the file, and what is wrong with it.
public struct CheckpointError: Error, CustomStringConvertible, Sendable, Equatable {
    public let path: String
    public let reason: String

    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    public var description: String { "checkpoint '\(path)': \(reason)" }
}
