import ArgumentParser
import Fingerprints
import Pipeline

/// Each verb writes its name out: to derive them all from types' names takes a millisecond of every start.
struct LavisePipeline: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lavise-pipeline",
        abstract: "Explains the filters of a CNN in words (LaViSE), reproducibly: from an experiment file to a table.",
        discussion: """
            Examples:
              lavise-pipeline run demo                    scenes drawn, to a table
              lavise-pipeline run resnet18_vg -C project  of a project elsewhere
              lavise-pipeline status demo --json          one document for programs
              lavise-pipeline run demo --set train.epochs=20
            Exit status:
              0 fine                       4 outside tolerance, claim refuted
              1 a stage or a file failed   5 integrity
              2 arguments or experiment    7 lock timeout
              3 stale (--exit-code)        8 download failed, offline
              70 internal                  128 + n ended by signal n
            Environment:
              LAVISE_STORE, LAVISE_DATA          stand for --store and --data
              LAVISE_MIRRORS, LAVISE_BANDWIDTH   of downloads
              LAVISE_REMOTE, LAVISE_KEY          a shared store, and the key that signs
              NO_COLOR                           takes colour away
            docs/command-line.md says more.
            """,
        version: PipelineVersion.text,
        subcommands: [
            Run.self, New.self, Status.self, PlanVerb.self, Why.self, Dag.self, Report.self, Serve.self, Explain.self,
            Bias.self,
            Compare.self, Tables.self, Diff.self, Check.self, Verify.self, Show.self, Export.self, Log.self, List.self,
            Layers.self,
            Doctor.self, GC.self,
            Attach.self, Cancel.self, Logs.self, Work.self,
            Push.self, Pull.self, Key.self, Version.self,
        ])

    static var verbs: [String] {
        configuration.subcommands.map { $0.configuration.commandName ?? "\($0)".lowercased() }
    }

    /// Global options may stand before the verb, as with git and make: they are moved behind it, where the parser looks
    /// for them.
    /// - Throws: `ExperimentError` for a verb that there is not.
    static func verbFirst(_ arguments: [String]) throws -> [String] {
        // The verb is the first word before which every option has its value; to parse no options takes a millisecond.
        let place = arguments.indices.first { place in
            !arguments[place].hasPrefix("-")
                && (place == 0 || (try? GlobalOptions.parse(Array(arguments[..<place]))) != nil)
        }
        guard let place, arguments[place] != "help" else { return arguments }
        guard verbs.contains(arguments[place]) else {
            let hint =
                nearest(to: arguments[place], among: verbs).map { "did you mean \"\($0)\"?" }
                ?? "there are \(verbs.joined(separator: ", "))"
            throw ExperimentError("no verb \"\(arguments[place])\"; \(hint)")
        }
        return [arguments[place]] + arguments[..<place] + arguments[(place + 1)...]
    }
}
