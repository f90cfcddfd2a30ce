import Engine
import Fingerprints
import Foundation

/// The folder that an experiment's results go to: `results/NAME`, or `results/NAME@KEY=VALUE,…` for a run with `--set`
/// or `--seeds`.
public struct ResultsPlace: Sendable {
    /// The folder of the collected tables, beside the experiments' results.
    static let collected = "tables"

    /// As the user would name it: `results/demo@train.epochs=3`.
    public let shown: String
    /// Absolute path.
    public let folder: String
    let disk: any ResultsDisk

    /// - Parameter results: the folder that the user wants results in (`--results`): there the experiment's name is
    ///   enough.
    public init(_ file: ExperimentFile, results: String? = nil, places: Places) {
        let base = results ?? "results"
        let name = results == nil ? file.resultsName : file.name
        self.init("\(base)/\(name)", places: places, isArgument: results != nil)
    }

    /// - Parameter page: the folder where the user wants a page (`--output`); nil: where the results are.
    public init(_ file: ExperimentFile, page: String?, places: Places) {
        if let page { self.init(page, places: places, isArgument: true) } else { self.init(file, places: places) }
    }

    /// - Parameter isArgument: whether the path is the command line's, and not one of the project's own.
    package init(
        _ shown: String, places: Places, isArgument: Bool = false, disk: any ResultsDisk = LocalResultsDisk()
    ) {
        let isFolder = shown.count > 1 && shown.hasSuffix("/")
        let plain = isFolder ? String(shown[...(shown.lastIndex { $0 != "/" } ?? shown.startIndex)]) : shown
        self.shown = plain
        folder = isArgument ? places.argumentPath(plain) : places.projectPath(plain)
        self.disk = disk
    }

    /// The folder that links lead to, ready to be written as one.
    /// - Throws: `ResultsError` for a link that leads nowhere.
    package func unit() throws -> ResultsUnit { ResultsUnit(folder: try Self.resolved(folder, shown), disk: disk) }

    /// The folder by its own path; that it is absent is fine.
    private static func resolved(_ folder: String, _ shown: String) throws -> String {
        var info = stat()
        guard lstat(folder, &info) == 0, info.st_mode & S_IFMT == S_IFLNK else { return folder }
        guard let real = realpath(folder, nil) else {
            throw ResultsError(
                "\(shown) is a link that leads nowhere; make the folder that it names, or remove the link")
        }
        defer { free(real) }
        return String(cString: real)
    }

    /// Looks whether results can be written here, before there are any. Changes nothing.
    /// - Parameter asWriter: also whether this user may write there: another one's project may be looked at.
    /// - Throws: `ResultsError` when something other than a folder is there, a link stands in a file's place or this
    ///   user may not write there; `ExperimentError` for a name that is too long or taken.
    public func check(asWriter: Bool = true) throws {
        let folder = try Self.resolved(folder, shown)
        guard URL(fileURLWithPath: folder).lastPathComponent != Self.collected else {
            throw ExperimentError(
                "\(shown): `lavise-pipeline tables` writes there; give the experiment another name, or --results DIR")
        }
        let parent = URL(fileURLWithPath: folder).deletingLastPathComponent().path
        var nearest = parent
        while try entry(nearest) == nil, nearest != "/" {
            nearest = URL(fileURLWithPath: nearest).deletingLastPathComponent().path
        }
        try checkFolder(nearest, asWriter)
        try checkName(URL(fileURLWithPath: folder).lastPathComponent, in: nearest)
        guard try entry(folder) != nil else { return }
        try checkFolder(folder, asWriter)
        var own = stat(), above = stat()
        guard stat(folder, &own) == 0, stat(parent, &above) == 0, own.st_dev == above.st_dev else {
            throw ResultsError(
                "\(shown) is a disk of its own, whose files cannot change in one step; "
                    + "mount the folder above it, or give --results DIR")
        }
        try system {
            for name in try disk.names(in: folder) where ResultsNames.all.contains(name) {
                try ResultsUnit.checkIsFile("\(folder)/\(name)", shown: "\(shown)/\(name)", disk)
            }
        }
    }

    /// Whether a file of this name is in the folder.
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(folder)/\(name)") }

    private func entry(_ path: String) throws -> DiskEntry? { try system { try disk.entry(path) } }

    private func system<R>(_ body: () throws -> R) throws -> R {
        do { return try body() } catch let error as FileSystemError { throw ResultsError(shown, error) }
    }

    private func checkFolder(_ path: String, _ asWriter: Bool) throws {
        var info = stat()
        guard stat(path, &info) == 0 else {
            throw ResultsError("\(path) is a link that leads nowhere; results cannot go to \(shown)")
        }
        guard info.st_mode & S_IFMT == S_IFDIR else {
            throw ResultsError("\(path) is no folder; results cannot go to \(shown)")
        }
        guard access(path, R_OK | X_OK | (asWriter ? W_OK : 0)) == 0 else {
            throw ResultsError(
                "results cannot go to \(shown): cannot write in \(path): \(String(cString: strerror(errno))); "
                    + "check who owns it and its permissions, or give --results DIR")
        }
    }

    /// Room for the names that a writer needs beside the folder.
    private func checkName(_ name: String, in folder: String) throws {
        let most = pathconf(folder, Int32(_PC_NAME_MAX)), needed = name.utf8.count + ResultsUnit.nameBytes
        guard most < 0 || needed <= most else {
            throw ExperimentError(
                "\(shown): the name has \(name.utf8.count) bytes, and \(folder) takes "
                    + "\(most - ResultsUnit.nameBytes); give the experiment a shorter one")
        }
    }
}
