import ArgumentParser
import Engine
import Fingerprints
import Foundation
import Pipeline

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The experiments of this project, and how they stand.")

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let project = try global.open()
        let paths = try project.experimentPaths(), cores = ProcessInfo.processInfo.activeProcessorCount
        let console = Console(names: [], progress: !global.noProgress, quiet: global.quiet)
        defer { console.end() }
        let runner = project.runner(RunOptions(jobs: cores), observer: console)
        let looks = try runner.survey(paths.count) { index, status -> Result<Found, ExperimentError> in
            do {
                let file = try ExperimentFile(contentsOf: paths[index])
                let states = try status(project.plan(file).plan).map(\.state)
                return .success(
                    Found(
                        name: file.name, title: file.title, variants: file.variants.count,
                        standing: Standing(states)))
            } catch let error as ExperimentError { return .failure(error) }
        }
        console.end()
        let faults = looks.compactMap { if case .failure(let error) = $0 { error } else { nil } }
        let found = looks.compactMap { if case .success(let found) = $0 { found } else { nil } }
        if global.json {
            try standardOutput(
                json: .array(
                    found.map {
                        [
                            "name": .string($0.name), "title": .string($0.title),
                            "variants": .int($0.variants),
                            "state": .string($0.standing.state.rawValue), "fresh": .int($0.standing.fresh),
                            "stages": .int($0.standing.stages),
                        ]
                    }))
        } else if !found.isEmpty {
            let style = Style(descriptor: STDOUT_FILENO)
            let rows = found.map {
                [
                    $0.name, $0.standing.text, $0.variants == 1 ? "" : "×\($0.variants)",
                    $0.title,
                ]
            }
            let lines = Format.table([["experiment", "state", "rows", "title"]] + rows, flexible: 3, style: style)
            try standardOutput(
                lines: [lines[0]] + zip(lines.dropFirst(), found).map { style.state($0, $1.standing.state) })
        }
        faults.forEach { standardError("error: \($0)") }
        if !faults.isEmpty { throw ExitCode(ExitStatus.usage.rawValue) }
    }

    private struct Found: Sendable {
        let name: String, title: String, variants: Int
        let standing: Standing
    }

    /// How all stages of an experiment stand together.
    private struct Standing {
        /// The worst of them.
        let state: JobState
        let fresh: Int, stages: Int

        init(_ states: [JobState]) {
            fresh = states.count { $0 == .fresh }
            stages = states.count
            state = [.failed, .running, .stale, .missing].first { states.contains($0) } ?? .fresh
        }

        var text: String {
            state == .fresh ? "fresh" : fresh == 0 ? state.rawValue : "\(state.rawValue), \(fresh)/\(stages) fresh"
        }
    }
}
