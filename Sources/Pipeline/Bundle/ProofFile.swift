/// Names of what lies in an archive that proves a table.
package enum ProofFile {
    package static let signature = "signature.sigstore.json", key = "key.pem", claims = "claims.json"
    /// The folder of the tables.
    package static let results = "results/"
}
