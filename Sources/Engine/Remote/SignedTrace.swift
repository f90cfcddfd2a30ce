import Fingerprints

/// A trace with the signatures of those who stand by it: what lies in a remote store under a fingerprint.
package struct SignedTrace: Sendable, Equatable {
    package let trace: Trace
    package var signatures: [Signature]

    package struct Signature: Sendable, Equatable {
        package let key: PublicKey
        package let bytes: [UInt8]
    }

    /// Traces of others that are larger are not read.
    static let mostBytes = 64 << 20

    package init(_ trace: Trace, signedWith key: SigningKey) {
        self.trace = trace
        signatures = [Signature(key: key.publicKey, bytes: key.sign(Self.message(trace.value)))]
    }

    /// What is signed: no other text of this program begins like this, and a canonical encoding has one reading only.
    private static func message(_ trace: Value) -> [UInt8] {
        Array("lavise-pipeline trace 1\0".utf8) + trace.canonicalBytes
    }

    package var value: Value {
        [
            "schema": 1, "kind": Self.kind, "trace": trace.value,
            "signatures": .array(
                signatures.map { ["key": .string("\($0.key)"), "signature": .string(base64($0.bytes))] }),
        ]
    }

    private static let kind: Value = "lavise-pipeline signed trace"

    /// Reads what `value` wrote; nil when it is anything else, or the trace of another fingerprint. Signatures are not
    /// looked at.
    package init?(json bytes: [UInt8], fingerprint: Digest) {
        guard let value = try? Value(json: bytes), value["schema"] == 1, value["kind"] == Self.kind,
            let body = value["trace"],
            let trace = Trace(body, fingerprint: fingerprint), let list = value["signatures"]?.arrayValue
        else { return nil }
        self.trace = trace
        signatures = list.compactMap { entry in
            guard let key = entry["key"]?.stringValue.flatMap(PublicKey.init),
                let bytes = entry["signature"]?.stringValue.flatMap(base64Bytes)
            else { return nil }
            return Signature(key: key, bytes: bytes)
        }
    }

    /// The first of the keys that signed this very trace.
    package func signer(among trusted: Set<PublicKey>) -> PublicKey? {
        let message = Self.message(trace.value)
        return signatures.first { trusted.contains($0.key) && $0.key.verifies($0.bytes, of: message) }?.key
    }
}

extension Trace {
    /// Without what is nobody else's business: where this machine keeps its files.
    var withoutPaths: Trace {
        let inputs = inputs.map { input in
            let isFile = input.source.hasPrefix("file:")
            let source =
                isFile ? "file:" + (input.source.split(separator: "/").last.map(String.init) ?? "") : input.source
            return TracedInput(name: input.name, source: source, digest: input.digest, bytes: input.bytes)
        }
        return Trace(job: job, fields: fields, inputs: inputs, outcomes: outcomes)
    }
}
