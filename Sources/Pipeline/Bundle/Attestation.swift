import Fingerprints

/// Who stands by which files: an in-toto statement of their digests in a DSSE envelope, signed with Ed25519, inside a
/// Sigstore bundle.
///
/// The statement is that of OpenSSF's model signing (predicate `https://model_signing/signature/v1.0`), so that its
/// library reads the digests; it verifies signatures of other kinds of keys alone. There is one way to write each part,
/// so that no byte can change unseen.
struct Attestation: Equatable {
    struct Resource: Equatable {
        let name: String
        let digest: Digest
    }

    private static let payloadType = "application/vnd.in-toto+json"
    private static let statementType = "https://in-toto.io/Statement/v1"
    private static let predicateType = "https://model_signing/signature/v1.0"
    private static let mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"

    let subject: String
    /// By name.
    let resources: [Resource]

    init(subject: String, files: [StoredZip.Entry]) {
        self.subject = subject
        resources = files.map { Resource(name: $0.name, digest: Digest(hashing: $0.bytes)) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private var statement: String {
        let root = Digest(hashing: resources.flatMap { Array($0.digest.bytes) })
        let list = resources.map { resource -> Value in
            ["name": .string(resource.name), "algorithm": "sha256", "digest": .string(resource.digest.hex)]
        }
        let value: Value = [
            "_type": .string(Self.statementType), "predicateType": .string(Self.predicateType),
            "subject": [["name": .string(subject), "digest": ["sha256": .string(root.hex)]]],
            "predicate": [
                "resources": .array(list),
                "serialization": [
                    "method": "files", "hash_type": "sha256", "allow_symlinks": false,
                    "ignore_paths": [.string(ProofFile.signature)],
                ],
            ],
        ]
        return value.json(pretty: false)
    }

    /// What DSSE has signed in place of the payload, so that it is taken for nothing else.
    private static func signedBytes(_ payload: [UInt8]) -> [UInt8] {
        Array("DSSEv1 \(payloadType.utf8.count) \(payloadType) \(payload.count) ".utf8) + payload
    }

    func signed(by key: SigningKey) -> String {
        let payload = Array(statement.utf8)
        return Self.bundle(payload: payload, signature: key.sign(Self.signedBytes(payload)), key: key.publicKey)
    }

    private static func bundle(payload: [UInt8], signature: [UInt8], key: PublicKey) -> String {
        let hint = Digest(hashing: key.pem).hex
        let value: Value = [
            "mediaType": .string(mediaType),
            "verificationMaterial": ["publicKey": ["hint": .string(hint)], "tlogEntries": []],
            "dsseEnvelope": [
                "payload": .string(base64(payload)), "payloadType": .string(payloadType),
                "signatures": [["keyid": .string(hint), "sig": .string(base64(signature))]],
            ],
        ]
        return value.json(pretty: true) + "\n"
    }

    /// Reads what `signed` wrote.
    /// - Throws: `BundleError` where a byte of it is another, or `key` did not sign it.
    init(json: String, key: PublicKey) throws(BundleError) {
        let envelope = (try? Value(json: json))?["dsseEnvelope"], first = envelope?["signatures"]?.arrayValue?.first
        guard let payload = envelope?["payload"]?.stringValue.flatMap(base64Bytes),
            let signature = first?["sig"]?.stringValue.flatMap(base64Bytes),
            Self.bundle(payload: payload, signature: signature, key: key) == json
        else {
            throw BundleError("is not as it was written")
        }
        guard key.verifies(signature, of: Self.signedBytes(payload)) else {
            throw BundleError("was not signed by \(key)")
        }
        let statement = try? Value(json: String(decoding: payload, as: UTF8.self)), predicate = statement?["predicate"]
        guard statement?["_type"] == .string(Self.statementType),
            statement?["predicateType"] == .string(Self.predicateType),
            let subject = statement?["subject"]?.arrayValue?.first?["name"]?.stringValue,
            let listed = predicate?["resources"]?.arrayValue
        else { throw BundleError("is no list of a table's files") }
        self.subject = subject
        var resources: [Resource] = []
        for resource in listed {
            guard let name = resource["name"]?.stringValue,
                let digest = resource["digest"]?.stringValue.flatMap(Digest.init(hex:))
            else {
                throw BundleError("is no list of a table's files")
            }
            resources.append(Resource(name: name, digest: digest))
        }
        self.resources = resources
    }
}

/// What is wrong with a bundle, without the name of the file.
struct BundleError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension PublicKey {
    /// SubjectPublicKeyInfo of RFC 8410 up to the 32 bytes of the key.
    private static let header: [UInt8] = [0x30, 0x2A, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 3, 0x21, 0]
    private static let first = "-----BEGIN PUBLIC KEY-----\n", last = "\n-----END PUBLIC KEY-----\n"

    /// As `openssl pkey -pubin` reads it.
    var pem: String { Self.first + base64(Self.header + bytes) + Self.last }

    /// nil when `pem` is not exactly what another key's `pem` is.
    init?(pem: String) {
        guard pem.hasPrefix(Self.first), pem.hasSuffix(Self.last),
            let all = base64Bytes(String(pem.dropFirst(Self.first.count).dropLast(Self.last.count))),
            all.count == 44, all.starts(with: Self.header),
            let key = PublicKey("ed25519:" + base64(Array(all.suffix(32))))
        else { return nil }
        self = key
        guard self.pem.utf8.elementsEqual(pem.utf8) else { return nil }
    }
}
