import ArgumentParser
import Engine
import Fingerprints
import Foundation
import Pipeline

@main
enum Main {
    static func main() {
        do {
            try Memory.askToStart()
        } catch {
            standardError("error: \(error)")
            // At once: without memory libraries do not come to their end.
            _exit(ExitStatus.stageFailed.rawValue)
        }
        do {
            try requireText()
            prepareStreams()
            let arguments = try LavisePipeline.verbFirst(Array(CommandLine.arguments.dropFirst()))
            var command = try LavisePipeline.parseAsRoot(arguments)
            try command.run()
        } catch {
            Foundation.exit(report(error))
        }
    }

    /// Prints an error where it belongs and returns DESIGN's exit code for it.
    private static func report(_ error: any Error) -> Int32 {
        if let exit = error as? ExitCode, !(error is ValidationError) { return exit.rawValue }
        if let status = ExitStatus(error) {
            standardError("error: \(describe(error))" + (nextStep(after: error).map { "\n  \($0)" } ?? ""))
            return status.rawValue
        }
        let message = LavisePipeline.fullMessage(for: error)
        if LavisePipeline.exitCode(for: error) == .success {
            do { try standardOutput(message) } catch { return report(error) }
            return ExitStatus.fine.rawValue
        }
        standardError(message)
        return ExitStatus.usage.rawValue
    }

    /// Paths that are not UTF-8 cannot be said in experiments, tables and provenance: taken for others, they would make
    /// other folders.
    /// - Throws: `ExperimentError` naming the argument or variable.
    private static func requireText() throws {
        for (number, argument) in UnsafeBufferPointer(start: CommandLine.unsafeArgv, count: Int(CommandLine.argc))
            .enumerated()
        {
            guard let argument, String(validatingCString: argument) == nil else { continue }
            throw ExperimentError("argument \(number) is not UTF-8: \(String(cString: argument))")
        }
        let settings = ProcessInfo.processInfo.environment.keys.filter { $0.hasPrefix("LAVISE_") }.sorted()
        for name in settings where getenv(name).map({ String(validatingCString: $0) == nil }) ?? false {
            throw ExperimentError("the variable \(name) is not UTF-8")
        }
        guard let folder = getcwd(nil, 0) else { throw ExperimentError("the current folder is gone") }
        defer { free(folder) }
        guard String(validatingCString: folder) != nil else {
            throw ExperimentError("the current folder's path is not UTF-8")
        }
    }
}

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
        // The verb is the first word before which every option has its value.
        let place = arguments.indices.first { place in
            !arguments[place].hasPrefix("-") && (try? GlobalOptions.parse(Array(arguments[..<place]))) != nil
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
