/// Why a checkpoint cannot be used: the file, and what is wrong with it.
public struct CheckpointError: Error, CustomStringConvertible, Sendable, Equatable {
    /// The file as it was given.
    public let path: String
    /// What is wrong with it and, where something helps, what to do.
    public let reason: String

    /// - Parameter reason: without the path, which `description` puts before it.
    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    /// `checkpoint 'PATH': ` and the reason.
    public var description: String { "checkpoint '\(path)': \(reason)" }
}

/// Text of a file as an error may show it: not long, and without characters that act on a terminal.
func quoted(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(120).map { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            "\\u{\(String(scalar.value, radix: 16))}"
        default: String(Character(scalar))
        }
    }.joined()
    return text.unicodeScalars.count > 120 ? shown + "…" : shown
}
