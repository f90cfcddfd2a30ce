import Fingerprints

/// One execution of a job and what it left.
public struct Outcome: Sendable, Equatable {
    /// In the order in which the stage declares them.
    public package(set) var outputs: [Artifact]
    /// Wall time of the execution.
    public let seconds: Double
    /// How much work that was, in a unit of the stage's own; nil where the stage did not say.
    public let work: Double?
    /// On how many threads at last: they grow when jobs beside end; nil in traces of before this was noted.
    public let threads: Int?
    /// Highest resident memory of the process while the job ran, in bytes.
    public let peakMemory: Int
    /// The machine that it ran on.
    public let host: String
    /// Of the program and its libraries, by name.
    public let versions: [String: String]
    /// Seconds since 1970.
    public let finished: Double
    /// How often the job was executed with this very outcome.
    public var executions: Int
    /// What it took of the machine; nil in traces of before this was noted.
    public let cost: Cost?
}

extension Outcome {
    var value: Value {
        var value: [String: Value] = [
            "outputs": .array(
                outputs.map { output in
                    [
                        "name": .string(output.name), "digest": .string(output.digest.hex), "bytes": .int(output.bytes),
                        "kind": output.isFolder ? "folder" : "file",
                    ]
                }),
            "seconds": .double(seconds),
            "peakMemory": .int(peakMemory),
            "host": .string(host),
            "versions": .object(versions.mapValues { .string($0) }),
            "finished": .double(finished),
            "executions": .int(executions),
        ]
        value["work"] = work.map { .double($0) }
        value["threads"] = threads.map { .int($0) }
        return .object(value.merging(cost?.members ?? [:]) { $1 })
    }

    init?(_ value: Value) {
        guard let outputs = value["outputs"]?.arrayValue?.map(Artifact.init), !outputs.isEmpty, !outputs.contains(nil),
            let seconds = value["seconds"]?.doubleValue, let peakMemory = value["peakMemory"]?.intValue,
            let host = value["host"]?.stringValue, let versions = value["versions"]?.objectValue,
            let finished = value["finished"]?.doubleValue, let executions = value["executions"]?.intValue
        else { return nil }
        self.init(
            outputs: outputs.compactMap { $0 }, seconds: seconds, work: value["work"]?.doubleValue,
            threads: value["threads"]?.intValue,
            peakMemory: peakMemory, host: host,
            versions: versions.compactMapValues(\.stringValue), finished: finished, executions: executions,
            cost: Cost(value))
    }
}

extension Outcome {
    /// What the execution took; of one of before that was noted, what its time and threads come to.
    public var costOrEstimate: Cost { cost ?? Cost(coreSeconds: seconds * Double(threads ?? 1)) }
}
