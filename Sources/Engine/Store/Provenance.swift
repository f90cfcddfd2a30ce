import Fingerprints

/// A trace found by what it made.
public struct Provenance: Sendable {
    /// The fingerprint that the trace is kept under.
    public let fingerprint: Digest
    /// All that went into the job, and what came out.
    public let trace: Trace
    /// The output asked about; nil when the fingerprint itself was asked for.
    public let output: Artifact?
}

extension Store {
    /// Which traces made something.
    /// - Parameter query: the first digits of a digest or fingerprint (at least four), or the path of an artifact or of
    ///   any file or folder, whose bytes are then looked for.
    /// - Throws: `EngineError.storage`.
    public func provenance(of query: String) throws -> [Provenance] {
        try asEngineError {
            try checkIsStore()
            let isPrefix = query.utf8.count >= 4 && query.utf8.count <= 64 && query.utf8.allSatisfy(Self.isHexDigit)
            var prefix = isPrefix ? query.lowercased() : nil
            if let content = try content(at: query) { prefix = content.hex }
            guard let prefix else { return [] }
            return try fingerprints().flatMap { fingerprint -> [Provenance] in
                guard let trace = try trace(fingerprint) else { return [] }
                if fingerprint.hex.hasPrefix(prefix) {
                    return [Provenance(fingerprint: fingerprint, trace: trace, output: nil)]
                }
                let outputs = trace.outcomes.flatMap(\.outputs).filter { $0.digest.hex.hasPrefix(prefix) }
                return outputs.map { Provenance(fingerprint: fingerprint, trace: trace, output: $0) }
            }
        }
    }

    private func content(at path: String) throws -> Digest? {
        let path = try fileSystem.absolute(path)
        if path.hasPrefix("\(root)/cas/"), let name = path.split(separator: "/").last,
            let digest = Digest(hex: String(name))
        {
            return digest
        }
        guard
            case .content(let content) = try look(
                atInput: path, key: StatCache.inputKey(path), verify: false, threads: 1)
        else { return nil }
        return content.digest
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte)
    }
}
