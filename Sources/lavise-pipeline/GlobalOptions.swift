import ArgumentParser
import Engine
import Foundation
import Pipeline
import Transfer

/// Options that every verb takes.
struct GlobalOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where artifacts are kept (default .lavise, or LAVISE_STORE).", valueName: "dir"), completion: .directory)
    var store: String?

    @Option(help: ArgumentHelp("Base of relative data paths (default data, or LAVISE_DATA).", valueName: "dir"), completion: .directory)
    var data: String?

    @Option(name: .customShort("C"), help: ArgumentHelp("Work in this project folder.", valueName: "dir"), completion: .directory)
    var project = "."

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(name: [.short, .long], help: "Print less.")
    var quiet = false

    @Flag(name: [.short, .long], help: "Print more: of every stage its reason in full, digests, paths and peak memory.")
    var verbose = false

    @Flag(help: "No progress line.")
    var noProgress = false

    @Flag(help: "Never use the network.")
    var offline = false

    func open() throws -> Project {
        let environment = ProcessInfo.processInfo.environment
        var downloads = try DownloadOptions(environment: environment)
        downloads.offline = offline
        return try Project(
            places: Places(project: project, data: data ?? environment["LAVISE_DATA"] ?? "data"),
            store: store ?? environment["LAVISE_STORE"] ?? ".lavise", downloads: downloads)
    }
}

/// The experiments a verb works on, with changes from the command line.
struct ExperimentOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Experiment files, or names of files in experiments/.", valueName: "experiment"), completion: Completion.experiments)
    var experiments: [String]

    @Option(help: ArgumentHelp("Change a parameter: a.b=VALUE; VALUE is JSON, or else a string.", valueName: "key=value"))
    var set: [String] = []

    @Option(help: ArgumentHelp("Run with several seeds: 0..4 or 0,1,2.", valueName: "seeds"))
    var seeds: String?

    /// Whether `--json` prints an array.
    var isList: Bool { experiments.count > 1 }

    func files(_ project: Project) throws -> [ExperimentFile] {
        let seeds = try seeds.map(Self.parseSeeds)
        return try project.experiments(experiments, settings: set, seeds: seeds)
    }

    /// The file of one of the experiments.
    /// - Parameter seeds: instead of `--seeds`.
    func file(_ experiment: String, _ project: Project, seeds: [Int]? = nil) throws -> ExperimentFile {
        try project.experiment(experiment, settings: set, seeds: seeds ?? self.seeds.map(Self.parseSeeds))
    }

    /// The words after a verb that mean this experiment with what was set: `demo --set train.epochs=3`.
    func words(of experiment: String) -> [String] {
        [experiment] + set.flatMap { ["--set", $0] } + (seeds.map { ["--seeds", $0] } ?? [])
    }

    private static func parseSeeds(_ text: String) throws -> [Int] {
        let ends = text.components(separatedBy: "..").compactMap { Int($0) }
        if ends.count == 2, text.contains(".."), 0 <= ends[0], ends[0] <= ends[1], ends[1] - ends[0] < 1000 { return Array(ends[0]...ends[1]) }
        let list = text.split(separator: ",").map { Int($0) }
        guard !list.isEmpty, let seeds = list as? [Int], seeds.allSatisfy({ $0 >= 0 }) else {
            throw ExperimentError("--seeds \(text): expected a range such as 0..4, or a list such as 0,1,2")
        }
        return seeds
    }
}
