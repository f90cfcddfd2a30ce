import Fingerprints

/// A cluster as a run uses it: how it is asked, and what nodes are told.
struct SlurmCluster: Sendable {
    let client: any SlurmClient
    let settings: SlurmSettings
    /// The words that start this program on a node, up to the verb; variables that it is given.
    let program: [String], environment: [String: String]
    /// From which a worker makes the plan again.
    let definition: Value
    /// What is expected of the jobs, by id.
    let expected: [String: ExpectedCost]
}
