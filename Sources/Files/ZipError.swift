/// A zip archive that cannot be used as asked: which, which member, and why.
public struct ZipError: Error, Sendable, Equatable, CustomStringConvertible {
    public let archive: String
    /// nil when the archive as a whole is meant.
    public let member: String?
    public let problem: String

    public init(archive: String, member: String?, problem: String) {
        (self.archive, self.member, self.problem) = (archive, member, problem)
    }

    public var description: String {
        member.map { "\(archive): member \"\($0)\": \(problem)" } ?? "\(archive): \(problem)"
    }
}
