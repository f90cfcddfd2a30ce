/// A zip archive that cannot be used as asked: which, which member, and why.
public struct ZipError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Path of the archive as it was given.
    public let archive: String
    /// nil when the archive as a whole is meant.
    public let member: String?
    /// What is wrong, without archive and member.
    public let problem: String

    /// - Parameter member: full path in the archive; nil when the archive as a whole is meant.
    public init(archive: String, member: String?, problem: String) {
        (self.archive, self.member, self.problem) = (archive, member, problem)
    }

    /// `ARCHIVE: member "NAME": ` and the problem, or without a member.
    public var description: String {
        member.map { "\(archive): member \"\($0)\": \(problem)" } ?? "\(archive): \(problem)"
    }
}
