import Engine
import Fingerprints
import Pipeline

/// `status --json`: how every stage of an experiment stands (DESIGN's contract, schema 1).
struct StatusReport {
    let value: Value

    /// - Parameters:
    ///   - results: the folder that results go to.
    ///   - cluster: jobs that a driver has on a cluster; told of where there are such.
    ///   - concern: what there is to say of it: that something else made it.
    init(
        _ state: ExperimentState, results: ResultsPlace, concern: String? = nil,
        cluster: [ClusterJob] = []
    ) {
        let cluster: [String: Value] = cluster.isEmpty ? [:] : ["cluster": .array(cluster.map(\.value))]
        let document: [String: Value] = [
            "schema": 1, "experiment": .string(state.file.name),
            "results": ["folder": .string(results.folder), "concern": concern.map { .string($0) } ?? .null],
            "stages": .array(
                state.jobs.map { job in
                    let members: [String: Value] = [
                        "name": .string(job.job), "state": .string(job.state.rawValue),
                        "reason": job.reason.map { .string("\($0)") } ?? .null,
                        "fingerprint": job.fingerprint.map { .string($0.hex) } ?? .null,
                        "outputs": .array(
                            job.outputs.map { output in
                                [
                                    "name": .string(output.name), "path": output.isHere ? .string(output.path) : .null,
                                    "digest": .string(output.digest.hex),
                                    "bytes": .int(output.bytes),
                                ]
                            }),
                        "seconds": job.seconds.map { .double($0) } ?? .null,
                    ]
                    return .object(members.merging(RunCost([job]).flatMap(\.value.objectValue) ?? [:]) { $1 })
                }),
            "cost": RunCost(state.jobs)?.value ?? .null,
        ]
        value = .object(document.merging(cluster) { $1 })
    }
}
