import ArgumentParser
import Engine
import Fingerprints
import Foundation
import Pipeline

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Rebuild stages in a scratch place and compare bit for bit.")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Experiment file, or its name.", completion: Completion.experiments) var experiment: String
    @Argument(help: "Stages; all by default.", completion: Completion.stages) var stages: [String] = []
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var remote: RemoteOptions

    func run() throws {
        let project = try global.open(remote)
        let plan = try project.plan(project.experiment(experiment)).plan
        let console = Console(names: plan.jobs.map(\.id), progress: !global.noProgress, quiet: global.quiet)
        defer { console.end() }
        let options = RunOptions(
            jobs: threads.count, verify: true, versions: PipelineVersion.libraries, compare: firstDifference)
        let verified = try project.runner(options, observer: console).verify(plan, jobs: stages)
        console.end()
        if global.json {
            try standardOutput(json: [
                "schema": 1, "experiment": .string(experiment),
                "stages": .array(
                    verified.map { stage in
                        [
                            "name": .string(stage.job), "same": .bool(stage.error == nil),
                            "executions": .int(stage.executions),
                            "agreeing": .int(stage.agreeing),
                            "difference": stage.error.map { .string("\($0)") } ?? .null,
                        ]
                    }),
            ])
        } else {
            try standardOutput(
                lines: Format.columns(verified.map { [$0.job, $0.error == nil ? "the same" : "differs", $0.summary] }))
        }
        if let error = verified.compactMap(\.error).first { throw error }
    }
}
