import Engine
import Fingerprints
import Foundation
import Testing

/// What the driver of jobs on a cluster is made of, each piece by itself, with numbers worked out by hand.
@Suite struct ClusterPiecesTests {
    // MARK: What is asked for

    /// As docs/cluster.md has them.
    @Test func defaults() {
        let settings = SlurmSettings()
        #expect(settings.partition == nil && settings.account == nil && settings.constraint == nil)
        #expect(settings.maxSubmit == 1000 && settings.attempts == 4 && settings.cpus.isEmpty)
        #expect(settings.taskMinutes == 10 && settings.poll == 15 && settings.grace == 120 && settings.prologue == "")
    }

    /// Half as much time again and five minutes, three tenths more memory and at least 512 MB; twice as much each time
    /// that it was too little.
    @Test(
        arguments: [
            (600, 1_000_000_000, 0, 0, 20, 1300), (600, 1_000_000_000, 1, 0, 40, 1300),
            (600, 1_000_000_000, 2, 2, 80, 5200), (1, 400_000_000, 0, 0, 6, 520), (0, 100_000_000, 0, 1, 5, 1024),
            (nil, nil, 0, 0, 65, 2000), (nil, nil, 1, 1, 130, 4000),
        ] as [(Double?, Int?, Int, Int, Int, Int)])
    func requests(
        seconds: Double?, peak: Int?, moreTime: Int, moreMemory: Int, minutes: Int, megabytes: Int
    ) {
        let request = SlurmRequest(seconds: seconds, peakMemory: peak, moreTime: moreTime, moreMemory: moreMemory)
        #expect(request.minutes == minutes && request.memory == megabytes)
    }

    // MARK: Tasks

    /// A core-second for a unit of work.
    private func tasks(
        _ phases: [(phase: ShardPhase, shards: [Int])], seconds: Double = 30, limit: Int = 100
    ) -> [[WorkTask]] {
        TaskDivision(taskSeconds: seconds, limit: limit).arrays(phases, secondsPerWork: 1)
    }

    /// Shards of so many seconds each.
    private func phase(_ name: String, _ count: Int, each: Double) -> ShardPhase {
        ShardPhase(name: name, count: count, work: Double(count) * each)
    }

    private func task(_ phase: String, _ shards: [Int], _ seconds: Double) -> WorkTask {
        WorkTask(phase, shards, seconds)
    }

