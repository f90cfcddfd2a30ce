import ArgumentParser
import Foundation
import Networks
import Tensors

@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lavise-bench",
        abstract: "Measures our kernels beside their floors. bench/peers.py measures them beside libraries.")

    @Option(help: "Be one side of bench/peers.py, which reads inputs from this folder.")
    var serve: String?
    @Option(help: "Write the sections of this document, docs/performance.md.")
    var docs: String?
    @Option(help: "Runs of each workload; the fastest counts.")
    var repeats = 5
    @Argument(
        help: ArgumentHelp(
            "Sections to measure: \(Section.allCases.map(\.rawValue).joined(separator: ", ")) (default: all but epoch, which takes 20 GB of disk)."
        ))
    var sections = Section.allCases.filter { $0 != .epoch }

    enum Section: String, CaseIterable, ExpressibleByArgument { case workloads, roofline, hdf5, evidence, epoch }

    func run() throws {
        if let serve { return try Server(folder: serve).run() }
        let rates = try Rates()
        for section in sections {
            let text = try heading() + measure(section, rates)
            print(text)
            if let docs { try Document(path: docs).replace(section.rawValue, with: text) }
        }
    }

    private func measure(_ section: Section, _ rates: Rates) throws -> String {
        let roofline = Roofline(rates: rates)
        switch section {
        case .workloads:
            let lines = try workloads.map { try roofline.line($0.make(), repeats: repeats) }
            return "| work | speed | measured ms | floor ms | measured / floor |\n| --- | ---: | ---: | ---: | ---: |\n"
                + lines.joined()
        case .roofline:
            let tables = try Architecture.all.map {
                try roofline.convolutions($0, layer: $0.layers[$0.layers.count - 1])
            }
            return """
                On \(benchThreads) threads: products of 1024³ by OpenBLAS \(number(rates.blas / 1e9, 0)) GFLOP/s, by our kernels \(number(rates.kernels / 1e9, 0)) \
                GFLOP/s; copy \(number(rates.copy / 1e9, 1)) GB/s (read + written).


                """ + tables.joined(separator: "\n")
        case .hdf5: return try FeatureFileTable().measure()
        case .evidence: return try EvidenceTable().measure()
        case .epoch: return try EpochTable().measure()
        }
    }

    private func heading() -> String {
        let processor = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?
            .split(separator: "\n").first { $0.hasPrefix("model name") }?.split(separator: ":").last.map {
                $0.trimmingCharacters(in: .whitespaces)
            }
        var load = [0.0]
        getloadavg(&load, 1)
        return
            "*`make bench`; \(processor ?? "unknown processor"), \(InstructionSet.best.rawValue), \(benchThreads) threads; "
            + "OpenBLAS \(blasKernelName().split(separator: ",")[0]); load average at the end \(number(load[0], 1))*\n\n"
    }
}
