import ArgumentParser
import Engine
import Fingerprints
import Foundation
import Pipeline

/// `--executor`.
struct ExecutorChoice: ExpressibleByArgument {
    let choice: LaviseSettings.Executor

    init?(argument: String) {
        guard let choice = LaviseSettings.Executor(rawValue: argument) else { return nil }
        self.choice = choice
    }

    static var allValueStrings: [String] { LaviseSettings.Executor.allCases.map(\.rawValue) }
}

/// What verbs that speak of a cluster have in common.
enum ClusterCommands {
    /// A first Ctrl-C ends the jobs on the cluster and waits until they are gone; a second leaves them.
    static func cancellation(_ files: [ExperimentFile]) -> Cancellation {
        let names = Format.shell(files.map(\.name))
        return Cancellation(
            patience: 60,
            farewell:
                "\nerror: cancelled; jobs are left on the cluster: end them with `lavise-pipeline cancel \(names)`, or go on with `lavise-pipeline attach \(names)`\n"
        )
    }

    /// The experiment's jobs on the cluster. A Slurm that does not answer is said, and no error.
    static func jobs(of file: ExperimentFile, _ cluster: ClusterRun, _ project: Project) throws -> [ClusterJob] {
        try project.store.clusterJobs(plan: file.name) {
            do { return try cluster.client.queue() } catch {
                standardError("\(error)")
                return []
            }
        }
    }
}

extension ClusterJob {
    var value: Value {
        [
            "name": .string(job), "fingerprint": .string(fingerprint.hex), "ids": .array(ids.map { .int($0) }),
            "attempt": .int(attempt),
            "pending": .int(pending), "running": .int(running), "ended": .int(ended),
            "reasons": .array(reasons.map { .string($0) }),
            "driver": .string(driver), "driverAlive": .bool(isDriverAlive),
        ]
    }
}

struct Work: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work", abstract: "Do a task that `run --executor slurm` ordered: what its jobs run on a node.",
        shouldDisplay: false)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "cluster/FINGERPRINT/job.json of the store.", completion: .file()) var order: String
    @Option(help: "Which array of tasks.") var array: Int?
    @Option(help: "Which task of it; without: the whole job, whatever is missing.") var task: Int?

    func validate() throws {
        guard (array == nil) == (task == nil) else { throw ValidationError("--array and --task go together") }
    }

    func run() throws {
        let project = try global.open(), path = project.places.argumentPath(order)
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ExperimentError("\(path): no such order")
        }
        let order = try WorkOrder(json: Array(data), path: path)
        let environment = ProcessInfo.processInfo.environment
        func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }
        let console = Console(names: [order.job], progress: !global.noProgress, quiet: global.quiet)
        defer { console.end() }
        let options = RunOptions(
            jobs: max(1, number("SLURM_CPUS_PER_TASK") ?? 1), versions: PipelineVersion.libraries,
            compare: firstDifference, cancellation: .ofTask())
        let task = array.flatMap { array in self.task.map { (array, $0) } }
        let grace = try LaviseSettings(project.places).slurm.grace
        let worker = ClusterWorker(
            store: project.store, options: project.completed(options), observer: console, grace: grace,
            spentBefore: MachineUse.ofProcess())
        try worker.run(
            order, task: task, restart: number("SLURM_RESTART_COUNT") ?? 0,
            code: { ExitStatus($0)?.rawValue ?? ExitStatus.inside.rawValue }
        ) { try project.plan(of: order, path: path) }
    }
}

struct Attach: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach",
        abstract:
            "Watch an experiment's jobs on the cluster and write its tables: goes on where its driver ended, or waits for it."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: ExperimentOptions

    func run() throws {
        let project = try global.open()
        let settings = try LaviseSettings(project.places).slurm
        let cluster = ClusterRun(project, settings)
        for file in try chosen.files(project) where try ClusterCommands.jobs(of: file, cluster, project).isEmpty {
            let driver = try project.store.driverName(file.name)
            guard try cluster.client.queue().contains(where: { $0.name == driver && $0.isLive }) else {
                throw ExperimentError(
                    "nothing of \(file.name) is on the cluster; start it with: lavise-pipeline run \(file.name) --executor slurm"
                )
            }
        }
        var run = try Run.parse(
            chosen.words(of: chosen.experiments[0]) + chosen.experiments.dropFirst() + ["--executor", "slurm"])
        run.global = global
        try run.run()
    }
}

struct Cancel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "End an experiment's jobs on the cluster; what is finished is kept.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: ExperimentOptions

    func run() throws {
        let project = try global.open()
        let cluster = ClusterRun(project, try LaviseSettings(project.places).slurm)
        var documents: [Value] = []
        for file in try chosen.files(project) {
            let count = try cluster.cancel(file.name)
            documents.append(["schema": 1, "experiment": .string(file.name), "cancelled": .int(count)])
            if !global.json { try standardOutput("\(file.name): \(count) job\(count == 1 ? "" : "s") ended") }
        }
        if global.json { try standardOutput(json: documents, isList: chosen.isList) }
    }
}

struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "What an experiment's tasks on the cluster said, and how they ended.")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Experiment file, or its name.", completion: Completion.experiments) var experiment: String
    @Argument(help: "A stage of it, as `status` names it (default: all).", completion: Completion.stages) var stage:
        String?
    @Option(help: ArgumentHelp("How much of each log: its last lines.", valueName: "n")) var lines = 20

    func run() throws {
        let project = try global.open(), file = try project.experiment(experiment)
        let tasks = try project.store.clusterTasks { job, stage, definition in
            definition["experiment"]?["name"]?.stringValue == file.name
                && (self.stage == nil || [job, stage].contains(self.stage))
        }
        if global.json {
            return try standardOutput(json: [
                "schema": 1, "experiment": .string(file.name),
                "tasks": .array(
                    tasks.map { task in
                        [
                            "name": .string(task.job), "task": .string(task.task),
                            "host": task.host.map { .string($0) } ?? .null,
                            "code": task.code.map { .int($0) } ?? .null,
                            "error": task.error.map { .string($0) } ?? .null,
                            "seconds": task.seconds.map { .double($0) } ?? .null,
                            "memory": task.memory.map { .int($0) } ?? .null,
                            "coreSeconds": task.cost.map { .double($0.coreSeconds) } ?? .null,
                            "log": .string(task.log),
                        ]
                    }),
            ])
        }
        for task in tasks {
            let end = task.code.map { "exit \($0)" } ?? "no end told"
            let facts = [task.host, end, task.seconds.map(Format.seconds), task.memory.map(Format.bytes)].compactMap {
                $0
            }
            let text = FileManager.default.contents(atPath: task.log).map { String(decoding: $0, as: UTF8.self) } ?? ""
            try standardOutput(
                lines: ["\(task.job) \(task.task): \(facts.joined(separator: ", "))"]
                    + (task.error.map { ["  error: \($0)"] } ?? [])
                    + text.split(separator: "\n").suffix(max(0, lines)).map { "  \($0)" })
        }
        guard tasks.isEmpty else { return }
        let what = file.name + (stage.map { ", stage \($0)," } ?? "")
        try standardOutput("nothing of \(what) was ordered on a cluster from this store")
    }
}
