import ArgumentParser
import Engine
import Pipeline

struct Dag: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The graph of stages.")

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, mermaid, dot }

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: ExperimentOptions
    @Option(help: "text, mermaid or dot.")
    var format = Format.text

    func run() throws {
        let project = try global.open()
        for file in try chosen.files(project) { print(Self.draw(try project.plan(file).plan, format)) }
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
            let before = Set(job.inputs.compactMap { input -> Int? in
                if case .output(let source, _) = input.source { number[source] } else { nil }
            }).sorted()
            return switch format {
            case .text: "\(job.id)" + sources.map { "\n  ← \($0)" }.joined()
            case .mermaid: (["  s\(index)[\"\(job.id)\"]"] + before.map { "  s\($0) --> s\(index)" }).joined(separator: "\n")
            case .dot: (["  s\(index) [label=\"\(job.id)\"];"] + before.map { "  s\($0) -> s\(index);" }).joined(separator: "\n")
            }
        }
        return switch format {
        case .text: lines.joined(separator: "\n")
        case .mermaid: (["graph LR"] + lines).joined(separator: "\n")
        case .dot: (["digraph {"] + lines + ["}"]).joined(separator: "\n")
        }
    }
}
