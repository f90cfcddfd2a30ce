import Fingerprints

/// An input as it was when the job ran.
public struct TracedInput: Sendable, Equatable {
    /// As the stage asks for it.
    public let name: String
    /// `file:PATH` or `JOB/OUTPUT`.
    public let source: String
    /// SHA-256 of the file, or of the folder's listing.
    public let digest: Digest
    /// Size of the file, or of all files of the folder together.
    public let bytes: Int
}

/// The record of a job under one fingerprint: all that went in, and what came out (a constructive trace).
public struct Trace: Sendable, Equatable {
    /// The job's id.
    public let job: String
    /// All that the fingerprint is made of.
    public let fields: FingerprintFields
    /// What the job read, in its order.
    public let inputs: [TracedInput]
    /// The first is the one in use; more than one means that the stage is not deterministic.
    public var outcomes: [Outcome]

    /// The digest of the fields: the trace's name in the store.
    public var fingerprint: Digest { fields.value.digest }

    /// Schema 2 adds the digest of what the fingerprint does not cover; traces of schema 1 are still read.
    var value: Value {
        let inputs = Value.array(
            inputs.map { input in
                [
                    "name": .string(input.name), "source": .string(input.source), "digest": .string(input.digest.hex),
                    "bytes": .int(input.bytes),
                ]
            })
        let outcomes = Value.array(outcomes.map(\.value))
        return [
            "schema": 2,
            "job": .string(job),
            "fingerprint": .string(fingerprint.hex),
            "fields": fields.value,
            "inputs": inputs,
            "outcomes": outcomes,
            "digest": .string(Self.digest(job: .string(job), inputs, outcomes).hex),
        ]
    }

    private static func digest(job: Value, _ inputs: Value, _ outcomes: Value) -> Digest {
        Value.array([job, inputs, outcomes]).digest
    }

    /// Reads a trace; nil when it is damaged, of a newer format, or not that of `fingerprint`.
    init?(json bytes: [UInt8], fingerprint: Digest) {
        guard let value = try? Value(json: bytes) else { return nil }
        self.init(value, fingerprint: fingerprint)
    }

    /// Whether a newer program wrote this, which must be kept though it cannot be read.
    static func isOfNewerFormat(_ bytes: [UInt8]) -> Bool {
        guard let value = try? Value(json: bytes) else { return false }
        return value["schema"]?.intValue ?? 0 > 2 || value["fields"]?["schema"]?.intValue ?? 0 > 1
    }

    /// Reads a trace; nil when it is damaged or not that of `fingerprint`.
    init?(_ value: Value, fingerprint: Digest) {
        guard let job = value["job"]?.stringValue, let fields = value["fields"], fields.digest == fingerprint,
            let fields = FingerprintFields(fields), Self.isWhole(value),
            let inputs = value["inputs"]?.arrayValue?.map(TracedInput.init), !inputs.contains(nil),
            let outcomes = value["outcomes"]?.arrayValue?.map(Outcome.init), !outcomes.isEmpty, !outcomes.contains(nil)
        else { return nil }
        self.job = job
        self.fields = fields
        self.inputs = inputs.compactMap { $0 }
        self.outcomes = outcomes.compactMap { $0 }
    }

    private static func isWhole(_ value: Value) -> Bool {
        if value["schema"] == 1 { return value["digest"] == nil }
        guard value["schema"] == 2, let job = value["job"], let inputs = value["inputs"],
            let outcomes = value["outcomes"]
        else { return false }
        return value["digest"]?.stringValue == digest(job: job, inputs, outcomes).hex
    }

    init(job: String, fields: FingerprintFields, inputs: [TracedInput], outcomes: [Outcome]) {
        self.job = job
        self.fields = fields
        self.inputs = inputs
        self.outcomes = outcomes
    }
}

extension TracedInput {
    init?(_ value: Value) {
        guard let name = value["name"]?.stringValue, let source = value["source"]?.stringValue,
            let digest = value["digest"]?.stringValue.flatMap(Digest.init(hex:)), let bytes = value["bytes"]?.intValue
        else { return nil }
        self.init(name: name, source: source, digest: digest, bytes: bytes)
    }
}
