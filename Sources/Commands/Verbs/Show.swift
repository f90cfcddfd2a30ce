import ArgumentParser
import Engine
import Fingerprints
import Pipeline

struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "What made an artifact or a results file, found by digest or path.",
        discussion:
            "Artifacts are looked up among the store's traces, files of results/ in the provenance.json beside them, back to the inputs."
    )

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The first digits of a digest or fingerprint, or a path.", completion: .file()) var artifact: String

    func run() throws {
        let project = try global.open()
        if let origin = try ResultOrigin(of: artifact, project: project) {
            return try global.json ? standardOutput(json: document(origin)) : standardOutput(lines: lines(origin))
        }
        let found = try project.store.provenance(of: artifact)
        guard !found.isEmpty else {
            throw ExperimentError(
                "\(artifact): no trace in \(project.store.root) made it; `lavise-pipeline status --json EXPERIMENT` names what there is"
            )
        }
        try global.json ? standardOutput(json: document(found)) : standardOutput(lines: found.flatMap(lines))
    }

    private func lines(_ provenance: Provenance) -> [String] {
        let trace = provenance.trace
        return ["\(trace.job)  fingerprint \(provenance.fingerprint.hex)"]
            + Format.columns(
                trace.inputs.map { ["  ← \($0.name)", $0.source, $0.digest.short, Format.bytes($0.bytes)] })
            + trace.outcomes.flatMap { outcome in
                let facts =
                    "  \(Format.seconds(outcome.seconds)), \(cost(of: outcome)), "
                    + "on \(outcome.host), \(outcome.executions) times"
                return Format.columns(
                    outcome.outputs.map { ["  → \($0.name)", $0.digest.hex, Format.bytes($0.bytes)] }) + [facts]
            }
    }

    /// The steps that led to a results file, the last first, and the inputs from outside.
    private func lines(_ origin: ResultOrigin) -> [String] {
        [
            "\(artifact)  sha256 \(origin.file.digest.hex)",
            ([origin.experiment] + origin.record.settings).joined(separator: ", "),
        ]
            + [origin.concern].compactMap { $0 } + [origin.record.cost.map { "made with \($0.text)" }].compactMap { $0 }
            + origin.record.steps.reversed().flatMap { step in
                ["\(step.job)  fingerprint \(step.fingerprint.hex)"]
                    + Format.columns(step.outputs.map { ["  → \($0.name)", $0.digest.hex] })
            }
            + ["inputs"] + Format.columns(origin.record.inputs.map { ["  ← \($0.name)", $0.digest.hex] })
    }

    private func cost(of outcome: Outcome) -> String {
        RunCost([(outcome.costOrEstimate, outcome.peakMemory)])?.text ?? ""
    }

    private func document(_ found: [Provenance]) -> Value {
        let traces = found.map { provenance -> Value in
            let trace = provenance.trace
            return [
                "job": .string(trace.job), "fingerprint": .string(provenance.fingerprint.hex),
                "inputs": .array(
                    trace.inputs.map { input in
                        [
                            "name": .string(input.name), "source": .string(input.source),
                            "digest": .string(input.digest.hex),
                            "bytes": .int(input.bytes),
                        ]
                    }),
                "outcomes": .array(
                    trace.outcomes.map { outcome in
                        [
                            "outputs": .array(
                                outcome.outputs.map { output in
                                    [
                                        "name": .string(output.name), "digest": .string(output.digest.hex),
                                        "bytes": .int(output.bytes),
                                    ]
                                }),
                            "seconds": .double(outcome.seconds), "peakMemory": .int(outcome.peakMemory),
                            "host": .string(outcome.host),
                            "executions": .int(outcome.executions),
                            "cost": RunCost([(outcome.costOrEstimate, outcome.peakMemory)])?.value ?? .null,
                        ]
                    }),
            ]
        }
        return ["schema": 1, "asked": .string(artifact), "traces": .array(traces)]
    }

    private func document(_ origin: ResultOrigin) -> Value {
        func items(_ items: [ProvenanceRecord.Item]) -> Value {
            .array(items.map { ["name": .string($0.name), "digest": .string($0.digest.hex)] })
        }
        return [
            "schema": 1, "asked": .string(artifact), "digest": .string(origin.file.digest.hex),
            "experiment": .string(origin.record.experiment),
            "settings": .array(origin.record.settings.map { .string($0) }),
            "concern": origin.concern.map { .string($0) } ?? .null,
            "cost": origin.record.cost?.value ?? .null,
            "steps": .array(
                origin.record.steps.reversed().map { step in
                    [
                        "job": .string(step.job), "fingerprint": .string(step.fingerprint.hex),
                        "outputs": items(step.outputs),
                    ]
                }),
            "inputs": items(origin.record.inputs),
        ]
    }
}
