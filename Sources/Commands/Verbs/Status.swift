import ArgumentParser
import Engine
import Fingerprints
import Foundation
import Pipeline

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "A line a stage: state, time, size, hash, reason; without arguments of every experiment.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: OptionalExperiments

    @Flag(help: "Exit with 3 when a stage is not fresh.")
    var exitCode = false

    func run() throws {
        let project = try global.open()
        var isFresh = true
        var documents: [Value] = []
        let survey = Survey()
        for file in try chosen.files(project) {
            let plan = try project.plan(file)
            let console = Console(names: plan.plan.jobs.map(\.id), progress: !global.noProgress, quiet: global.quiet)
            defer { console.end() }
            let options = RunOptions(jobs: ProcessInfo.processInfo.activeProcessorCount)
            let state = try project.state(of: plan, options, observer: console, in: survey)
            console.end()
            isFresh = isFresh && state.isFresh
            let concern = project.concern(about: file)
            let settings = try LaviseSettings(project.places).slurm
            let cluster = try ClusterCommands.jobs(of: file, ClusterRun(project, settings), project)
            if global.json {
                documents.append(
                    StatusReport(
                        state, results: ResultsPlace(file, places: project.places), concern: concern,
                        cluster: cluster
                    )
                    .value)
            } else {
                var lines = [Format.title(file.name, file.title)]
                for (line, job) in zip(Self.lines(state.jobs), state.jobs) {
                    lines += [line] + (global.verbose ? project.details(of: job) : [])
                }
                lines += cluster.map { "on the cluster: \($0.text)" }
                try standardOutput(lines: lines + [concern].compactMap { $0 })
            }
        }
        if global.json { try standardOutput(json: documents, isList: chosen.isList) }
        if exitCode, !isFresh { throw ExitCode(ExitStatus.stale.rawValue) }
    }

    private static func lines(_ jobs: [JobStatus]) -> [String] {
        let style = Style(descriptor: STDOUT_FILENO)
        let rows = Format.columns(
            jobs.map { job in
                [
                    job.job, job.state.rawValue, job.seconds.map(Format.seconds) ?? "-",
                    job.outputs.isEmpty ? "-" : Format.bytes(job.outputs.reduce(0) { $0 + $1.bytes }),
                    job.outputs.first?.digest.short ?? "-",
                    job.reason.map { "\($0)" } ?? (job.outputs.allSatisfy(\.isHere) ? "" : "in a remote store"),
                ]
            }, flexible: 5)
        return zip(rows, jobs).map { style.state($0, $1.state) }
    }
}
