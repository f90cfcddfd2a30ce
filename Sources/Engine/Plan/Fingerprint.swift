import Fingerprints

/// Everything that decides what a job leaves. Its digest is the job's fingerprint, the name under which its trace is
/// kept.
public struct FingerprintFields: Sendable, Equatable {
    /// The stage's name.
    public let stage: String
    /// The stage's revision.
    public let revision: Int
    /// All that the stage reads of the experiment.
    public let parameters: Value
    /// Digests of the inputs, by the names that the stage calls them.
    public let inputs: [String: Digest]
    /// Names of the outputs, in the stage's order.
    public let outputs: [String]
    /// Only of numeric stages.
    public let numericsKey: Digest?

    init(stage: any Stage, inputs: [String: Digest], numericsKey: Digest?) throws {
        self.stage = stage.name
        revision = stage.revision
        parameters = try stage.encodedParameters()
        self.inputs = inputs
        outputs = stage.outputs
        self.numericsKey = numericsKey
    }

    /// The fields as they are hashed and kept in the trace.
    public var value: Value {
        [
            "schema": 1,
            "stage": .string(stage),
            "revision": .int(revision),
            "parameters": parameters,
            "inputs": .object(inputs.mapValues { .string($0.hex) }),
            "outputs": .array(outputs.map { .string($0) }),
            "numericsKey": numericsKey.map { .string($0.hex) } ?? nil,
        ]
    }

    /// Reads what `value` wrote; nil when it is something else.
    init?(_ value: Value) {
        guard value["schema"] == 1, let stage = value["stage"]?.stringValue, let revision = value["revision"]?.intValue,
            let parameters = value["parameters"], let inputs = value["inputs"]?.objectValue,
            let outputs = value["outputs"]?.arrayValue, let key = value["numericsKey"]
        else { return nil }
        self.stage = stage
        self.revision = revision
        self.parameters = parameters
        self.inputs = inputs.compactMapValues { $0.stringValue.flatMap(Digest.init(hex:)) }
        self.outputs = outputs.compactMap(\.stringValue)
        numericsKey = key.stringValue.flatMap(Digest.init(hex:))
    }

    /// The fields in which this fingerprint differs from an earlier one, the stage's own first.
    func changes(since old: FingerprintFields) -> [Reason] {
        var reasons: [Reason] = []
        if stage != old.stage { reasons.append(.stageChanged(old: old.stage, new: stage)) }
        if revision != old.revision { reasons.append(.revisionChanged(old: old.revision, new: revision)) }
        reasons += parameters.differences(from: old.parameters).map {
            .parameterChanged(key: $0.key, old: $0.old, new: $0.new)
        }
        if outputs != old.outputs { reasons.append(.outputsChanged(old: old.outputs, new: outputs)) }
        for name in Set(inputs.keys).union(old.inputs.keys).sorted() where inputs[name] != old.inputs[name] {
            reasons.append(.inputChanged(name: name, old: old.inputs[name], new: inputs[name]))
        }
        if numericsKey != old.numericsKey {
            reasons.append(.numericsKeyChanged(old: old.numericsKey, new: numericsKey))
        }
        return reasons
    }
}

/// A place where two values differ.
struct ValueDifference: Equatable {
    let key: String
    let old: Value?
    let new: Value?
}

extension Value {
    /// The leaves in which this value differs from `old`, named like `schedule.steps[2]`, sorted by name.
    func differences(from old: Value, at key: String = "") -> [ValueDifference] {
        switch (old, self) {
        case (.object(let old), .object(let new)):
            return Set(old.keys).union(new.keys).sorted().flatMap { name -> [ValueDifference] in
                let path = key.isEmpty ? name : "\(key).\(name)"
                guard let before = old[name], let after = new[name] else {
                    return [ValueDifference(key: path, old: old[name], new: new[name])]
                }
                return after.differences(from: before, at: path)
            }
        case (.array(let old), .array(let new)) where old.count == new.count:
            return zip(old, new).enumerated().flatMap { index, pair in
                pair.1.differences(from: pair.0, at: "\(key)[\(index)]")
            }
        default:
            return old == self ? [] : [ValueDifference(key: key.isEmpty ? "parameters" : key, old: old, new: self)]
        }
    }
}
