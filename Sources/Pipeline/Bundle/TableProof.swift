import Engine
import Fingerprints
import Foundation
import Reporting

/// One archive that proves a table: claims, tables, the crate of their provenance, the experiment, the recipe of a
/// container and the digests of it all, signed.
public struct TableProof: Sendable {
    /// The archive.
    public let bytes: [UInt8]
    /// Files in the archive, the signature and the key among them.
    public let files: Int
    /// Whose signature it is.
    public let publicKey: PublicKey

    /// Of an experiment that is up to date. The same results and key give the same bytes.
    /// - Parameter key: asked for once it is known that there is something to sign.
    /// - Throws: `ExperimentError` where a stage is not fresh, and what `key` throws.
    public init(_ state: ExperimentState, _ project: Project, key: @autoclosure () throws -> SigningKey) throws {
        let experiment = state.experiment, file = state.file
        let claims = try experiment.checkClaims(state.results()), made = try project.resultFiles(state)
        let key = try key(), cost = made.crate.record.cost.map { "\nMade with \($0.text).\n" } ?? ""
        var texts: [(String, String)] = [
            ("README.md", Self.readme(experiment, made.tables.map(\.name))), ("claims.md", claims.markdown + cost),
            (ProofFile.claims, claims.value.json(pretty: true) + "\n"), ("badge.svg", Badge(claims).svg),
            (ProofFile.results + "ro-crate-metadata.json", made.crate.json), (ProofFile.key, key.publicKey.pem),
        ]
        texts += ContainerRecipe.files.map { ("container/" + $0.name, $0.text) }
        var entries = texts.map { StoredZip.Entry(name: $0.0, bytes: Array($0.1.utf8)) }
        entries += made.tables.map { StoredZip.Entry(name: ProofFile.results + $0.name, bytes: $0.bytes) }
        for name in Set(file.variants.flatMap(\.experiment.manifests)).sorted() {
            let path = project.places.projectPath(name)
            entries.append(
                StoredZip.Entry(
                    name: "manifests/" + URL(fileURLWithPath: path).lastPathComponent,
                    bytes: [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))))
        }
        let bundle = Attestation(subject: file.resultsName, files: entries).signed(by: key)
        entries.append(StoredZip.Entry(name: ProofFile.signature, bytes: Array(bundle.utf8)))
        files = entries.count
        publicKey = key.publicKey
        bytes = StoredZip.archive(entries)
    }

    private static func readme(_ experiment: ExperimentPlan, _ tables: [String]) -> String {
        let name = experiment.file.name
        return """
            # \(experiment.file.title)

            What the experiment `\(name)` came to, with all that made it, signed.

            | file | what it is |
            | --- | --- |
            | `claims.md`, `claims.json`, `badge.svg` | what was published, and whether these results reproduce it |
            | `\(ProofFile.results)` | \(tables.map { "`\($0)`" }.joined(separator: ", ")) |
            | `\(ProofFile.results)experiment.json` | the experiment: what made the tables, every setting |
            | `\(ProofFile.results)ro-crate-metadata.json` | every stage, input and parameter behind the tables (Workflow Run RO-Crate) |
            | `container/` | a machine to run it again on |
            | `\(ProofFile.signature)`, `\(ProofFile.key)` | the digests of all files, signed (in-toto statement, DSSE envelope, Ed25519), and whose key it was |

            Check that no byte was changed, without data or network:

                lavise-pipeline export --check FILE.zip --key ed25519:…

            with the key that the authors publish; without `--key` it is only known that everything was signed by one key.
            Make the tables again: `lavise-pipeline run \(ProofFile.results)experiment.json`.

            """
    }
}

extension Experiment {
    /// The manifests that it names.
    fileprivate var manifests: [String] {
        origins.compactMap { if case .manifest(let name) = $0 { name } else { nil } }
    }
}

extension PublicKey {
    /// A key as people hand it on: `ed25519:…`, or the PEM text of the file that a bundle has.
    public init?(anyText text: String) {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard let key = PublicKey(trimmed) ?? PublicKey(pem: trimmed + "\n") else { return nil }
        self = key
    }
}
