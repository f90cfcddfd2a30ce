import Fingerprints

extension SlurmRounds {
    /// Looks how a job that was submitted stands.
    func watch(_ entry: Entry, _ claim: ClusterClaim, _ queue: Queue) throws {
        let elements = claim.submitted.flatMap { queue.byId[$0.id] ?? [] }
        let ids = Set(claim.submitted.map(\.id))
        // Slurm was silent when it took a submission that was made again later.
        let twice = (queue.byPrefix[prefix(entry)] ?? []).filter { $0.isLive && !ids.contains($0.id) }
        if !twice.isEmpty {
            note(entry, "\(Set(twice.map(\.id)).count) submitted twice, because Slurm did not answer; taken back")
            try client.cancel(Set(twice.map(\.id)).sorted())
        }
        if let fault = elements.first(where: {
            !$0.isLive && [NodeFault.noStore, NodeFault.noProgram].contains($0.exitCode)
        }) {
            return end(
                entry,
                .failed(
                    ClusterFault.node(
                        fault.node, fault.exitCode == NodeFault.noStore ? store.root : cluster.program[0])))
        }
        let live = elements.filter(\.isLive)
        guard live.isEmpty else {
            if elements.contains(where: { !$0.isLive && $0.state == "FAILED" }),
                let refusal = try entry.folder.records(claim.attempt).values.first(where: { $0.kind == .refused })
            {
                return end(entry, .failed(ClusterFault.refused(refusal.error ?? "", host: refusal.host)))
            }
            entry.quietSince = nil
            return try report(entry, claim, elements, live)
        }
        try settle(entry, claim, elements)
    }

    /// Tells how far a job is.
    private func report(_ entry: Entry, _ claim: ClusterClaim, _ elements: [SlurmJob], _ live: [SlurmJob]) throws {
        let job = entry.work.job.id, running = live.filter { !$0.isPending }
        if running.isEmpty {
            let reasons = Set(live.map(\.reason)).subtracting(["None", "Dependency"]).sorted().joined(separator: ", ")
            let text = "\(job) pending" + (reasons.isEmpty ? "" : " (\(reasons))")
            return run.observer.queued(job: job, text: text)
        }
        let waiting = live.count - running.count, done = elements.count - live.count
        run.observer.queued(
            job: job,
            text: "\(job) \(running.count) running" + (waiting > 0 ? ", \(waiting) pending" : "")
                + (done > 0 ? ", \(done) done" : ""))
        guard let array = claim.submitted.first(where: { $0.id == running[0].id })?.array else {
            if let one = try entry.folder.progress([TaskName(attempt: claim.attempt)]) {
                run.observer.progressed(job: job, done: one.done, total: one.total, unit: one.unit)
            }
            return
        }
        try reportShards(entry, array)
    }

    /// Counts what lies in the scratch: true whoever computed it, and one listing.
    private func reportShards(_ entry: Entry, _ array: Int) throws {
        guard let tasks = entry.order?.arrays[array], let phase = tasks.first?.steps.last?.phase else { return }
        let there = Set(
            try store.fileSystem.names(in: store.scratchPath(entry.work.fingerprint)).filter {
                $0.hasPrefix("\(phase)-") && $0.hasSuffix(".h5")
            })
        let ordered = tasks.flatMap(\.steps).filter { $0.phase == phase }.flatMap(\.shards)
        let left = ordered.count { !there.contains("\(phase)-\($0).h5") }
        run.observer.progressed(
            job: entry.work.job.id, done: there.count, total: there.count + left, unit: "\(phase) shards")
    }

    /// Nothing of a job is in the queue any more.
    private func settle(_ entry: Entry, _ claim: ClusterClaim, _ elements: [SlurmJob]) throws {
        if try entry.work.isMade() {
            let spent = try entry.folder.spent(since: claim.firstAttempt)
            let tasks = claim.submitted.reduce(0) { $0 + $1.count }
            note(
                entry,
                "made on the cluster: \(tasks) task\(tasks == 1 ? "" : "s"), \(Int(spent.cost.coreSeconds.rounded(.up))) core-seconds"
            )
            return end(entry, .made(forThisRun: entry.claim != nil))
        }
        let now = store.time.monotonic(), since = entry.quietSince ?? now
        entry.quietSince = since
        let isPatient = Double(now - since) / 1e9 >= settings.grace
        let records = try entry.folder.records(claim.attempt)
        let assembly = records[TaskName(attempt: claim.attempt)]
        // It says that all is well: the disk will show it.
        let hasCompleted = elements.contains { $0.id == claim.submitted.last?.id && $0.state == "COMPLETED" }
        if assembly?.kind == .done || assembly == nil && hasCompleted, !isPatient { return }
        var known = elements
        let unknown = claim.submitted.filter { one in !elements.contains { $0.id == one.id } }.map(\.id)
        if assembly == nil, !unknown.isEmpty {
            // Ended and forgotten, or never taken.
            if limits.hasAccounting { known += (try? client.accounted(unknown)) ?? [] }
            guard isPatient || known.contains(where: { $0.id == claim.submitted.last?.id }) else { return }
        }
        let verdict = ClusterVerdict(records, known)
        if let fault = verdict.fault(claim, settings.attempts) { return end(entry, .failed(fault)) }
        try again(entry, claim, verdict)
    }

