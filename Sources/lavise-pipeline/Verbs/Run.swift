import ArgumentParser
import Engine
import Foundation
import Pipeline

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Bring tables up to date.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: ExperimentOptions

    @Flag(name: [.customShort("n"), .long], help: "Show what would run, and run nothing.")
    var dryRun = false

    @Option(help: ArgumentHelp("Only these stages.", valueName: "stage"))
    var only: [String] = []
    @Option(help: ArgumentHelp("Only these stages and what depends on them.", valueName: "stage"))
    var from: [String] = []
    @Option(help: ArgumentHelp("Only these stages and what they depend on.", valueName: "stage"))
    var until: [String] = []
    @Option(help: ArgumentHelp("Run these stages even if they are fresh.", valueName: "stage"))
    var force: [String] = []

    @Option(name: [.short, .long], help: ArgumentHelp("Threads (default: one a core).", valueName: "n"))
    var jobs: Int?

    @Flag(help: "Read every byte of inputs and artifacts instead of trusting size and times.")
    var verify = false

    @Option(help: ArgumentHelp("Give up waiting for another run's stage after so long.", valueName: "seconds"))
    var lockTimeout: Double?

    @Option(help: ArgumentHelp("Where results go (default results).", valueName: "dir"))
    var results: String?

    func run() throws {
        if let jobs, jobs < 1 { throw ExperimentError("--jobs \(jobs): expected at least 1") }
        let project = try global.open()
        for file in try chosen.files(project) {
            if dryRun { try PlanVerb.show(file, project, json: global.json) } else { try run(file, project) }
        }
    }

    private func run(_ file: ExperimentFile, _ project: Project) throws {
        let experiment = try project.plan(file)
        let console = Console(names: experiment.plan.jobs.map(\.id), progress: !global.noProgress, quiet: global.quiet)
        defer { console.end() }
        let options = RunOptions(
            jobs: jobs ?? ProcessInfo.processInfo.activeProcessorCount, only: only, from: from, until: until, force: force,
            verify: verify, lockTimeout: lockTimeout, versions: PipelineVersion.libraries, compare: firstDifference)
        let began = Date()
        if only.isEmpty, from.isEmpty, until.isEmpty { try project.requireFilesWhenOffline(experiment.plan) }
        let result = Result { try project.runner(options, observer: console).run(experiment.plan) }
        console.end()
        let recorded = Result { try project.recordLocks(of: experiment) }
        let outcome = try result.get()
        try recorded.get()
        if !global.quiet { standardError(Self.summary(outcome, seconds: Date().timeIntervalSince(began))) }
        guard let tables = outcome.first(where: { $0.job == experiment.tables }), tables.state == .fresh else { return }
        let folder = try project.export(tables, of: file, to: results)
        try project.writeProvenance(of: experiment, outcome, in: folder)
        if global.json {
            print(StatusReport(file, outcome).json)
        } else if !global.quiet {
            print(try String(contentsOfFile: folder + "/" + TablesFolder.mainTable(of: file), encoding: .utf8), terminator: "")
            standardError("results: \(Format.path(folder)); a page with every filter: lavise-pipeline report \(file.name)")
        }
    }

    private static func summary(_ outcome: [JobStatus], seconds: Double) -> String {
        func count(_ isCounted: (JobStatus) -> Bool) -> Int { outcome.count(where: isCounted) }
        return "\(outcome.count) stages: \(count { $0.state == .fresh && !$0.ran && !$0.cutOff }) fresh, \(count(\.ran)) run, "
            + "\(count(\.cutOff)) cut off, \(count { $0.state == .failed }) failed, \(Format.seconds(seconds))"
    }
}
