import Foundation

/// The folders that relative paths start from.
public struct Places: Sendable {
    /// The project folder (`-C`): experiments, manifests, results.
    public let project: String
    /// The base of relative data paths (`--data`, `LAVISE_DATA`).
    public let data: String

    public init(project: String, data: String) {
        self.project = URL(fileURLWithPath: project).standardizedFileURL.path
        self.data = URL(fileURLWithPath: data, relativeTo: URL(fileURLWithPath: self.project, isDirectory: true)).standardizedFileURL.path
    }

    public func projectPath(_ path: String) -> String { path.hasPrefix("/") ? path : project + "/" + path }

    public func dataPath(_ path: String) -> String { path.hasPrefix("/") ? path : data + "/" + path }

    /// Where the hashes that a manifest did not know are kept.
    func lockPath(of manifest: String) -> String { projectPath("manifests/\(manifest).lock.json") }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// Whether two paths lead to one file.
    static func isSame(_ a: String, _ b: String) -> Bool {
        var first = stat(), second = stat()
        guard stat(a, &first) == 0, stat(b, &second) == 0 else { return false }
        return first.st_ino == second.st_ino && first.st_dev == second.st_dev
    }
}
