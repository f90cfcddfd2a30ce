import Fingerprints

/// How a job stands; the raw value is what `--json` says.
public enum JobState: String, Sendable, Codable {
    /// Its outputs are in the store and nothing that they depend on changed.
    case fresh
    /// Something changed since it last ran.
    case stale
    /// Never built, or its outputs are gone.
    case missing
    /// Another process is making it now.
    case running
    /// The last attempt under the current fingerprint failed.
    case failed
}

/// How a job stands.
public struct JobStatus: Sendable {
    /// The job's id.
    public let job: String
    /// The stage's name.
    public let stage: String
    /// How the job stands.
    public let state: JobState
    /// Why it is not fresh, or why it ran in this run; of several reasons the first.
    public let reason: Reason?
    /// nil while an input is not known because a job before it is not fresh.
    public let fingerprint: Digest?
    /// Empty unless fresh.
    public let outputs: [OutputRecord]
    /// How long the execution in this run took, or else the one that left the outputs.
    public let seconds: Double?
    /// Executed in this run.
    public let ran: Bool
    /// A job before it ran but left what was there before, so that this one did not have to.
    public let cutOff: Bool
    /// The execution that left the outputs; nil unless fresh.
    public let made: Outcome?
}
