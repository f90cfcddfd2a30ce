import ArgumentParser
import Engine
import Fingerprints
import Foundation
import Pipeline
import Remote

struct Push: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Give a remote store what is up to date here: outputs first, then the signed traces.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: ExperimentOptions
    @OptionGroup var remote: RemoteOptions
    @Option(help: ArgumentHelp("Only these stages.", valueName: "stage"), completion: Completion.stages)
    var only: [String] = []

    func run() throws {
        var remote = remote
        remote.remoteWrite = !remote.remoteRead
        let project = try global.open(remote)
        try Transfers(global, chosen, project).run { try $0.push($1, jobs: only) }
    }
}

struct Pull: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Take traces and outputs from a remote store; run nothing.",
        discussion:
            "A run takes what it needs by itself. This is for what it leaves there: the outputs that nothing had to read."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: ExperimentOptions
    @OptionGroup var remote: RemoteOptions
    @Option(
        help: ArgumentHelp("The outputs of these stages alone; of the others the traces.", valueName: "stage"),
        completion: Completion.stages)
    var only: [String] = []

    func run() throws {
        let project = try global.open(remote)
        try Transfers(global, chosen, project).run { try $0.pull($1, jobs: only) }
    }
}

/// What `push` and `pull` have in common: a line a stage, and a word on what went over.
struct Transfers {
    private let global: GlobalOptions
    private let chosen: ExperimentOptions
    private let project: Project
    private let store: SharedStore

    init(_ global: GlobalOptions, _ chosen: ExperimentOptions, _ project: Project) throws {
        guard let store = project.remote else {
            throw RemoteError(
                global.offline
                    ? "--offline: no remote store is asked"
                    : "no remote store is named: give --remote URL, or remote.url in \(LaviseSettings.name)")
        }
        self.global = global
        self.chosen = chosen
        self.project = project
        self.store = store
    }

    func run(_ transfer: (Runner, Plan) throws -> [RemoteTransfer]) throws {
        var documents: [Value] = [], isWhole = true
        for file in try chosen.files(project) {
            let plan = try project.plan(file).plan
            let console = Console(names: plan.jobs.map(\.id), progress: !global.noProgress, quiet: global.quiet)
            defer { console.end() }
            let options = RunOptions(jobs: ProcessInfo.processInfo.activeProcessorCount)
            let moved = try transfer(project.runner(options, observer: console), plan)
            console.end()
            isWhole = isWhole && moved.allSatisfy { $0.state != .absent }
            if global.json {
                documents.append([
                    "schema": 1, "experiment": .string(file.name), "store": .string(store.access.store.name),
                    "stages": .array(
                        moved.map { stage in
                            [
                                "name": .string(stage.job), "state": .string(stage.state.rawValue),
                                "bytes": .int(stage.bytes),
                                "reason": stage.reason.map { .string($0) } ?? .null,
                            ]
                        }),
                ])
            } else {
                try standardOutput(
                    lines: Format.columns(
                        moved.map { [$0.job, $0.state.rawValue, Format.bytes($0.bytes), $0.reason ?? ""] }))
            }
        }
        if global.json { try standardOutput(json: documents, isList: chosen.isList) }
        if !global.quiet, let line = store.summary { standardError(line) }
        if !isWhole { throw ExitCode(ExitStatus.stale.rawValue) }
    }
}
