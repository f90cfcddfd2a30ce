import Engine
import Foundation

/// The folders that relative paths start from.
public struct Places: Sendable {
    /// Where relative paths of the command line and of environment variables start: the folder of `-C`, or the current
    /// one.
    public let start: String
    /// The project folder: experiments, manifests, results.
    public let project: String
    /// The base of relative data paths (`--data`, `LAVISE_DATA`).
    public let data: String

    /// A project whose folder is known. All paths are resolved as the kernel does.
    /// - Parameter data: relative to the project folder, or absolute.
    public init(project: String, data: String) {
        self.project = resolved(project, from: FileManager.default.currentDirectoryPath)
        start = self.project
        self.data = resolved(data, from: self.project)
    }

    /// The places of a command.
    /// - Parameters:
    ///   - directory: what `-C` says: the project folder. Without it the project is the nearest folder, from the
    ///     current one upwards, whose `experiments` has a `.json` file, as with git; or else the current one.
    ///   - data: what `--data` or `LAVISE_DATA` says; nil: `data` in the project folder.
    /// - Throws: `ExperimentError` when `directory` is no folder.
    public init(directory: String?, data: String?) throws {
        let current = FileManager.default.currentDirectoryPath
        if let directory {
            start = resolved(directory, from: current)
            guard !directory.isEmpty, isDirectory(start) else {
                throw ExperimentError("-C \(directory): no such folder")
            }
            project = start
        } else {
            start = current
            project = Self.projectFolder(above: current) ?? current
        }
        self.data = resolved(data ?? "data", from: data == nil ? project : start)
    }

    private static func projectFolder(above folder: String) -> String? {
        var folder = folder
        while true {
            if let names = try? experimentNames(in: folder + "/experiments"), !names.isEmpty { return folder }
            guard let slash = folder.lastIndex(of: "/"), folder != "/" else { return nil }
            folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
        }
    }

    /// The experiments of the project: names of the files in `experiments/` without `.json`, sorted.
    /// - Throws: `ExperimentError` when there is no such folder; `FileSystemError` for one that cannot be listed.
    public func experimentNames() throws -> [String] {
        let folder = projectPath("experiments")
        guard isDirectory(folder) else {
            _ = try isThere(folder)
            throw ExperimentError(
                "\(project) has no folder experiments, nor has one above; go to the project, or name it with -C DIR")
        }
        return try Self.experimentNames(in: folder)
    }

    private static func experimentNames(in folder: String) throws -> [String] {
        try LocalFileSystem().names(in: folder).filter {
            $0.hasSuffix(".json") && $0 != "schema.json" && !$0.hasPrefix(".") && !isDirectory("\(folder)/\($0)")
        }
        .map { String($0.dropLast(5)) }
    }

    /// A path of the command line or of an environment variable.
    public func argumentPath(_ path: String) -> String { resolved(path, from: start) }

    /// A path that begins at the project folder.
    public func projectPath(_ path: String) -> String { resolved(path, from: project) }

    /// A path of an experiment's data.
    public func dataPath(_ path: String) -> String { resolved(path, from: data) }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// Whether something lies at `path`.
    /// - Throws: `FileSystemError` where that cannot be told, as of what lies in a folder that may not be entered.
    func isThere(_ path: String) throws -> Bool { try LocalFileSystem().status(of: path) != nil }

    /// Whether two paths lead to one file.
    static func isSame(_ a: String, _ b: String) -> Bool {
        var first = stat(), second = stat()
        guard stat(a, &first) == 0, stat(b, &second) == 0 else { return false }
        return first.st_ino == second.st_ino && first.st_dev == second.st_dev
    }
}

/// Whether a folder lies at `path`, links followed.
func isDirectory(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
}

/// `path`, from `folder` on where it is relative, without `.` and `//`. A `..` leads out of the folder that really is
/// there, also behind a symbolic link, as it does for the kernel: names are never taken away by looking at the text
/// alone.
func resolved(_ path: String, from folder: String) -> String {
    let parts = (path.hasPrefix("/") ? path : folder + "/" + path).split(separator: "/").filter { $0 != "." }
    let whole = "/" + parts.joined(separator: "/")
    guard parts.contains(".."), let real = realpath(whole, nil) else { return whole }
    defer { free(real) }
    return String(cString: real)
}
