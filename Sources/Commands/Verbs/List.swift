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
        let read = try inParallel(paths.count, threads: cores) { index -> Result<Planned, ExperimentError> in
            do {
                let file = try ExperimentFile(contentsOf: paths[index])
                return .success(Planned(file: file, plan: try project.plan(file).plan))
            } catch let error as ExperimentError { return .failure(error) }
        }
        let faults = read.compactMap { if case .failure(let error) = $0 { error } else { nil } }
        let showsProgress = !global.noProgress && !global.quiet
        let planned = read.compactMap { if case .success(let planned) = $0 { planned } else { nil } }
        let survey = Survey()
        let found = try planned.map { planned in
            let standing = try Standing(planned.plan, project, survey, threads: cores, progress: showsProgress)
            return (file: planned.file, standing: standing)
        }
        if global.json {
            try standardOutput(
                json: .array(
                    found.map { file, standing in
                        [
                            "name": .string(file.name), "title": .string(file.title),
                            "variants": .int(file.variants.count),
                            "state": .string(standing.state.rawValue), "fresh": .int(standing.fresh),
                            "stages": .int(standing.stages),
                        ]
                    }))
        } else if !found.isEmpty {
            let style = Style(descriptor: STDOUT_FILENO)
            let rows = found.map {
                [
                    $0.file.name, $0.standing.text, $0.file.variants.count == 1 ? "" : "×\($0.file.variants.count)",
                    $0.file.title,
                ]
            }
            let lines = Format.table([["experiment", "state", "rows", "title"]] + rows, flexible: 3, style: style)
            try standardOutput(
                lines: [lines[0]] + zip(lines.dropFirst(), found).map { style.state($0, $1.standing.state) })
        }
        faults.forEach { standardError("error: \($0)") }
        if !faults.isEmpty { throw ExitCode(ExitStatus.usage.rawValue) }
    }

    private struct Planned: Sendable {
        let file: ExperimentFile
        let plan: Plan
    }

    /// How all stages of an experiment stand together.
    private struct Standing {
        /// The worst of them.
        let state: JobState
        let fresh: Int, stages: Int

        init(_ plan: Plan, _ project: Project, _ survey: Survey, threads: Int, progress: Bool) throws {
            let console = Console(names: plan.jobs.map(\.id), progress: progress, quiet: !progress)
            defer { console.end() }
            let states = try project.runner(RunOptions(jobs: threads), observer: console)
                .status(of: plan, in: survey).map(\.state)
            fresh = states.count { $0 == .fresh }
            stages = states.count
            state = [.failed, .running, .stale, .missing].first { states.contains($0) } ?? .fresh
        }

        var text: String {
            state == .fresh ? "fresh" : fresh == 0 ? state.rawValue : "\(state.rawValue), \(fresh)/\(stages) fresh"
        }
    }
}
