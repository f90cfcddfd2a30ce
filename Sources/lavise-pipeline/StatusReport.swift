import Engine
import Fingerprints
import Pipeline

/// `status --json`: how every stage of an experiment stands (DESIGN's contract, schema 1).
struct StatusReport {
    private let value: Value

    init(_ file: ExperimentFile, _ jobs: [JobStatus]) {
        value = [
            "schema": 1, "experiment": .string(file.name),
            "stages": .array(jobs.map { job in
                [
                    "name": .string(job.job), "state": .string(job.state.rawValue),
                    "reason": job.reason.map { .string("\($0)") } ?? .null,
                    "fingerprint": job.fingerprint.map { .string($0.hex) } ?? .null,
                    "outputs": .array(job.outputs.map { ["path": .string($0.path), "digest": .string($0.digest.hex), "bytes": .int($0.bytes)] }),
                    "seconds": job.seconds.map { .double($0) } ?? .null,
                ]
            }),
        ]
    }

    var json: String { value.json(pretty: true) }
}
