import Fingerprints

/// Runs one stage in a folder of its own, makes what it leaves durable and hashes it.
struct Executor: Sendable {
    let store: Store
    let options: RunOptions
    let observer: any RunObserver
    /// Of all jobs that this process makes at once.
    let costs: CostMeter

    struct Result {
        let outputs: [(artifact: Artifact, path: String)]
        private(set) var seconds: Double
        let peakMemory: Int
        private(set) var work: Double?
        private(set) var threads: Int
        private(set) var cost: Cost

        /// Counts all that this task took, its start too, and what tasks on other nodes did for the job: its trace then
        /// tells the seconds of all, of one thread.
        mutating func add(_ own: Cost, _ spent: ClusterFolder.Spent) {
            cost = own + spent.cost
            guard spent.work > 0 else { return }
            seconds = seconds * Double(threads) + spent.seconds
            threads = 1
            work = (work ?? 0) + spent.work
        }
    }

    /// - Parameters:
    ///   - output: an absent folder; it is made.
    ///   - scratch: kept between attempts.
    /// - Throws: what the stage throws, or `StageFault`.
    func execute(
        _ job: Job, inputs: [String: String], output: String, scratch: String, threads: ThreadShare
    ) throws -> Result {
        try store.fileSystem.makeFolder(output)
        try store.fileSystem.makeFolder(scratch)
        if threads.now == options.jobs { Usage.forgetPeakMemory() }
        let meter = ProgressMeter(job: job.id, observer: observer, time: store.time, costs: costs)
        let context = StageContext(
            output: output, scratch: scratch, threads: threads, inputs: inputs, job: job.id, stage: job.stage.name,
            cancellation: options.cancellation, faults: options.faults, meter: meter)
        let start = store.time.monotonic(), account = costs.begin(threads: threads)
        options.faults.pass("stage.started")
        let outcome = Swift.Result { try job.stage.run(context) }
        let cost = costs.end(account)
        try outcome.get()
        options.faults.pass("stage.finished")
        let seconds = Double(store.time.monotonic() - start) / 1e9
        try checkOutputs(job.stage, output, threads.now)
        // At once: the disk writes while a processor hashes.
        let outputs = try inParallel(2, threads: 2) { part in
            if part == 1 { return try hash(job.stage.outputs, in: output, threads.now, meter) }
            try flush(job.stage.outputs, in: output)
            return []
        }.flatMap { $0 }
        options.faults.pass("output.hashed")
        return Result(
            outputs: outputs, seconds: seconds, peakMemory: Usage.peakMemory(), work: meter.work, threads: threads.now,
            cost: cost)
    }

    /// Together: several flushes at once share one commit of the disk's journal.
    private func flush(_ names: [String], in output: String) throws {
        _ = try inParallel(names.count, threads: names.count) {
            try store.fileSystem.syncTree("\(output)/\(names[$0])")
        }
    }

    private func hash(_ names: [String], in output: String, _ threads: Int, _ meter: ProgressMeter) throws -> [(
        artifact: Artifact, path: String
    )] {
        try names.map { name in
            let path = "\(output)/\(name)"
            let found = try store.fileSystem.content(of: path, threads: threads) { more, total in
                try options.cancellation.check()
                meter.hashed(more, of: total)
            }
            guard let content = found?.content else { throw StageFault.outputMissing(name) }
            return (
                Artifact(name: name, digest: content.digest, bytes: content.bytes, isFolder: content.isFolder), path
            )
        }
    }

    /// Exactly the declared outputs, and no link out of them.
    private func checkOutputs(_ stage: any Stage, _ output: String, _ threads: Int) throws {
        guard try store.fileSystem.status(of: output) != nil else { throw StageFault.outputFolderGone(output) }
        let names = try store.fileSystem.names(in: output)
        for name in stage.outputs where !names.contains(name) { throw StageFault.outputMissing(name) }
        for name in names where !stage.outputs.contains(name) { throw StageFault.outputUndeclared(name) }
        let scan = try store.fileSystem.scan(output, threads: threads)
        for index in 0..<scan.count where scan.status(index).isLink {
            let path = scan.name(index)
            throw StageFault.outputHasLink(String(path.prefix { $0 != "/" }), path)
        }
    }
}
