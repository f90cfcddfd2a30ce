import Foundation

/// The git repository that a folder lies in, if any: asked through the `git` command.
struct Git {
    private let folder: String

    init(_ folder: String) { self.folder = folder }

    /// The commit that is checked out; nil outside a repository.
    var head: String? { (try? output(["rev-parse", "HEAD"]))?.trimmingCharacters(in: .whitespacesAndNewlines) }

    /// The text of a file at a revision; nil where there is none.
    /// - Parameter path: relative to the folder.
    func file(_ path: String, at revision: String) -> String? { try? output(["show", "\(revision):./\(path)"]) }

    /// - Throws: `ExperimentError` when `revision` names no commit.
    func check(_ revision: String) throws {
        guard !revision.hasPrefix("-"),
            (try? output(["rev-parse", "--verify", "--quiet", "\(revision)^{commit}"])) != nil
        else {
            throw ExperimentError("\(revision): no such git revision in \(folder); `git log --oneline` shows them")
        }
    }

    private struct Failed: Error {}

    private func output(_ arguments: [String]) throws -> String {
        let process = Process(), pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git", "-C", folder] + arguments
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed() }
        return String(decoding: data, as: UTF8.self)
    }
}
