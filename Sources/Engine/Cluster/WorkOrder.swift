import Fingerprints

/// What a task of the cluster is to do: shards of phases, one phase after another. Without any: the whole job, whatever
/// is missing.
package struct WorkTask: Sendable, Equatable {
    package struct Step: Sendable, Equatable {
        package let phase: String
        package let shards: [Int]

        package init(phase: String, shards: [Int]) { (self.phase, self.shards) = (phase, shards) }
    }

    package let steps: [Step]
    /// How long it may take on one processor, in seconds.
    package let coreSeconds: Double

    package init(steps: [Step], coreSeconds: Double) { (self.steps, self.coreSeconds) = (steps, coreSeconds) }
}

/// `cluster/<fingerprint>/job.json`, and `job-2.json` where it had to be ordered again: what workers need to know of a
/// job. Written once, before it is submitted. Arrays of tasks run one after another; then one task puts all together.
public struct WorkOrder: Sendable {
    /// What the plan is made of, for whoever makes it again.
    public let definition: Value
    /// The job's id.
    public let job: String
    /// The stage's name.
    public let stage: String
    /// What the fingerprint is made of; a worker that finds something else does nothing.
    public let fields: FingerprintFields
    /// The program that ordered it.
    public let versions: [String: String]
    /// From 1.
    public let attempt: Int
    let arrays: [[WorkTask]]

    /// The digest of the fields: what the worker must find too.
    public var fingerprint: Digest { fields.value.digest }

    static func name(_ attempt: Int) -> String { attempt == 1 ? "job.json" : "job-\(attempt).json" }

    var value: Value {
        [
            "schema": 1, "definition": definition, "job": .string(job), "stage": .string(stage),
            "fingerprint": .string(fingerprint.hex),
            "fields": fields.value, "versions": .object(versions.mapValues { .string($0) }), "attempt": .int(attempt),
            "arrays": .array(
                arrays.map { tasks in
                    .array(
                        tasks.map { task in
                            .array(
                                task.steps.map { step in
                                    [
                                        "phase": .string(step.phase),
                                        "shards": .array(
                                            Self.ranges(step.shards).map { [.int($0.lowerBound), .int($0.upperBound)] }),
                                    ]
                                })
                        })
                }),
        ]
    }

    init(
        definition: Value, job: String, stage: String, fields: FingerprintFields, versions: [String: String],
        attempt: Int, arrays: [[WorkTask]]
    ) {
        self.definition = definition
        self.job = job
        self.stage = stage
        self.fields = fields
        self.versions = versions
        self.attempt = attempt
        self.arrays = arrays
    }

    /// - Throws: `EngineError.newerFormat`, `.notAnOrder`.
    public init(json bytes: [UInt8], path: String) throws {
        let value = try? Value(json: bytes)
        if let schema = value?["schema"]?.intValue, schema > 1 { throw EngineError.newerFormat(path: path) }
        guard let value, value["schema"] == 1, let definition = value["definition"],
            let job = value["job"]?.stringValue,
            let stage = value["stage"]?.stringValue, let fields = value["fields"].flatMap(FingerprintFields.init),
            value["fingerprint"]?.stringValue == fields.value.digest.hex, let versions = value["versions"]?.objectValue,
            let attempt = value["attempt"]?.intValue, let arrays = value["arrays"]?.arrayValue
        else { throw EngineError.notAnOrder(path: path) }
        self.init(
            definition: definition, job: job, stage: stage, fields: fields,
            versions: versions.compactMapValues(\.stringValue), attempt: attempt,
            arrays: arrays.map { tasks in
                (tasks.arrayValue ?? []).map { task in
                    WorkTask(
                        steps: (task.arrayValue ?? []).map { step in
                            let ranges = (step["shards"]?.arrayValue ?? []).compactMap {
                                $0.arrayValue?.compactMap(\.intValue)
                            }
                            return WorkTask.Step(
                                phase: step["phase"]?.stringValue ?? "",
                                shards: ranges.filter { $0.count == 2 && $0[0] <= $0[1] }.flatMap {
                                    Array($0[0]..<$0[1])
                                })
                        }, coreSeconds: 0)
                }
            })
    }

    /// Ascending numbers as ranges.
    private static func ranges(_ numbers: [Int]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        for number in numbers {
            if let last = ranges.last, last.upperBound == number {
                ranges[ranges.count - 1] = last.lowerBound..<number + 1
            } else {
                ranges.append(number..<number + 1)
            }
        }
        return ranges
    }
}

/// Cuts what is missing of a job into tasks.
package struct TaskDivision {
    /// Core-seconds that a task should take at least: starting one costs too.
    let taskSeconds: Double
    /// How many tasks there may be in all.
    let limit: Int

    package init(taskSeconds: Double, limit: Int) { (self.taskSeconds, self.limit) = (taskSeconds, limit) }

    /// - Parameters:
    ///   - missing: shards of each phase.
    ///   - secondsPerWork: core-seconds for a unit of the stage's work.
    /// - Returns: arrays of tasks, none where one task, the assembly's, does it all as well.
    package func arrays(_ missing: [(phase: ShardPhase, shards: [Int])], secondsPerWork: Double) -> [[WorkTask]] {
        let open = missing.filter { !$0.shards.isEmpty }
        let room = max(1, limit / max(1, open.count))
        var arrays: [[WorkTask]] = []
        for (phase, shards) in open {
            let each = phase.work * secondsPerWork / Double(max(1, phase.count))
            let wanted = Int((each * Double(shards.count) / taskSeconds).rounded(.up))
            let count = max(1, min(wanted, shards.count, room))
            let tasks = (0..<count).map { task in
                let own = Array(shards[shards.count * task / count..<shards.count * (task + 1) / count])
                return WorkTask(
                    steps: [WorkTask.Step(phase: phase.name, shards: own)], coreSeconds: each * Double(own.count))
            }
            // Short phases go to one task, one after another.
            if count == 1, let last = arrays.last, last.count == 1,
                last[0].coreSeconds + tasks[0].coreSeconds <= taskSeconds
            {
                arrays[arrays.count - 1] = [
                    WorkTask(
                        steps: last[0].steps + tasks[0].steps, coreSeconds: last[0].coreSeconds + tasks[0].coreSeconds)
                ]
            } else {
                arrays.append(tasks)
            }
        }
        return arrays.contains { $0.count > 1 } ? arrays : []
    }
}