    @Test func shortShardsArePacked() {
        // Ten times 10 s in tasks of 30 s: three are too few, so four; places 0, 2.5, 5, 7.5 and 10 rounded down.
        #expect(
            tasks([(phase("a", 10, each: 10), Array(0..<10))]) == [
                [
                    task("a", [0, 1], 20), task("a", [2, 3, 4], 30), task("a", [5, 6], 20), task("a", [7, 8, 9], 30),
                ]
            ])
        // Six of ten are there: 40 s are two tasks.
        #expect(
            tasks([(phase("a", 10, each: 10), [1, 3, 8, 9])]) == [[task("a", [1, 3], 20), task("a", [8, 9], 20)]])
    }

    @Test func noTaskIsWithoutAShard() {
        #expect(
            tasks([(phase("a", 3, each: 1000), [0, 1, 2])]) == [
                [task("a", [0], 1000), task("a", [1], 1000), task("a", [2], 1000)]
            ])
    }

    /// Of five tasks two phases have two each.
    @Test func thereIsRoomForEveryPhase() {
        let arrays = tasks(
            [
                (phase("a", 8, each: 100), Array(0..<8)), (phase("b", 8, each: 100), Array(0..<8)),
                (phase("done", 8, each: 100), []),
            ], limit: 5)
        #expect(arrays.map { $0.map { $0.steps.map(\.shards.count) } } == [[[4], [4]], [[4], [4]]])
    }

    /// Phases that together take no longer than a task are steps of one, in their order.
    @Test func shortPhasesShareATask() {
        let long = (phase("c", 6, each: 10), Array(0..<6))
        for (b, isShared) in [(10.0, true), (10.5, false)] {
            let arrays = tasks([(phase("a", 1, each: 10), [0]), (phase("b", 2, each: b), [0, 1]), long])
            let c = [task("c", [0, 1, 2], 30), task("c", [3, 4, 5], 30)]
            let a = WorkTask.step("a", [0]), other = WorkTask.step("b", [0, 1])
            #expect(
                arrays
                    == (isShared
                        ? [[WorkTask([a, other], 30)], c] : [[WorkTask([a], 10)], [WorkTask([other], 21)], c]))
        }
    }

    /// One task alone is the one that puts all together.
    @Test func whatOneTaskDoesIsNoArray() {
        #expect(tasks([]).isEmpty && tasks([(phase("a", 4, each: 1000), [])]).isEmpty)
        #expect(tasks([(phase("a", 10, each: 3), Array(0..<10))]).isEmpty)
        #expect(tasks([(phase("a", 10, each: 1000), Array(0..<10))], limit: 0).isEmpty)
    }

    // MARK: What Slurm prints

    private func line(_ id: String, _ state: String, _ reason: String, _ code: String, _ node: String) -> [UInt8] {
        let fields = [(id, 40), ("lv.x", 120), (state, 24), (reason, 60), (code, 12), (node, 60)]
        return Array(fields.map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined().utf8)
    }

    /// `code · 256 + signal` as `wait` has it, or `code:signal`.
    @Test(arguments: [
        ("0", 0, 0), ("256", 1, 0), ("9", 0, 9), ("20736", 81, 0), ("35328", 138, 0), ("10", 0, 10), ("139", 0, 11),
        ("0:15", 0, 15), ("82:0", 82, 0), ("", 0, 0),
    ])
    func exitStatuses(text: String, code: Int, signal: Int) {
        #expect(
            SlurmCommands.job(line("12_3", "FAILED", "NonZeroExitCode", text, "n7"))
                == SlurmJob(
                    id: 12, index: 3, name: "lv.x", state: "FAILED", reason: "NonZeroExitCode", exitCode: code,
                    signal: signal, node: "n7"))
        #expect(
            SlurmCommands.accountedJob("12_3|lv.x|CANCELLED by 1000|\(text)|n7")
                == SlurmJob(
                    id: 12, index: 3, name: "lv.x", state: "CANCELLED", exitCode: code, signal: signal, node: "n7"))
    }

    @Test func linesThatAreNoJob() {
        #expect(SlurmCommands.job(line("JOBID", "STATE", "", "", "")) == nil)
        #expect(SlurmCommands.job(line("12", "PENDING", "Priority", "0", ""))?.index == nil)
        #expect(SlurmCommands.accountedJob("12|lv.x|COMPLETED|0:0") == nil)
        #expect(SlurmCommands.accountedJob("12|lv.x|COMPLETED|0:0|n1")?.index == nil)
    }

    @Test func whatAClusterAllows() {
        let text = """
            Configuration data as of 2026-11-01T00:00:00
            AccountingStorageType   = accounting_storage/slurmdbd
            MaxArraySize            = 5001
            SLURM_VERSION           = 22.05.8
            """
        #expect(
            SlurmCommands.limits(configuration: text, nodes: "16\n64+\n8\n")
                == SlurmLimits(maxArraySize: 5001, cpusOfANode: 64, hasAccounting: true, version: "22.05.8"))
        let none = text.replacingOccurrences(of: "accounting_storage/slurmdbd", with: "accounting_storage/none")
        #expect(!SlurmCommands.limits(configuration: none, nodes: "").hasAccounting)
        #expect(
            SlurmCommands.limits(configuration: "", nodes: "")
                == SlurmLimits(maxArraySize: 1001, cpusOfANode: nil, hasAccounting: false, version: "?"))
    }

    @Test(arguments: [
        ("sbatch: error: QOSMaxSubmitJobPerUserLimit\n", SlurmError.full("QOSMaxSubmitJobPerUserLimit")),
        (
            "sbatch: error: Batch job submission failed: Resource temporarily unavailable",
            .full("Batch job submission failed: Resource temporarily unavailable")
        ),
        (
            "sbatch: error: Unable to contact slurm controller\nmore",
            .failed("Unable to contact slurm controller; more")
        ),
        ("sbatch: error: invalid partition specified: x", .refused("invalid partition specified: x")),
        ("", .refused("sbatch ended with 3")),
    ])
    func whatMessagesMean(text: String, error: SlurmError) {
        #expect(SlurmCommands.error(text, code: 3, of: "sbatch") == error)
    }

    @Test func statesThatWillRunAgainAreLive() {
        func job(_ state: String) -> SlurmJob { SlurmJob(id: 1, name: "x", state: state) }
        let live = ["PENDING", "RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING", "REQUEUED", "STOPPED"]
        let ended = [
            "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "DEADLINE", "OUT_OF_MEMORY", "NODE_FAIL", "PREEMPTED",
            "BOOT_FAIL",
        ]
        #expect(live.allSatisfy { job($0).isLive } && ended.allSatisfy { !job($0).isLive })
    }
}

