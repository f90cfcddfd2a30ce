import Engine
import Fingerprints
import Foundation
import Transfer

/// A project folder with its store: what every verb works in.
public struct Project: Sendable {
    /// Where the project's and the data's files lie.
    public let places: Places
    /// Where traces and artifacts are kept.
    public let store: Store
    /// How files are fetched.
    public let downloads: DownloadOptions
    /// `lavise.json`: how experiments are run here.
    public let settings: LaviseSettings
    /// The remote store that runs use; nil: none.
    public let remote: SharedStore?
    /// Where a crash test kills a run.
    let faults: FaultPoints

    /// - Throws: `EngineError` when the store's path cannot be used.
    public init(
        places: Places, store: String, downloads: DownloadOptions, settings: LaviseSettings = LaviseSettings(),
        remote: SharedStore? = nil, host: Machine = Machine(), faults: FaultPoints = .off
    ) throws {
        self.places = places
        self.settings = settings
        self.remote = remote
        self.downloads = downloads
        self.faults = faults
        self.store = try Store(at: places.projectPath(store), host: host)
    }

    /// Reads an experiment by name from `experiments/`, or by path.
    /// - Parameter argument: a path where it has a `/` or ends in `.json`; else a name first. Behind an `@` may stand
    ///   what a run changed, as the names of results folders say it.
    /// - Throws: `ExperimentError`, for one that there is not with the nearest that there is; `FileSystemError` where
    ///   that cannot be told.
    public func experiment(
        _ argument: String, settings: [String] = [], seeds: [Int]? = nil
    ) throws -> ExperimentFile {
        if try !places.isThere(places.argumentPath(argument)), let run = try RunName(argument) {
            return try experiment(run.experiment, settings: run.settings + settings, seeds: seeds ?? run.seeds)
        }
        let hasEnding = argument.hasSuffix(".json"), isPath = hasEnding || argument.contains("/")
        let path = places.argumentPath(argument)
        let named = places.projectPath("experiments/\(argument)\(hasEnding ? "" : ".json")")
        let found = try (isPath ? [path, named] : [named, path]).first { try places.isThere($0) && !isDirectory($0) }
        guard let found else { throw noExperiment(argument, path) }
        let file = try ExperimentFile(contentsOf: found, settings: settings, seeds: seeds)
        // Results, histories and published tables go by the name.
        let own = places.projectPath("experiments/\(file.name).json")
        if places.exists(own), !Places.isSame(own, found) {
            throw ExperimentError(
                "\(found): its name \"\(file.name)\" is that of \(own), another file; give one of them another name")
        }
        return file
    }

    private func noExperiment(_ argument: String, _ path: String) -> ExperimentError {
        let names = (try? places.experimentNames()) ?? []
        let beside = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: beside)) ?? []).filter {
            $0.hasSuffix(".json")
        }
        let name = URL(fileURLWithPath: path).lastPathComponent
        let isName = !argument.contains("/") && !argument.hasSuffix(".json")
        let near = isName ? nearest(to: argument, among: names) : nearest(to: name, among: files)
        let hint =
            near.map { "; did you mean \"\($0)\"?" }
            ?? (isName ? Self.installed(argument) : nil).map {
                "; it was installed with this program: `cp -r '\($0)/.' .` brings it here, with all others"
            } ?? ""
        let what = isDirectory(path) ? "a folder, and no such experiment file" : "no such experiment file"
        return ExperimentError(
            "\(isName ? argument : path): \(what)\(hint) (`lavise-pipeline list` shows what there is)")
    }

    /// The folder that `make install` or a package put beside this program, if it has an experiment.
    private static func installed(_ name: String) -> String? {
        guard let program = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(program) }
        let share = URL(fileURLWithPath: String(cString: program)).appending(path: "../../share/lavise-pipeline")
            .standardized.path
        return FileManager.default.fileExists(atPath: "\(share)/experiments/\(name).json") ? share : nil
    }

    /// The files of a command's experiments.
    /// - Throws: `ExperimentError` for two files of one name.
    public func experiments(_ arguments: [String], settings: [String], seeds: [Int]?) throws -> [ExperimentFile] {
        let files = try arguments.map { try experiment($0, settings: settings, seeds: seeds) }
        for (index, file) in files.enumerated() {
            if let other = files[..<index].firstIndex(where: {
                $0.resultsName == file.resultsName && $0.value != file.value
            }) {
                throw ExperimentError(
                    "\(arguments[other]) and \(arguments[index]) are both named \"\(file.name)\", and results go by the name"
                )
            }
        }
        return files
    }

    /// The jobs of an experiment file here; nothing is run or fetched.
    /// - Throws: `ExperimentError` for a manifest or a model file that cannot be read, and for a layer that there is
    ///   not.
    public func plan(_ file: ExperimentFile) throws -> ExperimentPlan {
        try ExperimentPlan(file, places: places, downloads: downloads)
    }

    /// What a run with these options would do.
    /// - Throws: `EngineError`, also for a stage that there is not; what `ExperimentPlan.expectedCosts` throws.
    public func predict(
        _ experiment: ExperimentPlan, _ options: RunOptions, observer: any RunObserver = SilentObserver()
    ) throws -> [Prediction] {
        try runner(options, observer: observer).predict(experiment.plan) {
            try experiment.expectedCosts($0, places: places)
        }
    }

    /// What runs plans in this project's store, with its remote store and this program's words for errors.
    public func runner(_ options: RunOptions = RunOptions(), observer: any RunObserver = SilentObserver()) -> Runner {
        Runner(store: store, options: completed(options), observer: observer)
    }

    /// Options with what holds for every run of the project.
    public func completed(_ options: RunOptions) -> RunOptions {
        var options = options
        options.describe = { describe($0) }
        options.remote = remote?.access
        options.faults = faults
        return options
    }

    /// The experiment files of `experiments/`, by name.
    /// - Throws: `ExperimentError` when there is no such folder.
    public func experimentPaths() throws -> [String] {
        try places.experimentNames().map { places.projectPath("experiments/\($0).json") }
    }
}