    /// Orders what is missing once more.
    private func again(_ entry: Entry, _ claim: ClusterClaim, _ verdict: ClusterVerdict) throws {
        var next = claim
        next.attempt += 1
        next.submitted = []
        next.isComplete = false
        if verdict.timeouts > 0 { next.moreTime += 1 }
        if verdict.outOfMemory > 0 { next.moreMemory += 1 }
        next.lastError = verdict.error
        entry.claim = next
        entry.quietSince = nil
        try entry.folder.update(next)
        let more =
            (verdict.timeouts > 0 ? " with twice the time" : "")
            + (verdict.outOfMemory > 0 ? " with twice the memory" : "")
        note(entry, "\(verdict); what is missing goes again\(more)")
    }
}

/// What became of an attempt that left no trace.
package struct ClusterVerdict: CustomStringConvertible {
    private(set) var timeouts = 0, outOfMemory = 0, cancelled = 0, lost = 0
    private(set) var error: String?
    private var refusal: ExitRecord?

    /// - Parameters:
    ///   - records: what tasks said of themselves.
    ///   - jobs: what Slurm says of them.
    package init(_ records: [TaskName: ExitRecord], _ jobs: [SlurmJob]) {
        for (_, record) in records.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            switch record.kind {
            case .done: break
            case .refused: refusal = refusal ?? record
            case .failed: error = error ?? record.error
            case .interrupted: if record.signal == 10 { timeouts += 1 }
            }
        }
        for job in jobs where !job.isLive {
            switch job.state {
            case "COMPLETED": break
            case "TIMEOUT", "DEADLINE": timeouts += 1
            case "OUT_OF_MEMORY": outOfMemory += 1
            // Without cgroups Slurm kills what takes too much, and says only this.
            case "FAILED" where job.reason == "JobLaunchFailure" && job.signal == 9: outOfMemory += 1
            case "FAILED" where job.exitCode == 0 && job.signal == 9: outOfMemory += 1
            // SIGUSR1 before the program began, or in the middle of something.
            case "FAILED" where job.signal == 10 || job.exitCode == 138: timeouts += 1
            case "CANCELLED": cancelled += 1
            case "FAILED" where error != nil || timeouts > 0: break
            default: lost += 1
            }
        }
    }

    package var description: String {
        var parts: [String] = []
        if let error { parts.append("a task failed: \(error.prefix { !$0.isNewline })") }
        if timeouts > 0 { parts.append("\(timeouts) task\(timeouts == 1 ? "" : "s") out of time") }
        if outOfMemory > 0 { parts.append("\(outOfMemory) out of memory") }
        if cancelled > 0 { parts.append("\(cancelled) cancelled") }
        if lost > 0 { parts.append("\(lost) lost") }
        return parts.isEmpty
            ? "Slurm knows nothing of it any more, and there is no trace" : parts.joined(separator: ", ")
    }

    /// Why it is not tried again; nil: it is.
    package func fault(_ claim: ClusterClaim, _ attempts: Int) -> (any Error)? {
        if let refusal { return ClusterFault.refused(refusal.error ?? "", host: refusal.host) }
        if let error, error == claim.lastError { return ClusterFault.twice(error) }
        if cancelled > 0, error == nil, timeouts == 0, outOfMemory == 0 { return ClusterFault.cancelled }
        if outOfMemory > 0, claim.moreMemory >= 2 { return ClusterFault.outOfMemory }
        if timeouts > 0, claim.moreTime >= 2 { return ClusterFault.outOfTime }
        if claim.attempt - claim.firstAttempt + 1 >= attempts { return ClusterFault.tooOften(attempts, "\(self)") }
        return nil
    }
}

/// Why a job cannot be made on the cluster.
public enum ClusterFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// A node does not see what it needs.
    case node(String, String)
    /// A worker found something else than was ordered.
    case refused(String, host: String)
    case twice(String)
    case cancelled
    case outOfMemory
    case outOfTime
    case tooOften(Int, String)

    /// What went wrong on the cluster, and what to change.
    public var description: String {
        switch self {
        case .node(let node, let path):
            "node \(node) does not see \(path); it must lie on a disk that all nodes share (or take such nodes out with slurm.partition or slurm.constraint)"
        case .refused(let text, let host): "on \(host): \(text)"
        case .twice(let text): "\(text) (twice on the cluster; `lavise-pipeline logs` shows more)"
        case .cancelled: "its tasks were cancelled on the cluster (scancel); run again to go on with what is finished"
        case .outOfMemory:
            "it ran out of memory on the cluster three times, with four times as much at last; is a node of slurm.partition large enough?"
        case .outOfTime:
            "it ran out of time on the cluster three times, with four times as much at last; what is finished is kept: run again to go on"
        case .tooOften(let count, let text):
            "it was ordered \(count) times on the cluster in vain: \(text); `lavise-pipeline logs` shows more"
        }
    }
}
