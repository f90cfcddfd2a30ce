import Fingerprints
import Foundation

/// What an archive that proves a table is worth: whether each of its bytes is one that was signed.
public struct ProofCheck: Sendable {
    /// A place that is not as it was signed.
    public struct Problem: Sendable, Equatable, CustomStringConvertible {
        /// nil: the archive itself.
        public let file: String?
        /// From the archive's start, where a place is known.
        public let byte: Int?
        /// What is wrong there, without file and byte.
        public let text: String

        /// The file, the byte where one is known, and what is wrong.
        public var description: String {
            "\(file ?? "the archive")\(byte.map { ", byte \($0) of the archive" } ?? ""): \(text)"
        }
    }

    /// None where every byte is one that was signed.
    public let problems: [Problem]
    /// The results that it is about: `demo`; nil where nothing says it.
    public let subject: String?
    /// The key in the archive; nil where there is none that can be read.
    public let key: PublicKey?
    /// Files in the archive, the signature and the key among them.
    public let files: Int
    /// `claims.json`.
    public let claims: Value?

    /// Looks at every byte. Needs neither data nor network nor store.
    /// - Parameter trusted: whose signature counts; nil: anyone's.
    public init(_ bytes: [UInt8], trusted: PublicKey?) {
        let (entries, damage) = StoredZip.entries(bytes)
        files = entries.count
        let contents = Dictionary(entries.map { ($0.name, $0.bytes) }, uniquingKeysWith: { first, _ in first })
        var problems: [Problem] = []
        if let damage { problems.append(Problem(file: damage.file, byte: damage.byte, text: Self.damaged)) }
        func text(_ name: String) -> String? { contents[name].flatMap { String(validating: $0, as: UTF8.self) } }
        let key = text(ProofFile.key).flatMap(PublicKey.init(pem:))
        if key == nil {
            problems.append(
                Problem(
                    file: ProofFile.key, byte: nil,
                    text: contents[ProofFile.key] == nil ? "is missing" : "is no Ed25519 public key"))
        }
        if let key, let trusted, key != trusted {
            problems.append(
                Problem(file: ProofFile.key, byte: nil, text: "this was signed by \(key), not by \(trusted)"))
        }
        var attestation: Attestation?
        if let bundle = text(ProofFile.signature), let key {
            do { attestation = try Attestation(json: bundle, key: key) } catch {
                problems.append(Problem(file: ProofFile.signature, byte: nil, text: error.description))
            }
        } else if key != nil {
            problems.append(
                Problem(
                    file: ProofFile.signature, byte: nil,
                    text: contents[ProofFile.signature] == nil ? "is missing" : "is no text"))
        }
        if let attestation { problems += Self.differences(attestation, contents) }
        problems += Self.contradictions(contents)
        (self.problems, self.key, subject) = (problems, key, attestation?.subject)
        claims = text(ProofFile.claims).flatMap { try? Value(json: $0) }
    }

    private static let damaged = "not as it was written"

    private static func differences(_ attestation: Attestation, _ contents: [String: [UInt8]]) -> [Problem] {
        let listed = attestation.resources.compactMap { resource -> Problem? in
            guard let bytes = contents[resource.name] else {
                return Problem(file: resource.name, byte: nil, text: "is missing")
            }
            let digest = Digest(hashing: bytes)
            guard digest != resource.digest else { return nil }
            return Problem(
                file: resource.name, byte: nil,
                text: "was changed: its SHA-256 is \(digest.hex), signed was \(resource.digest.hex)")
        }
        let known = Set(attestation.resources.map(\.name) + [ProofFile.signature])
        return listed
            + contents.keys.sorted().filter { !known.contains($0) }.map {
                Problem(file: $0, byte: nil, text: "was not signed")
            }
    }

    /// The crate in the archive and the tables beside it say the same, whoever signed them.
    private static func contradictions(_ contents: [String: [UInt8]]) -> [Problem] {
        let folder = ResultsFolder("results") { name in
            contents[ProofFile.results + (name == ProvenanceCrate.name ? "ro-crate-metadata.json" : name)].map {
                Data($0)
            }
        }
        guard folder.crate != nil else {
            return [
                Problem(
                    file: ProofFile.results + "ro-crate-metadata.json", byte: nil, text: "is no provenance of a run")
            ]
        }
        return folder.damage.map {
            Problem(file: nil, byte: nil, text: "by the provenance in it \(ProofFile.results)\($0)")
        }
    }
}
