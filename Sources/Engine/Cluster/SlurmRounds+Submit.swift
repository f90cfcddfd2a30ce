import Fingerprints

extension SlurmRounds {
    /// Submits what an attempt consists of, or what of it is not in the queue yet.
    func submit(_ entry: Entry, _ claim: inout ClusterClaim, _ queue: inout Queue) throws {
        let order = try order(entry, claim)
        let tasks = order.arrays.reduce(1) { $0 + $1.count }
        let begun = claim.submitted.reduce(0) { $0 + $1.count }
        guard queue.live == 0 || queue.live + tasks - begun <= settings.maxSubmit else {
            hasRoom = false
            return say(entry, "waits for room in the queue: \(queue.live) tasks of \(settings.maxSubmit)")
        }
        do {
            var before: [Int] = []
            for (array, list) in order.arrays.enumerated() {
                var ids: [Int] = []
                for first in stride(from: 0, to: list.count, by: limits.maxArraySize) {
                    let count = min(limits.maxArraySize, list.count - first)
                    ids.append(try submit(entry, order, &claim, array, first, count, after: before, queue))
                }
                before = ids
            }
            _ = try submit(entry, order, &claim, nil, 0, 1, after: before, queue)
        } catch SlurmError.full(let text) {
            hasRoom = false
            return say(entry, "waits: \(text)")
        }
        claim.isComplete = true
        try keep(claim, entry)
        queue.added(tasks - begun)
        run.observer.started(job: entry.work.job.id, stage: order.stage, reason: entry.work.reason, threads: 1)
        say(entry, "\(entry.work.job.id) submitted")
    }

    private func say(_ entry: Entry, _ text: String) {
        guard entry.lastText != text else { return }
        entry.lastText = text
        run.observer.queued(job: entry.work.job.id, text: text)
    }

    private func keep(_ claim: ClusterClaim, _ entry: Entry) throws {
        entry.claim = claim
        try entry.folder.update(claim)
    }

    /// The order of the claim's attempt: as written by a driver that died, or a new one.
    private func order(_ entry: Entry, _ claim: ClusterClaim) throws -> WorkOrder {
        if let order = entry.order, order.attempt == claim.attempt { return order }
        let name = WorkOrder.name(claim.attempt), path = "\(entry.folder.path)/\(name)"
        if try entry.folder.names().contains(name), let bytes = try store.fileSystem.read(path) {
            entry.order = try WorkOrder(json: bytes, path: path)
        } else {
            let work = entry.work
            let order = WorkOrder(
                definition: cluster.definition, job: work.job.id, stage: work.job.stage.name,
                fields: work.ingredients.fields,
                versions: run.versions, attempt: claim.attempt, arrays: try arrays(work))
            try entry.folder.write(order)
            entry.order = order
        }
        return entry.order!
    }

    private func arrays(_ work: RemoteJob) throws -> [[WorkTask]] {
        guard let stage = work.job.stage as? any ShardedStage else { return [] }
        let context = StageContext(
            output: "", scratch: store.scratchPath(work.fingerprint), threads: ThreadShare(1),
            inputs: work.ingredients.paths,
            job: work.job.id,
            stage: stage.name, cancellation: run.cancellation, faults: .off,
            meter: ProgressMeter(job: work.job.id, observer: SilentObserver(), time: store.time))
        let missing = try stage.phases(context).map { (phase: $0, shards: try context.missing($0)) }
        return settings.division(cpus: cpus(stage.name, isArray: true)).arrays(
            missing, secondsPerWork: secondsPerWork(stage.name) ?? SlurmSettings.unknownRate)
    }

    func cpus(_ stage: String, isArray: Bool) -> Int {
        settings.cpus[stage] ?? min(isArray ? 1 : 4, limits.cpusOfANode ?? 4)
    }