/// What becomes of an attempt that left no trace.
@Suite struct ClusterVerdictTests {
    private static func record(
        _ kind: ExitRecord.Kind, signal: Int? = nil, error: String? = nil, seconds: Double = 1, cores: Int = 1,
        work: Double = 0, restart: Int = 0
    ) -> ExitRecord {
        ExitRecord(
            kind: kind, code: 1, signal: signal, error: error, host: "n1", seconds: seconds, cores: cores, work: work,
            memory: 0, restart: restart, cost: nil)
    }

    private static func verdict(_ records: [ExitRecord] = [], _ jobs: [SlurmJob]) -> ClusterVerdict {
        let named = records.enumerated().map { (TaskName(attempt: 1, array: 0, task: $0), $1) }
        return ClusterVerdict(Dictionary(uniqueKeysWithValues: named), jobs)
    }

    private static func job(_ state: String, _ reason: String = "None", code: Int = 0, signal: Int = 0) -> SlurmJob {
        SlurmJob(id: 1, name: "x", state: state, reason: reason, exitCode: code, signal: signal)
    }

    @Test(arguments: [
        (job("TIMEOUT"), "1 task out of time"), (job("DEADLINE"), "1 task out of time"),
        (job("FAILED", signal: 10), "1 task out of time"), (job("FAILED", code: 138), "1 task out of time"),
        (job("OUT_OF_MEMORY"), "1 out of memory"), (job("FAILED", "JobLaunchFailure", signal: 9), "1 out of memory"),
        (job("FAILED", "JobLaunchFailure", code: 1, signal: 9), "1 out of memory"),
        (job("FAILED", signal: 9), "1 out of memory"), (job("FAILED", code: 1, signal: 9), "1 lost"),
        (job("FAILED", signal: 8), "1 lost"), (job("CANCELLED"), "1 cancelled"), (job("NODE_FAIL"), "1 lost"),
        (job("COMPLETED"), "Slurm knows nothing of it any more, and there is no trace"),
        (job("RUNNING"), "Slurm knows nothing of it any more, and there is no trace"),
    ])
    func whatAnEndMeans(job: SlurmJob, text: String) {
        #expect("\(Self.verdict([], [job]))" == text)
    }

