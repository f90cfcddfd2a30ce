/// A published statement that `check` tests and tables show beside our numbers.
public struct PublishedClaim: Sendable, Hashable {
    /// What was published.
    public let statement: Statement
    /// Where it was published, e.g. "A, Table 2".
    public let source: String
    /// The matrix row it speaks of (its labels joined by ", "); nil: every row.
    public let row: String?
    /// How the experiment's settings differ from the source's, parts parted by `; `; nil where they are its own.
    public let differs: String?

    /// A number with its margin, or an order of methods.
    public enum Statement: Sendable, Hashable {
        /// recall@k of `method`, over all concepts or the unseen ones alone, is `published` within `margin`.
        case recall(method: String, k: Int, unseen: Bool, published: Double, margin: Double)
        /// recall@k falls along `methods`, at every k of the experiment.
        case order(methods: [String])
    }
}

extension [PublishedClaim] {
    /// The published recall of a method, where a claim states it.
    public func published(_ method: String, _ k: Int, unseen: Bool = false, row: String? = nil) -> Double? {
        for claim in self where claim.row == nil || claim.row == row {
            if case .recall(method, k, unseen, let published, _) = claim.statement { return published }
        }
        return nil
    }
}
