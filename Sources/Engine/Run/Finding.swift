import Fingerprints

/// What a store has of a job under a fingerprint.
enum Finding {
    case nothing
    /// - Parameter away: the outputs that only a remote store has.
    case sound(Trace, Outcome, away: Set<Digest>)
    case damaged(Trace, Reason, corrupt: [Artifact])

    /// Whether the trace is here and some of its outputs are in a remote store alone.
    var isRemote: Bool {
        if case .sound(_, _, let away) = self { !away.isEmpty } else { false }
    }
}