    @Test func whatTasksSaidComesFirst() {
        let failed = Self.job("FAILED", code: 1)
        #expect("\(Self.verdict([Self.record(.failed, error: "no\nmore")], [failed]))" == "a task failed: no")
        // SIGUSR1 comes before the end of the time, SIGTERM when Slurm takes the node away.
        #expect("\(Self.verdict([Self.record(.interrupted, signal: 10)], [failed]))" == "1 task out of time")
        #expect("\(Self.verdict([Self.record(.interrupted, signal: 15)], [failed]))" == "1 lost")
        #expect("\(Self.verdict([Self.record(.interrupted, signal: 12)], [failed]))" == "1 lost")
        #expect(
            "\(Self.verdict([], [Self.job("TIMEOUT"), Self.job("TIMEOUT"), Self.job("CANCELLED")]))"
                == "2 tasks out of time, 1 cancelled")
    }

    private static func fault(
        _ verdict: ClusterVerdict, attempt: Int = 1, moreTime: Int = 0, moreMemory: Int = 0, lastError: String? = nil,
        attempts: Int = 9
    ) -> ClusterFault? {
        var claim = ClusterClaim(driver: "d", label: "l", job: "j", plan: "p", attempt: attempt, firstAttempt: 1)
        (claim.moreTime, claim.moreMemory, claim.lastError) = (moreTime, moreMemory, lastError)
        return verdict.fault(claim, attempts) as? ClusterFault
    }

    @Test func whatIsNotTriedAgain() {
        let late = Self.job("TIMEOUT"), large = Self.job("OUT_OF_MEMORY"), ended = Self.job("CANCELLED")
        let broken = Self.record(.failed, error: "broken")
        #expect(
            Self.fault(Self.verdict([Self.record(.refused, error: "other bits")], [late]))
                == .refused("other bits", host: "n1"))
        #expect(Self.fault(Self.verdict([broken], []), lastError: "broken") == .twice("broken"))
        #expect(Self.fault(Self.verdict([broken], []), lastError: "another") == nil)
        // Whoever cancels means it, unless something else ended tasks as well.
        #expect(Self.fault(Self.verdict([], [ended])) == .cancelled)
        #expect(Self.fault(Self.verdict([], [ended, late])) == nil)
        #expect(Self.fault(Self.verdict([], [ended, large])) == nil)
        #expect(Self.fault(Self.verdict([broken], [ended])) == nil)
        #expect(Self.fault(Self.verdict([], [late]), moreTime: 2, moreMemory: 1) == .outOfTime)
        #expect(Self.fault(Self.verdict([], [late]), moreTime: 1, moreMemory: 2) == nil)
        #expect(Self.fault(Self.verdict([], [large]), moreTime: 1, moreMemory: 2) == .outOfMemory)
        #expect(Self.fault(Self.verdict([], [large]), moreTime: 2, moreMemory: 1) == nil)
    }

    @Test func attemptsAreCounted() {
        let lost = Self.verdict([], [Self.job("NODE_FAIL")])
        #expect(Self.fault(lost, attempt: 3, attempts: 4) == nil)
        #expect(Self.fault(lost, attempt: 4, attempts: 4) == .tooOften(4, "1 lost"))
        // Those of an earlier driver do not count.
        let claim = ClusterClaim(driver: "d", label: "l", job: "j", plan: "p", attempt: 5, firstAttempt: 3)
        #expect(lost.fault(claim, 4) == nil && lost.fault(claim, 3) != nil)
    }

    // MARK: cluster/<fingerprint>

    private static func folder(_ shop: Workshop) throws -> ClusterFolder {
        ClusterFolder(store: try shop.store(), fingerprint: Digest(hashing: "job"))
    }

    /// Whatever order the disk lists them in.
    @Test func theLastStartOfATaskCounts() throws {
        let shop = try Workshop(), folder = try Self.folder(shop), task = TaskName(attempt: 1, array: 0, task: 3)
        let restarts = [0, 2, 10].map { Self.record($0 == 10 ? .done : .interrupted, restart: $0) }
        for record in restarts { try folder.write(record, task) }
        try folder.write(Self.record(.failed, error: "later"), TaskName(attempt: 2))
        try folder.write(Self.record(.failed, error: "first"), TaskName(attempt: 1))
        #expect(
            try folder.records(1) == [
                task: restarts[2], TaskName(attempt: 1): Self.record(.failed, error: "first"),
            ])
        #expect(try folder.records(2) == [TaskName(attempt: 2): Self.record(.failed, error: "later")])
    }

    @Test func coreSecondsAreOfTheClaimsAttempts() throws {
        let shop = try Workshop(), folder = try Self.folder(shop)
        try folder.write(Self.record(.interrupted, seconds: 10, cores: 2, work: 1), TaskName(attempt: 1))
        try folder.write(Self.record(.done, seconds: 5, cores: 3, work: 2), TaskName(attempt: 2, array: 0, task: 0))
        try folder.write(
            Self.record(.done, seconds: 1, cores: 4, work: 8, restart: 1), TaskName(attempt: 2, array: 0, task: 0))
        try folder.write(Self.record(.done, seconds: 7, cores: 1, work: 4), TaskName(attempt: 3))
        // 20 + 15 + 4 + 7, of which 20 are of the first.
        for (first, seconds, work) in [(1, 46.0, 15.0), (2, 26, 14), (3, 7, 4), (4, 0, 0)] {
            let spent = try folder.spent(since: first)
            // Records that tell no cost count by their time.
            #expect(spent.seconds == seconds && spent.work == work && spent.cost.coreSeconds == seconds, "\(first)")
        }
    }

    @Test func aClaimIsTakenOnce() throws {
        let shop = try Workshop(), folder = try Self.folder(shop)
        #expect(try folder.claim() == nil && folder.attempts() == 0)
        var claim = ClusterClaim(driver: "a", label: "1@n job", job: "j", plan: "p", attempt: 3, firstAttempt: 2)
        (claim.moreTime, claim.moreMemory, claim.lastError) = (1, 2, "no")
        #expect(try folder.take(claim) && !folder.take(claim))
        #expect(try folder.claim() == claim)
        let other = try #require(try folder.takeOver(claim, by: "b", label: "2@n job"))
        (claim.driver, claim.label) = ("b", "2@n job")
        #expect(try other == claim && folder.claim() == claim)
        #expect(try folder.names() == ["claim"])
        let path = "store/cluster/\(Digest(hashing: "job").hex)"
        try LocalFileSystem().remove(shop.path("\(path)/claim"))
        #expect(try folder.takeOver(claim, by: "c", label: "") == nil)
        for (name, count) in [
            ("job.json", 1), ("job-2.json", 2), ("job-11.json", 11), ("exit-12-assembly-r0.json", 11),
        ] {
            try shop.write("{}", to: "\(path)/\(name)")
            #expect(try folder.attempts() == count)
        }
    }

    @Test func progressIsSummedUp() throws {
        let shop = try Workshop(), folder = try Self.folder(shop)
        let tasks = (0..<3).map { TaskName(attempt: 1, array: 0, task: $0) }
        try folder.writeProgress(3, 10, "images", tasks[0])
        try folder.writeProgress(4, 20, "images", tasks[2])
        let sum = try #require(try folder.progress(tasks))
        #expect(sum == (7, 30, "images"))
        #expect(try folder.progress([tasks[1]]) == nil)
    }

    @Test func namesOfTasks() {
        #expect(TaskName("2-0-7") == TaskName(attempt: 2, array: 0, task: 7) && TaskName("2-assembly")?.array == nil)
        #expect("\(TaskName(attempt: 2, array: 0, task: 7)) \(TaskName(attempt: 3))" == "2-0-7 3-assembly")
        for text in ["", "x-0-7", "2", "2-0", "2-0-7-1", "2-assembler"] { #expect(TaskName(text) == nil, "\(text)") }
    }
}

extension WorkTask {
    fileprivate static func step(_ phase: String, _ shards: [Int]) -> Step { Step(phase: phase, shards: shards) }

    fileprivate init(_ steps: [Step], _ seconds: Double) { self.init(steps: steps, coreSeconds: seconds) }

    fileprivate init(_ phase: String, _ shards: [Int], _ seconds: Double) {
        self.init([Self.step(phase, shards)], seconds)
    }
}
