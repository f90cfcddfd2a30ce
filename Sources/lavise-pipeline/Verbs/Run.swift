import ArgumentParser
import Engine
import Fingerprints
import Foundation
import Pipeline

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Bring tables up to date.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: ExperimentOptions

    @Flag(name: [.customShort("n"), .long], help: "Show what would run, and run nothing.")
    var dryRun = false

    @Option(help: ArgumentHelp("Only these stages.", valueName: "stage"), completion: Completion.stages)
    var only: [String] = []
    @Option(help: ArgumentHelp("Only these stages and what depends on them.", valueName: "stage"), completion: Completion.stages)
    var from: [String] = []
    @Option(help: ArgumentHelp("Only these stages and what they depend on.", valueName: "stage"), completion: Completion.stages)
    var until: [String] = []
    @Option(help: ArgumentHelp("Run these stages even if they are fresh.", valueName: "stage"), completion: Completion.stages)
    var force: [String] = []

    @OptionGroup var threads: ThreadOptions

    @Flag(help: "Read every byte of inputs and artifacts instead of trusting size and times.")
    var verify = false

    @Option(help: ArgumentHelp("Give up waiting for another run's stage after so long.", valueName: "seconds"))
    var lockTimeout: Double?

    @Option(help: ArgumentHelp("Where results go (default results).", valueName: "dir"), completion: .directory)
    var results: String?

    func run() throws {
        let project = try global.open()
        let files = try chosen.files(project)
        // Found before the work: a place where results cannot go.
        let places = files.map { file in
            ResultsPlace(file, results: results, places: project.places)
        }
        if mayLeaveResults { try places.forEach { try $0.check() } }
        let options = RunOptions(
            jobs: threads.count, only: only, from: from, until: until, force: force,
            verify: verify, lockTimeout: lockTimeout, versions: PipelineVersion.libraries, compare: firstDifference)
        if dryRun { return try PlanVerb.show(files, project, options, json: global.json) }
        try check(files.map(project.plan), project, options)
        var documents: [Value] = []
        let result = Result {
            for (file, place) in zip(files, places) { documents.append(try run(file, project, options, place)) }
        }
        // What was finished before a failure is told of, too.
        if global.json, !documents.isEmpty { try standardOutput(json: documents, isList: chosen.isList) }
        try result.get()
    }

    /// Whether the stages asked for have the tables among them.
    private var mayLeaveResults: Bool { only.isEmpty && until.isEmpty || (only + until).contains(TablesFolder.name) }

    /// Looks for what would stop the run, before the first stage of the first experiment.
    private func check(_ experiments: [ExperimentPlan], _ project: Project, _ options: RunOptions) throws {
        var preflight = Preflight(project)
        for experiment in experiments {
            let console = Console(
                names: experiment.plan.jobs.map(\.id), progress: !global.noProgress, quiet: global.quiet, details: nil)
            defer { console.end() }
            try preflight.look(at: experiment, project.predict(experiment, options, observer: console))
        }
        try preflight.check()
    }

    /// - Returns: how each stage stands afterwards.
    private func run(
        _ file: ExperimentFile, _ project: Project, _ options: RunOptions, _ place: ResultsPlace
    ) throws -> Value {
        let experiment = try project.plan(file)
        let details: (@Sendable (JobStatus) -> [String])? = global.verbose ? { @Sendable in project.details(of: $0) } : nil
        let console = Console(
            names: experiment.plan.jobs.map(\.id), progress: !global.noProgress, quiet: global.quiet, details: details)
        defer { console.end() }
        let began = Date()
        try project.register(results: place)
        let result = Result { try project.runner(options, observer: console).run(experiment.plan) }
        console.end()
        let recorded = Result { try project.recordLocks(of: experiment) }
        let outcome = try result.get()
        try recorded.get()
        if !global.quiet { standardError(Self.summary(outcome, seconds: Date().timeIntervalSince(began))) }
        let document = StatusReport(file, outcome, results: place).value
        guard let tables = outcome.first(where: { $0.job == experiment.tables }), tables.state == .fresh else { return document }
        let isChanged = try project.export(experiment, outcome, to: place, patience: lockTimeout)
        if !global.json, !global.quiet {
            let table = try String(
                contentsOfFile: place.folder + "/" + TablesFolder.mainTable(of: file), encoding: .utf8)
            try standardOutput(table, terminator: "")
            let words = Format.shell(chosen.words(of: file.name))
            standardError(
                "results: \(Format.path(place.folder)); a page with every filter: lavise-pipeline report \(words)")
            if isChanged, FileManager.default.fileExists(atPath: place.folder + "/report.html") {
                standardError("report.html there is older than these tables: lavise-pipeline report \(words)")
            }
        }
        return document
    }

    private static func summary(_ outcome: [JobStatus], seconds: Double) -> String {
        func count(_ isCounted: (JobStatus) -> Bool) -> Int { outcome.count(where: isCounted) }
        return "\(outcome.count) stages: \(count { $0.state == .fresh && !$0.ran && !$0.cutOff }) fresh, \(count(\.ran)) run, "
            + "\(count(\.cutOff)) cut off, \(count { $0.state == .failed }) failed, \(Format.seconds(seconds))"
    }
}
