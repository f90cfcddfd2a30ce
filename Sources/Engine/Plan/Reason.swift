import Fingerprints

/// Why a job is not up to date, or why it ran.
public enum Reason: Sendable, Equatable, Codable, CustomStringConvertible {
    case neverBuilt
    case stageChanged(old: String, new: String)
    case revisionChanged(old: Int, new: Int)
    /// `key` is a path such as `schedule.steps[2]`; nil where the key did not exist.
    case parameterChanged(key: String, old: Value?, new: Value?)
    /// nil where the input did not exist.
    case inputChanged(name: String, old: Digest?, new: Digest?)
    case outputsChanged(old: [String], new: [String])
    case numericsKeyChanged(old: Digest?, new: Digest?)
    case inputMissing(name: String, path: String)
    case outputMissing(name: String)
    case outputCorrupt(name: String, detail: String)
    case forced
    /// A job that this one reads from is not up to date.
    case upstream(job: String)
    /// The last attempt under this very fingerprint failed.
    case failed(message: String)
    /// Several outcomes are known for one fingerprint.
    case nondeterministic(outcomes: Int)
    /// The fingerprint is one that was current before: an earlier state came back, but its trace is gone.
    case traceLost

    /// What changed, old → new, in one line.
    public var description: String {
        switch self {
        case .neverBuilt: "never built"
        case .stageChanged(let old, let new): "stage: \(old) → \(new)"
        case .revisionChanged(let old, let new): "revision: \(old) → \(new)"
        case .parameterChanged(let key, let old, let new): "parameter \(key): \(Self.brief(old)) → \(Self.brief(new))"
        case .inputChanged(let name, let old?, let new?): "input \(name): \(old.short) → \(new.short)"
        case .inputChanged(let name, nil, _): "input \(name) is new"
        case .inputChanged(let name, _, nil): "input \(name) is gone"
        case .outputsChanged(let old, let new):
            "outputs: \(old.joined(separator: ", ")) → \(new.joined(separator: ", "))"
        case .numericsKeyChanged(let old, let new): "numerics key: \(old?.short ?? "none") → \(new?.short ?? "none")"
        case .inputMissing(let name, let path): "input \(name) is missing: \(path)"
        case .outputMissing(let name): "output \(name) is missing"
        case .outputCorrupt(let name, let detail): "output \(name) is corrupt: \(detail)"
        case .forced: "forced"
        case .upstream(let job): "\(job) is not up to date"
        case .failed(let message): "failed: \(message.prefix { !$0.isNewline })"
        case .nondeterministic(let outcomes): "\(outcomes) different outcomes under one fingerprint"
        case .traceLost: "built before, but its trace is gone"
        }
    }

    private static func brief(_ value: Value?) -> String {
        guard let text = value?.json(pretty: false) else { return "none" }
        return text.count <= 60 ? text : text.prefix(59) + "…"
    }
}
