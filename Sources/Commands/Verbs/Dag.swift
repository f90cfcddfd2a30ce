import ArgumentParser
import Engine
import Fingerprints
import Pipeline

struct Dag: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "dag", abstract: "The graph of stages.")

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, mermaid, dot }

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: ExperimentOptions
    @Option(help: "text, mermaid or dot.")
    var format = Format.text

    func run() throws {
        let project = try global.open()
        let plans = try chosen.files(project).map { (file: $0, plan: try project.plan($0).plan) }
        if global.json {
            return try standardOutput(
                json: plans.map { Self.document($0.plan, of: $0.file.name) }, isList: chosen.isList)
        }
        for (_, plan) in plans { try standardOutput(Self.draw(plan, format)) }
    }

    /// Jobs in the order of the plan, each with where its inputs come from: a file, or another job's output.
    private static func document(_ plan: Plan, of experiment: String) -> Value {
        let jobs = plan.jobs.map { job -> Value in
            let inputs = job.inputs.map { input -> Value in
                switch input.source {
                case .file(let path): ["name": .string(input.name), "file": .string(path)]
                case .output(let source, let name):
                    ["name": .string(input.name), "job": .string(source), "output": .string(name)]
                }
            }
            return [
                "name": .string(job.id), "stage": .string(job.stage.name), "inputs": .array(inputs),
                "outputs": .array(job.stage.outputs.map { .string($0) }),
            ]
        }
        return ["schema": 1, "experiment": .string(experiment), "jobs": .array(jobs)]
    }

    private static func draw(_ plan: Plan, _ format: Format) -> String {
        let number = Dictionary(plan.jobs.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        let lines = plan.jobs.enumerated().map { index, job -> String in
            let sources = job.inputs.map { input -> String in
                switch input.source {
                case .file(let path): path
                case .output(let source, let name): "\(source)/\(name)"
                }
            }
            let before = Set(
                job.inputs.compactMap { input -> Int? in
                    if case .output(let source, _) = input.source { number[source] } else { nil }
                }
            ).sorted()
            return switch format {
            case .text: "\(job.id)" + sources.map { "\n  ← \($0)" }.joined()
            case .mermaid:
                (["  s\(index)[\"\(job.id)\"]"] + before.map { "  s\($0) --> s\(index)" }).joined(separator: "\n")
            case .dot:
                (["  s\(index) [label=\"\(job.id)\"];"] + before.map { "  s\($0) -> s\(index);" }).joined(
                    separator: "\n")
            }
        }
        return switch format {
        case .text: lines.joined(separator: "\n")
        case .mermaid: (["graph LR"] + lines).joined(separator: "\n")
        case .dot: (["digraph {"] + lines + ["}"]).joined(separator: "\n")
        }
    }
}
