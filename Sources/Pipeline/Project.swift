import Engine
import Fingerprints
import Foundation
import Transfer

/// A project folder with its store: what every verb works in.
public struct Project: Sendable {
    public let places: Places
    public let store: Store
    public let downloads: DownloadOptions

    /// - Throws: `EngineError` when the store's path cannot be used.
    public init(places: Places, store: String, downloads: DownloadOptions) throws {
        self.places = places
        self.downloads = downloads
        self.store = try Store(at: places.projectPath(store))
    }

    /// Reads an experiment by path, or by name from `experiments/`.
    public func experiment(_ argument: String, settings: [String] = [], seeds: [Int]? = nil) throws -> ExperimentFile {
        let direct = places.projectPath(argument)
        let named = places.projectPath("experiments/\(argument).json")
        let path = !places.exists(direct) && places.exists(named) ? named : direct
        guard places.exists(path) else {
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
            let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".json") }
            let hint = nearest(to: URL(fileURLWithPath: path).lastPathComponent, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
            throw ExperimentError("\(path): no such experiment file\(hint) (`lavise-pipeline list` shows what there is)")
        }
        return try ExperimentFile(contentsOf: path, settings: settings, seeds: seeds)
    }

    public func plan(_ file: ExperimentFile) throws -> ExperimentPlan {
        try ExperimentPlan(file, places: places, downloads: downloads)
    }

    public func runner(_ options: RunOptions = RunOptions(), observer: any RunObserver = SilentObserver()) -> Runner {
        var options = options
        options.describe = { describe($0) }
        return Runner(store: store, options: options, observer: observer)
    }

    /// The experiment files of `experiments/`, by name.
    public func experimentPaths() throws -> [String] {
        let folder = places.projectPath("experiments")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        return names.filter { $0.hasSuffix(".json") && $0 != "schema.json" }.sorted().map { folder + "/" + $0 }
    }

    /// Copies what the tables step left to `results/NAME` (or another folder); a file that is the same already is not touched.
    public func export(_ status: JobStatus, of file: ExperimentFile, to folder: String?) throws -> String {
        let target = places.projectPath(folder.map { "\($0)/\(file.name)" } ?? "results/\(file.name)")
        guard let output = status.outputs.first else { throw ExperimentError("the tables of \(file.name) are not there; run it again") }
        let files = FileManager.default
        try files.createDirectory(atPath: target, withIntermediateDirectories: true)
        for name in try files.subpathsOfDirectory(atPath: output.path).sorted() {
            let from = "\(output.path)/\(name)", to = "\(target)/\(name)"
            var isFolder: ObjCBool = false
            if files.fileExists(atPath: from, isDirectory: &isFolder), isFolder.boolValue {
                try files.createDirectory(atPath: to, withIntermediateDirectories: true)
            } else if !files.contentsEqual(atPath: from, andPath: to) {
                try Data(contentsOf: URL(fileURLWithPath: from)).write(to: URL(fileURLWithPath: to), options: .atomic)
            }
        }
        return target
    }
}
