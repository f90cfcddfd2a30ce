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
        let file = try ExperimentFile(contentsOf: path, settings: settings, seeds: seeds)
        // Results, histories and published tables go by the name.
        let own = places.projectPath("experiments/\(file.name).json")
        if places.exists(own), !Places.isSame(own, path) {
            throw ExperimentError(
                "\(path): its name \"\(file.name)\" is that of \(own), another file; give one of them another name")
        }
        return file
    }

    /// The files of a command's experiments.
    /// - Throws: `ExperimentError` for two files of one name.
    public func experiments(_ arguments: [String], settings: [String], seeds: [Int]?) throws -> [ExperimentFile] {
        let files = try arguments.map { try experiment($0, settings: settings, seeds: seeds) }
        for (index, file) in files.enumerated() {
            if let other = files[..<index].firstIndex(where: { $0.name == file.name && $0.value != file.value }) {
                throw ExperimentError(
                    "\(arguments[other]) and \(arguments[index]) are both named \"\(file.name)\", and results go by the name"
                )
            }
        }
        return files
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
}
