/// Where an input comes from.
public enum Source: Hashable, Sendable {
    /// A file or folder outside the store.
    case file(String)
    /// An output of another job of the plan.
    case output(job: String, name: String)
}

/// A named input of a job.
public struct Input: Sendable {
    public let name: String
    public let source: Source

    public init(_ name: String, _ source: Source) {
        self.name = name
        self.source = source
    }
}

/// A stage and where its inputs come from.
public struct Job: Sendable {
    /// Unique in a plan, and the same from plan to plan: the history of a job is found by it.
    public let id: String
    public let stage: any Stage
    public let inputs: [Input]

    public init(id: String, stage: any Stage, inputs: [Input]) {
        self.id = id
        self.stage = stage
        self.inputs = inputs
    }
}
