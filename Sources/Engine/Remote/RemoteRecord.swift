import Fingerprints

/// What a store knows of a remote one: that a trace lies there with its outputs, so that their bytes may be missing
/// here.
struct RemoteRecord {
    /// `RemoteStore.name`.
    let remote: String
    let signed: SignedTrace
}

extension Store {
    private func recordPath(_ fingerprint: Digest) -> String { sharded("remote", fingerprint) }

    /// Whether the outputs of this trace may be fetched when their bytes are asked for.
    func isRemote(_ fingerprint: Digest) throws -> Bool { try fileSystem.status(of: recordPath(fingerprint)) != nil }

    /// The name of the remote store that has a trace and its outputs, as far as it is known.
    func remoteName(_ fingerprint: Digest) throws -> String? {
        guard let bytes = try fileSystem.read(recordPath(fingerprint)), let value = try? Value(json: bytes) else {
            return nil
        }
        return value["remote"]?.stringValue
    }

    func note(_ record: RemoteRecord) throws {
        let value: Value = ["schema": 1, "remote": .string(record.remote), "signed": record.signed.value]
        try place(
            Array((value.json(pretty: true) + "\n").utf8), at: recordPath(record.signed.trace.fingerprint),
            durable: false)
    }

    func forgetRemote(_ fingerprint: Digest) throws { try fileSystem.remove(recordPath(fingerprint)) }
}
