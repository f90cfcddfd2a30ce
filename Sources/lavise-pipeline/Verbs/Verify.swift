import ArgumentParser
import Engine
import Foundation
import Pipeline

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Rebuild stages in a scratch place and compare bit for bit.")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Experiment file, or its name.") var experiment: String
    @Argument(help: "Stages; all by default.") var stages: [String] = []
    @Option(name: [.short, .long], help: ArgumentHelp("Threads (default: one a core).", valueName: "n")) var jobs: Int?

    func run() throws {
        let project = try global.open()
        let plan = try project.plan(project.experiment(experiment)).plan
        let console = Console(names: plan.jobs.map(\.id), progress: !global.noProgress, quiet: global.quiet)
        defer { console.end() }
        let options = RunOptions(
            jobs: jobs ?? ProcessInfo.processInfo.activeProcessorCount, verify: true, versions: PipelineVersion.libraries, compare: firstDifference)
        let verified = try project.runner(options, observer: console).verify(plan, jobs: stages)
        console.end()
        Format.columns(verified.map { [$0.job, $0.error == nil ? "the same" : "differs", $0.summary] }).forEach { print($0) }
        if let error = verified.compactMap(\.error).first { throw error }
    }
}
