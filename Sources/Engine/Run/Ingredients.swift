import Fingerprints

/// What goes into a job.
struct Ingredients: Sendable {
    let fields: FingerprintFields
    let fingerprint: Digest
    let inputs: [TracedInput]
    /// Input name → path.
    let paths: [String: String]
}
