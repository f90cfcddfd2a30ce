import ArgumentParser
import Engine
import Fingerprints
import Foundation
import Pipeline

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Bring tables up to date.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: ExperimentOptions

    @Flag(name: [.customShort("n"), .long], help: "Show what would run, and run nothing.")
    var dryRun = false

    @Option(help: ArgumentHelp("Only these stages.", valueName: "stage"), completion: Completion.stages)
    var only: [String] = []
    @Option(
        help: ArgumentHelp("Only these stages and what depends on them.", valueName: "stage"),
        completion: Completion.stages)
    var from: [String] = []
    @Option(
        help: ArgumentHelp("Only these stages and what they depend on.", valueName: "stage"),
        completion: Completion.stages)
    var until: [String] = []
    @Option(
        help: ArgumentHelp("Run these stages even if they are fresh.", valueName: "stage"),
        completion: Completion.stages)
    var force: [String] = []

    @Flag(
        name: [.customShort("k"), .long],
        help: "After a failure go on with what does not depend on it, and with the other experiments.")
    var keepGoing = false

    @OptionGroup var threads: ThreadOptions
    @OptionGroup var remote: RemoteOptions

    @Option(
        help: ArgumentHelp(
            "Where stages run: local or slurm (default: as lavise.json says, or local).", valueName: "where"))
    var executor: ExecutorChoice?
    @Flag(help: "With slurm: leave the whole run to a job of the cluster, and return.")
    var detach = false

    @Flag(help: "Read every byte of inputs and artifacts instead of trusting size and times.")
    var verify = false

    @Option(help: ArgumentHelp("Give up waiting for another run's stage after so long.", valueName: "seconds"))
    var lockTimeout: Double?

    @Option(help: ArgumentHelp("Where results go (default results).", valueName: "dir"), completion: .directory)
    var results: String?

    func run() throws {
        let project = try global.open(remote)
        let files = try chosen.files(project)
        // Found before the work: a place where results cannot go.
        let places = files.map { file in
            ResultsPlace(file, results: results, places: project.places)
        }
        let settings = try LaviseSettings(project.places)
        let cluster = (executor?.choice ?? settings.executor) == .slurm ? ClusterRun(project, settings.slurm) : nil
        var options = RunOptions(
            jobs: threads.count, only: only, from: from, until: until, force: force,
            verify: verify, lockTimeout: lockTimeout, keepGoing: keepGoing, versions: PipelineVersion.libraries,
            compare: firstDifference)
        if dryRun {
            return try PlanVerb.show(
                files, to: mayLeaveResults ? places : [], project, options, json: global.json, cluster: cluster)
        }
        if mayLeaveResults { try places.forEach { try $0.check() } }
        let expected = try check(files.map(project.plan), project, options)
        if let cluster {
            guard force.isEmpty else {
                throw ExperimentError("--force runs stages here; leave it out with --executor slurm")
            }
            if detach { return try detached(cluster, files, project) }
            options.cancellation = ClusterCommands.cancellation(files)
        } else if detach {
            throw ExperimentError("--detach goes with --executor slurm")
        }
        var documents: [Value] = []
        let result = Result {
            var first: (any Error)?
            for ((file, place), expected) in zip(zip(files, places), expected) {
                do {
                    documents.append(try run(file, project, options, place, expected, cluster))
                } catch let error where keepGoing && !error.isCancellation {
                    if files.count > 1 { standardError("error: \(file.name): \(describe(error))") }
                    first = first ?? error
                }
            }
            if let first { throw first }
        }
        // What was finished before a failure is told of, too.
        if global.json, !documents.isEmpty { try standardOutput(json: documents, isList: chosen.isList) }
        if !global.quiet, let line = project.remote?.summary { standardError(line) }
        try result.get()
    }

    /// Whether the stages asked for have the tables among them.
    private var mayLeaveResults: Bool { only.isEmpty && until.isEmpty || (only + until).contains(TablesFolder.name) }

    /// Looks for what would stop the run, before the first stage of the first experiment.
    /// - Returns: of every experiment the seconds that its jobs will take, as far as they are known.
    private func check(_ experiments: [ExperimentPlan], _ project: Project, _ options: RunOptions) throws -> [[String:
        Double]]
    {
        var preflight = Preflight(project)
        let expected = try experiments.map { experiment in
            let console = Console(
                names: experiment.plan.jobs.map(\.id), progress: !global.noProgress, quiet: global.quiet, details: nil)
            defer { console.end() }
            let predictions = try project.predict(experiment, options, observer: console)
            try preflight.look(at: experiment, predictions)
            return Dictionary(
                uniqueKeysWithValues: predictions.compactMap { job in job.seconds.map { (job.status.job, $0) } })
        }
        try preflight.check()
        return expected
    }

    /// - Returns: how each stage stands afterwards.
    private func run(
        _ file: ExperimentFile, _ project: Project, _ options: RunOptions, _ place: ResultsPlace,
        _ expected: [String: Double],
        _ cluster: ClusterRun?
    ) throws -> Value {
        var options = options
        let experiment = try project.plan(file)
        let details: (@Sendable (JobStatus) -> [String])? =
            global.verbose ? { @Sendable in project.details(of: $0) } : nil
        let console = Console(
            names: experiment.plan.jobs.map(\.id), progress: !global.noProgress, quiet: global.quiet,
            expected: expected, details: details)
        let recorder = RunRecorder(console, of: file, on: project.store.host)
        defer { console.end() }
        let began = Date()
        try project.register(results: place)
        if let cluster {
            options.executor = try cluster.executor(for: project.state(of: experiment, options))
        }
        let result = Result {
            ExperimentState(experiment, try project.runner(options, observer: recorder).run(experiment.plan))
        }
        console.end()
        let recorded = Result { try project.recordLocks(of: experiment) }
        let finished = Result { try (result.get(), recorded.get()).0 }
        let exported = Result { try export(finished.get(), project, place) }
        project.store.note(recorder.record(finished, began: began, failure: exported.failure, results: place))
        let left = try finished.get()
        if !global.quiet { standardError(Self.summary(left.jobs, seconds: Date().timeIntervalSince(began))) }
        if let isChanged = try exported.get(), !global.json, !global.quiet {
            try tell(file, place, isChanged)
            if let cost = RunCost(left.jobs) { standardError("made with \(cost.text)") }
        }
        return StatusReport(left, results: place).value
    }

    /// - Returns: whether tables changed; nil where there are none to export.
    private func export(
        _ left: ExperimentState, _ project: Project, _ place: ResultsPlace
    ) throws -> Bool? {
        guard left.tables?.isHere == true else { return nil }
        return try project.export(left, to: place, patience: lockTimeout)
    }

    /// The main table, and what to type next.
    private func tell(_ file: ExperimentFile, _ place: ResultsPlace, _ isChanged: Bool) throws {
        let markdown = try String(
            contentsOfFile: place.folder + "/" + TablesFolder.mainTable(of: file), encoding: .utf8)
        let width = Format.terminalWidth(STDOUT_FILENO)
        try standardOutput(
            width.map { MarkdownText(markdown).text(width: $0, style: Style(descriptor: STDOUT_FILENO)) } ?? markdown,
            terminator: "")
        if !TablesFolder.hasWarnings(TablesFolder.mainTable(of: file)) {
            for warning in try TablesFolder.warnings(in: place.folder) { standardError("warning: \(warning)") }
        }
        let words = Format.shell(chosen.words(of: file.name))
        standardError(
            "results: \(Format.path(place.folder)); a page with every filter: lavise-pipeline report \(words)")
        if isChanged, FileManager.default.fileExists(atPath: place.folder + "/report.html") {
            standardError("report.html there is older than these tables: lavise-pipeline report \(words)")
        }
    }

    /// Variables that a driver elsewhere is given. Places are said by options; secrets stand in no script.
    private var passedOn: [String: String] {
        GlobalOptions.environment.filter { ["LAVISE_KEY", "LAVISE_MIRRORS", "LAVISE_BANDWIDTH"].contains($0.key) }
    }

    /// Submits a driver for each experiment.
    private func detached(_ cluster: ClusterRun, _ files: [ExperimentFile], _ project: Project) throws {
        var rows: [Value] = []
        for (argument, file) in zip(chosen.experiments, files) {
            // The driver starts elsewhere: a file of the user's is named from the root.
            let path = project.places.argumentPath(argument),
                name = FileManager.default.fileExists(atPath: path) ? path : argument
            let selection = [("--only", only), ("--from", from), ("--until", until)].flatMap { flag, names in
                names.flatMap { [flag, $0] }
            }
            let flags = [("--keep-going", keepGoing), ("--verify", verify), ("--offline", global.offline)]
            let words =
                ["run"] + chosen.words(of: name) + ["--executor", "slurm"] + selection
                + flags.filter(\.1).map(\.0) + (lockTimeout.map { ["--lock-timeout", "\($0)"] } ?? [])
                + (results.map { ["--results", project.places.argumentPath($0)] } ?? [])
                + remote.words(GlobalOptions.environment, project.places)
            let (id, log) = try cluster.detach(file.name, words, environment: passedOn)
            rows.append(["experiment": .string(file.name), "job": .int(id), "log": .string(log)])
            if !global.json {
                try standardOutput("\(file.name): driver is Slurm's job \(id), log \(log)")
                standardError(
                    "lavise-pipeline attach \(Format.shell(chosen.words(of: name))) watches it; cancel ends it with all its jobs"
                )
            }
        }
        if global.json {
            try standardOutput(
                json: rows.map { .object(($0.objectValue ?? [:]).merging(["schema": 1]) { $1 }) }, isList: chosen.isList
            )
        }
    }

    private static func summary(_ jobs: [JobStatus], seconds: Double) -> String {
        func count(_ isCounted: (JobStatus) -> Bool) -> Int { jobs.count(where: isCounted) }
        return
            "\(jobs.count) stages: \(count { $0.state == .fresh && !$0.ran && !$0.cutOff }) fresh, \(count(\.ran)) run, "
            + "\(count(\.cutOff)) cut off, \(count { $0.state == .failed }) failed, \(Format.seconds(seconds))"
    }
}
