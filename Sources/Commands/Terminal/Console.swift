import Engine
import Foundation

/// Tells a person what a run does: a line a finished job and, on a terminal, a live line of what is under way. All to
/// stderr.
final class Console: RunObserver, @unchecked Sendable {  // guarded by `lock`
    private let lock = NSLock()
    private let style = Style(descriptor: STDERR_FILENO)
    private let isQuiet: Bool
    private let details: (@Sendable (JobStatus) -> [String])?
    private let width: Int
    private var running: [String: Meter] = [:]
    private var live: LiveLine
    /// How many jobs there are, and how many are settled.
    private let total: Int
    private var settled = 0
    /// Seconds that jobs which are not settled are expected to take.
    private var expected: [String: Double]

    /// How far a running job is.
    private struct Meter {
        /// When and where counting in the present unit began: what an earlier run has left does not count as speed.
        var began = Date()
        var since = Date()
        var first = 0
        /// Seconds that are left by its own speed.
        var rest: Double?
        var unit = ""
        var text = ""
        /// How it stands on a cluster.
        var place = ""

        var shown: String { place.isEmpty ? text : text.isEmpty ? place : "\(text) (\(place))" }
    }

    /// - Parameters:
    ///   - names: ids of all jobs, for the width of the column; none where several plans are looked at.
    ///   - expected: seconds that jobs will take, as far as they are known.
    ///   - details: lines to add below that of a finished job.
    init(
        names: [String], progress: Bool, quiet: Bool, expected: [String: Double] = [:],
        details: (@Sendable (JobStatus) -> [String])? = nil
    ) {
        total = names.count
        self.expected = expected
        live = LiveLine(isWanted: progress && !quiet)
        isQuiet = quiet
        self.details = details
        width = min(40, names.map(\.count).max() ?? 0)
    }

    func started(job: String, stage: String, reason: Reason, threads: Int) {
        lock.withLock {
            running[job] = Meter()
            drawLive()
        }
    }

    func progressed(job: String, done: Int, total: Int, unit: String) {
        lock.withLock {
            guard live.isOn else { return }
            // Of looks at many plans nothing is settled: what is hashed is done with.
            if self.total == 0, done == total {
                running[job] = nil
                return drawLive()
            }
            var meter = running[job] ?? Meter()
            if unit != meter.unit || done < meter.first {
                meter = Meter(began: meter.began, first: done, unit: unit, text: meter.text, place: meter.place)
                running[job] = meter
            }
            let elapsed = Date().timeIntervalSince(meter.since)
            guard elapsed > 1 else { return }
            let rate = Double(done - meter.first) / elapsed
            let rest = rate > 0 ? Double(total - done) / rate : 0
            meter.rest = rest
            meter.text =
                "\(job) \(done)/\(total) \(unit), \(String(format: rate < 10 ? "%.1f" : "%.0f", rate))/s, \(Format.seconds(rest)) left"
            running[job] = meter
            drawLive()
        }
    }

    func queued(job: String, text: String) {
        lock.withLock {
            var meter = running[job] ?? Meter()
            let name = "\(job) "
            meter.place = meter.text.isEmpty || !text.hasPrefix(name) ? text : String(text.dropFirst(name.count))
            running[job] = meter
            drawLive()
        }
    }

    func noted(job: String, text: String) { line("\(padded(job))  \(text)") }

    func waiting(job: String, holder: String) { line("\(padded(job))  waiting for \(holder)") }

    /// The reason is said once, at the end of the run.
    func failed(job: String, stage: String, error: EngineError) {
        lock.withLock { settle(job) }
        line("\(padded(job))  \(style.bad("failed "))")
    }

    func finished(_ status: JobStatus) {
        lock.withLock { settle(status.job) }
        guard !isQuiet else { return }
        line(([describe(status)] + (details?(status) ?? [])).joined(separator: "\n"))
    }

    private func settle(_ job: String) {
        running.removeValue(forKey: job)
        expected.removeValue(forKey: job)
        settled += 1
    }

    /// One aligned line of a job: name, what happened, reason, time, size.
    private func describe(_ status: JobStatus) -> String {
        let size = Format.bytes(status.outputs.reduce(0) { $0 + $1.bytes })
        let seconds = status.seconds.map(Format.seconds) ?? ""
        let right =
            "  " + String(repeating: " ", count: max(0, 7 - seconds.count)) + seconds
            + "  " + String(repeating: " ", count: max(0, 7 - size.count)) + size
        let (word, detail): (String, String) =
            switch (status.ran, status.cutOff, status.state) {
            case (true, _, _): (style.good("run    "), status.reason.map { "\($0)" } ?? "")
            case (_, true, _): (style.changed("cut off"), "inputs came out the same")
            case (_, _, .fresh):
                (style.faint("fresh  "), status.outputs.allSatisfy(\.isHere) ? "" : "in a remote store")
            default:
                (
                    style.bad(status.state.rawValue.padding(toLength: 7, withPad: " ", startingAt: 0)),
                    status.reason.map { "\($0)" } ?? ""
                )
            }
        guard status.state == .fresh else { return "\(padded(status.job))  \(word)  \(detail)" }
        // Colour has no width: the reason alone is cut at the terminal's edge.
        let room = Format.terminalWidth(STDERR_FILENO).map { max(8, $0 - padded(status.job).count - 29) }
        return "\(padded(status.job))  \(word)\(right)"
            + (detail.isEmpty ? "" : "  \(style.faint(Format.clipped(detail, to: room)))")
    }

    private func padded(_ job: String) -> String {
        job.padding(toLength: max(width, job.count), withPad: " ", startingAt: 0)
    }

    private func line(_ text: String) {
        lock.withLock {
            live.clear()
            standardError(text)
            drawLive()
        }
    }

    private func drawLive() {
        let texts = running.map { name, meter in meter.shown.isEmpty ? name : meter.shown }.sorted()
        guard !texts.isEmpty else { return live.clear() }
        let rest = left.map { " · all in \(Format.seconds($0))" } ?? ""
        let count = total == 0 ? "" : "\(min(settled + 1, total))/\(total)\(rest)  "
        live.draw("\(count)\(texts.joined(separator: " | "))")
    }

    /// Seconds until everything is done: of running jobs by their own speed, of others as they took before; nil where
    /// nothing tells.
    private var left: Double? {
        guard !expected.isEmpty || running.values.contains(where: { $0.rest != nil }) else { return nil }
        let now = Date()
        let own = running.map { name, meter in
            meter.rest ?? max(0, (expected[name] ?? 0) - now.timeIntervalSince(meter.began))
        }
        return own.reduce(0, +) + expected.filter { running[$0.key] == nil }.values.reduce(0, +)
    }

    /// Removes the live line at the end of a run.
    func end() { lock.withLock { live.clear() } }
}