    /// - Parameter array: nil: the task that puts all together.
    /// - Returns: Slurm's id, also where it was submitted before.
    private func submit(
        _ entry: Entry, _ order: WorkOrder, _ claim: inout ClusterClaim, _ array: Int?, _ first: Int, _ count: Int,
        after: [Int], _ queue: Queue
    ) throws -> Int {
        if let known = claim.submitted.first(where: { $0.array == array && $0.first == first }) { return known.id }
        let jobName = prefix(entry) + "\(order.attempt)" + (array.map { "p\($0)f\(first)" } ?? "a")
        func submitted(_ id: Int) throws -> Int {
            claim.submitted.append(ClusterClaim.Submitted(id: id, array: array, first: first, count: count))
            try keep(claim, entry)
            return id
        }
        // Slurm was silent, or the driver died, when it was submitted: asked for by name before trying again.
        if let there = queue.byName[jobName]?.first { return try submitted(there.id) }
        let stage = order.stage, isArray = array != nil
        let cpus = cpus(stage, isArray: isArray || !order.arrays.isEmpty)
        let request = SlurmRequest(
            seconds: seconds(entry.work, order, array).map { $0 / Double(cpus) }, peakMemory: peakMemory(stage),
            moreTime: claim.moreTime,
            moreMemory: claim.moreMemory)
        let submission = SlurmSubmission(
            name: jobName, script: script(entry, order, array, first), tasks: isArray ? count : nil,
            minutes: request.minutes, memory: request.memory,
            cpus: cpus, after: after)
        let id = try client.submit(submission)
        run.faults.pass("slurm.submitted")
        return try submitted(id)
    }

    /// Core-seconds that a task should take; nil: unknown.
    private func seconds(_ work: RemoteJob, _ order: WorkOrder, _ array: Int?) -> Double? {
        // The assembly's time allows for a task that was lost.
        let tasks = array.map { order.arrays[$0] } ?? order.arrays.flatMap { $0 }
        if let longest = tasks.map(\.coreSeconds).max() { return longest }
        guard let amount = cluster.expected[work.job.id]?.work, let rate = secondsPerWork(order.stage) else {
            return nil
        }
        return amount * rate
    }

    /// What a node runs. `sh` alone: the store and the program are not taken for granted.
    private func script(_ entry: Entry, _ order: WorkOrder, _ array: Int?, _ first: Int) -> String {
        let folder = entry.folder.path
        let task = array.map { " --array \($0) --task $task" } ?? ""
        let log = "\(order.attempt)-" + (array.map { "\($0)-$task" } ?? "assembly")
        return """
            \(NodeScript.head(cluster.environment, settings))
            [ -r \(shellQuoted(store.root + "/lavise-store.json")) ] || exit \(NodeFault.noStore)
            [ -x \(shellQuoted(cluster.program[0])) ] || exit \(NodeFault.noProgram)
            task=$((\(first) + ${SLURM_ARRAY_TASK_ID:-0}))
            exec >>\(shellQuoted(folder + "/log-"))\(log) 2>&1
            exec \(cluster.program.map(shellQuoted).joined(separator: " ")) work \(shellQuoted("\(folder)/\(WorkOrder.name(order.attempt))"))\(task)

            """
    }
}

/// Exit codes of the script for a node that lacks what it needs.
enum NodeFault {
    static let noStore = 81, noProgram = 82
}

/// What scripts for nodes have in common.
package enum NodeScript {
    /// The first lines: the environment that the program is to see, then the user's own lines.
    package static func head(_ environment: [String: String], _ settings: SlurmSettings) -> String {
        let exports = environment.sorted { $0.key < $1.key }.map { "export \($0.key)=\(shellQuoted($0.value))" }
        return """
            #!/bin/sh
            # What the login environment brings must not change what is computed.
            for name in $(env | sed -n 's/^\\(LAVISE_[A-Z_]*\\)=.*/\\1/p'); do unset "$name"; done
            \(exports.joined(separator: "\n"))
            \(settings.prologue)
            """
    }
}

/// A word for `sh`.
package func shellQuoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}
