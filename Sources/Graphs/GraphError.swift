/// What makes a model unusable: says what, where in the model, and what to do.
public enum GraphError: Error, CustomStringConvertible, Sendable, Equatable {
    /// The file is broken, hostile or no model at all.
    case malformed(file: String, String)
    /// An operation that this program does not compute.
    case unsupported(operation: String, node: String, reason: String)
    /// Shapes or attributes of a node that do not fit each other.
    case inconsistent(node: String, String)
    case tooLarge(String)

    /// The file or node, what is wrong, and what to do.
    public var description: String {
        switch self {
        case .malformed(let file, let problem): "\(file): \(problem)"
        case .unsupported(let operation, let node, let reason):
            "node \"\(node)\": the operation \(operation) \(reason.isEmpty ? "is not supported" : "is supported only \(reason)"); "
                + "a layer before it can be explained, or export the model without it"
        case .inconsistent(let node, let problem):
            "node \"\(node)\": \(problem); the model is damaged or was exported wrongly"
        case .tooLarge(let what): "\(what); such a model is refused"
        }
    }
}
