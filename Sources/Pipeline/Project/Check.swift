/// One thing that `doctor` looks at.
public struct Check: Sendable {
    /// What was looked at, in a word.
    public let name: String
    /// Whether nothing is to be done.
    public let isGood: Bool
    /// What there is.
    public let found: String
    /// What to do when it is not good; empty when it is.
    public let hint: String
}
