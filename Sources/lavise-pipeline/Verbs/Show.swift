import ArgumentParser
import Engine
import Fingerprints
import Pipeline

struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "What made an artifact: its trace, found by digest or path.")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The first digits of a digest or fingerprint, or a path.") var artifact: String

    func run() throws {
        let project = try global.open()
        let found = try project.store.provenance(of: artifact)
        guard !found.isEmpty else { throw ExperimentError("\(artifact): no trace in \(project.store.root) made it") }
        for provenance in found {
            let trace = provenance.trace
            print("\(trace.job)  fingerprint \(provenance.fingerprint.hex)")
            Format.columns(trace.inputs.map { ["  ← \($0.name)", $0.source, $0.digest.short, Format.bytes($0.bytes)] }).forEach { print($0) }
            for outcome in trace.outcomes {
                Format.columns(outcome.outputs.map { ["  → \($0.name)", $0.digest.hex, Format.bytes($0.bytes)] }).forEach { print($0) }
                print("  \(Format.seconds(outcome.seconds)), \(Format.bytes(outcome.peakMemory)) of memory, on \(outcome.host), \(outcome.executions) times")
            }
        }
    }
}
