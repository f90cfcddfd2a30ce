import ArgumentParser
import Engine
import Fingerprints
import Foundation
import Pipeline
import Transfer

/// Options that every verb takes.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where artifacts are kept (default LAVISE_STORE, or .lavise in the project).", valueName: "dir"),
        completion: .directory)
    var store: String?

    @Option(
        help: ArgumentHelp(
            "Base of relative data paths (default LAVISE_DATA, or data in the project).", valueName: "dir"),
        completion: .directory)
    var data: String?

    @Option(
        name: .customShort("C"),
        help: ArgumentHelp(
            "The project folder, where relative paths of options, arguments and LAVISE_ variables start, too (default: they "
                + "start here, and the project is the nearest folder upwards with experiments/*.json, or this one).",
            valueName: "dir"), completion: .directory)
    var project: String?

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(name: [.short, .long], help: "Print less.")
    var quiet = false

    @Flag(
        name: [.short, .long], help: "Print more: of every stage its reason in full, digests, paths and peak memory.")
    var verbose = false

    @Flag(help: "No progress line.")
    var noProgress = false

    @Flag(help: "Never use the network.")
    var offline = false

    /// What the user has set; a variable that is empty is as one that is not there.
    static var environment: [String: String] {
        ProcessInfo.processInfo.environment.filter { !$0.value.isEmpty }
    }

    /// - Parameter remote: what the command line says of a remote store; nil: the verb uses none.
    func open(_ remote: RemoteOptions? = nil) throws -> Project {
        let environment = Self.environment
        let places = try Places(directory: project, data: data ?? environment["LAVISE_DATA"])
        var downloads = try DownloadOptions(environment: environment)
        downloads.offline = offline
        downloads.mirrors = downloads.mirrors.map { $0.contains("://") ? $0 : places.argumentPath($0) }
        downloads.caFile = downloads.caFile.map(places.argumentPath)
        let store = (store ?? environment["LAVISE_STORE"]).map(places.argumentPath) ?? places.projectPath(".lavise")
        let settings = remote == nil ? LaviseSettings() : try LaviseSettings(places)
        let shared = try remote?.store(settings.remote, environment, downloads, places)
        let host = Machine(
            name: environment["LAVISE_HOST"], lease: environment["LAVISE_LEASE"].flatMap(Double.init),
            temporaryFolder: environment["TMPDIR"] ?? "/tmp")
        return try Project(
            places: places, store: store, downloads: downloads, settings: settings, remote: shared, host: host,
            faults: FaultPoints(environment["LAVISE_FAULT"], log: environment["LAVISE_FAULT_LOG"]))
    }
}

/// The experiments a verb works on, with changes from the command line.
struct ExperimentOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("Experiment files, or names of files in experiments/.", valueName: "experiment"),
        completion: Completion.experiments)
    var experiments: [String]

    @Option(
        help: ArgumentHelp("Change a parameter: a.b=VALUE; VALUE is JSON, or else a string.", valueName: "key=value"),
        completion: Completion.settings)
    var set: [String] = []

    @Option(help: ArgumentHelp("Run with several seeds: 0..4 or 0,1,2.", valueName: "seeds"))
    var seeds: String?

    /// Whether `--json` prints an array.
    var isList: Bool { experiments.count > 1 }

    func files(_ project: Project) throws -> [ExperimentFile] {
        let seeds = try seeds.map { try SeedList($0).seeds }
        return try project.experiments(experiments, settings: set, seeds: seeds)
    }

    /// The file of one of the experiments.
    /// - Parameter seeds: instead of `--seeds`.
    func file(_ experiment: String, _ project: Project, seeds: [Int]? = nil) throws -> ExperimentFile {
        try project.experiment(experiment, settings: set, seeds: seeds ?? self.seeds.map { try SeedList($0).seeds })
    }

    /// The words after a verb that mean this experiment with what was set: `demo --set train.epochs=3`.
    func words(of experiment: String) -> [String] {
        [experiment] + set.flatMap { ["--set", $0] } + (seeds.map { ["--seeds", $0] } ?? [])
    }
}

/// The experiments a verb looks at: all of the project where none is named.
struct OptionalExperiments: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Experiment files, or names of files in experiments/ (default: all of them).", valueName: "experiment"),
        completion: Completion.experiments)
    var experiments: [String] = []

    @Option(
        help: ArgumentHelp("Change a parameter: a.b=VALUE; VALUE is JSON, or else a string.", valueName: "key=value"),
        completion: Completion.settings)
    var set: [String] = []

    @Option(help: ArgumentHelp("Run with several seeds: 0..4 or 0,1,2.", valueName: "seeds"))
    var seeds: String?

    /// Whether `--json` prints an array.
    var isList: Bool { experiments.count != 1 }

    func validate() throws {
        if experiments.isEmpty, !set.isEmpty || seeds != nil {
            throw ValidationError("--set and --seeds need an experiment that they change")
        }
    }

    func files(_ project: Project) throws -> [ExperimentFile] {
        let seeds = try seeds.map { try SeedList($0).seeds }
        let names = experiments.isEmpty ? try project.experimentPaths() : experiments
        return try project.experiments(names, settings: set, seeds: seeds)
    }
}
