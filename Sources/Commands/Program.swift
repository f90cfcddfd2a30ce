import ArgumentParser
import Engine
import Fingerprints
import Foundation
import Pipeline

/// What `lavise-pipeline` is: its `main.swift` calls this alone, so that tests link the verbs without being programs.
public enum Program {
    /// Runs the verb that the arguments name and ends with its exit code.
    public static func main() {
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
