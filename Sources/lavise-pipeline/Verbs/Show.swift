import ArgumentParser
import Engine
import Fingerprints
import Pipeline

struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What made an artifact or a results file, found by digest or path.",
        discussion: "Artifacts are looked up among the store's traces, files of results/ in the provenance.json beside them, back to the inputs.")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The first digits of a digest or fingerprint, or a path.") var artifact: String

    func run() throws {
        let project = try global.open()
        if let origin = try ResultOrigin(of: project.places.projectPath(artifact)) { return show(origin) }
        let found = try project.store.provenance(of: artifact)
        guard !found.isEmpty else {
            throw ExperimentError("\(artifact): no trace in \(project.store.root) made it; `lavise-pipeline status --json EXPERIMENT` names what there is")
        }
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

    /// The steps that led to a results file, the last first, and the inputs from outside.
    private func show(_ origin: ResultOrigin) {
        print("\(artifact)  sha256 \(origin.file.digest.hex)")
        for step in origin.record.steps.reversed() {
            print("\(step.job)  fingerprint \(step.fingerprint.hex)")
            Format.columns(step.outputs.map { ["  → \($0.name)", $0.digest.hex] }).forEach { print($0) }
        }
        print("inputs")
        Format.columns(origin.record.inputs.map { ["  ← \($0.name)", $0.digest.hex] }).forEach { print($0) }
    }
}
