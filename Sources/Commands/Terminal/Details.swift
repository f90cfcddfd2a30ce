import Engine
import Foundation
import Pipeline

extension Project {
    /// What `--verbose` says of a job below its line: its reason in full, its fingerprint, its outputs and what they
    /// cost.
    func details(of status: JobStatus) -> [String] {
        var lines = status.reason.map { ["reason       \($0)"] } ?? []
        guard let fingerprint = status.fingerprint else { return lines.map { "    " + $0 } }
        lines.append("fingerprint  \(fingerprint.hex)")
        lines += status.outputs.map {
            "\($0.name)  \(Format.bytes($0.bytes))  sha256 \($0.digest.hex)  \($0.isHere ? Format.path($0.path) : "in a remote store")"
        }
        // What only informs must not end a verb: a trace that cannot be read is left out here and reported by the
        // engine.
        if let trace = try? store.trace(fingerprint),
            let outcome = trace.outcomes.first(where: { $0.outputs.map(\.digest) == status.outputs.map(\.digest) })
        {
            lines.append(
                "computed     in \(Format.seconds(outcome.seconds)) with a peak memory of \(Format.bytes(outcome.peakMemory))"
                    + String(format: " and %.1f core-seconds, ", outcome.costOrEstimate.coreSeconds)
                    + "on \(outcome.host), \(outcome.executions) \(outcome.executions == 1 ? "time" : "times")")
        }
        return lines.map { "    " + $0 }
    }
}
