import Engine
import Fingerprints
import Foundation
import Synchronization
import Testing

/// How long drivers and workers of a cluster wait, on a clock that passes only while they do.
@Suite struct ClusterWaitTests {
    private static func plan(_ count: Int = 8, _ computed: @escaping @Sendable (Int) -> Void = { _ in }) throws -> Plan
    {
        let seed = TestStage(name: "seed") { try writeText("s", $0.output + "/out") }
        return try Plan(
            [
                Job(id: "seed", stage: seed, inputs: []),
                Job(
                    id: "shards", stage: ShardedTestStage(count: count, computed: computed),
                    inputs: [Input("seed", .output(job: "seed", name: "out"))]),
                Job(
                    id: "last", stage: TestStage.join("last", inputs: ["shards"]),
                    inputs: [Input("shards", .output(job: "shards", name: "out"))]),
            ], name: "x")
    }

    private static func run(_ shop: Workshop, _ plan: Plan, _ slurm: FakeSlurm, _ settings: SlurmSettings) throws {
        var options = RunOptions(jobs: 2, catchSignals: false)
        options.executor = SlurmExecutor(
            client: slurm, settings: settings, program: ["/bin/true"], definition: ["experiment": ["name": "x"]])
        let store = try Store(at: shop.storePath, time: SleeperTime())
        _ = try Runner(store: store, options: options, observer: Workshop.Listener(workshop: shop)).run(plan)
    }

    /// A Slurm that does not answer is asked again after twice the pause each time: a minute at most, and no more than
    /// 1,024 times the pause.
    @Test(
        arguments: [
            (1.0, [2.0, 4, 8, 16, 32, 60, 60, 60]),
            (0.03, [0.06, 0.12, 0.24, 0.48, 0.96, 1.92, 3.84, 7.68, 15.36, 30.72, 30.72, 30.72]),
            (90, [90, 90, 90]),
        ] as [(Double, [Double])])
    func aSilentSlurmIsAskedMoreAndMoreRarely(poll: Double, pauses: [Double]) throws {
        let shop = try Workshop(), plan = try Self.plan(), time = SleeperTime(), looks = Mutex<[Int]>([])
        let slurm = FakeSlurm(
            trouble: { request, count in
                guard request == "queue" else { return }
                looks.withLock { $0.append(time.monotonic()) }
                if count <= pauses.count { throw SlurmError.failed("Unable to contact slurm controller") }
            }, work: SlurmExecutorTests.worker(shop, plan))
        var settings = SlurmSettings(), options = RunOptions(jobs: 2, catchSignals: false)
        settings.poll = poll
        options.executor = SlurmExecutor(
            client: slurm, settings: settings, program: ["/bin/true"], definition: [:])
        let store = try Store(at: shop.storePath, time: time)
        _ = try Runner(store: store, options: options, observer: Workshop.Listener(workshop: shop)).run(plan)
        let found = looks.withLock { looks in zip(looks, looks.dropFirst()).map { Double($1 - $0) / 1e9 } }
        for (pause, gap) in zip(pauses, found) {
            // The driver looks at the clock every 20 ms.
            #expect(pause <= gap + 1e-9 && gap < pause + 0.05, "\(found)")
        }
        let lines = shop.lines.withLock { $0 }
        #expect(
            lines.count { $0.contains("does not answer") } == 1 && lines.count { $0.contains("answers again") } == 1)
    }

    /// Slurm starts a task again whose node died: what is there already is not computed again.
    @Test func aTaskThatIsStartedAgainComputesWhatIsMissing() throws {
        let shop = try Workshop(), computed = Mutex<[Int]>([])
        let plan = try Self.plan { shard in computed.withLock { $0.append(shard) } }
        let slurm = FakeSlurm(work: { path, task, submission in
            let order = try WorkOrder(json: Array(Data(contentsOf: URL(fileURLWithPath: path))), path: path)
            func work(restart: Int) throws {
                let worker = ClusterWorker(
                    store: try shop.store(), options: RunOptions(catchSignals: false),
                    observer: Workshop.Listener(workshop: shop))
                try worker.run(order, task: task, restart: restart, code: { _ in 1 }) { plan }
            }
            try work(restart: 0)
            if task?.task == 0 {
                let scratch = try shop.store().scratchPath(order.fingerprint)
                try FileManager.default.removeItem(atPath: scratch + "/part-1.h5")
                try work(restart: 1)
            }
            return .completed
        })
        var settings = SlurmSettings()
        // Eight hours: two tasks of four shards.
        settings.taskMinutes = 240
        try Self.run(shop, plan, slurm, settings)
        #expect(computed.withLock { $0 } == [0, 1, 2, 3, 1, 4, 5, 6, 7])
        let lines = shop.lines.withLock { $0 }
        #expect(lines.contains("noted shards: started again by Slurm, for the 2. time; what is finished is kept"))
        #expect(lines.contains("noted shards: 3 of 4 part shards are there already"))
    }

    /// Runs the task of `last` by another plan on a node.
    /// - Returns: what was thrown, and how long it slept, in nanoseconds.
    private static func last(by other: Plan) throws -> (error: String, sleeps: [Int]) {
        let shop = try Workshop(), plan = try plan(), time = SleeperTime(), thrown = Mutex("nothing")
        let slurm = FakeSlurm(work: { path, task, submission in
            guard submission.name.hasPrefix("lv.last") else {
                return try SlurmExecutorTests.worker(shop, plan)(path, task, submission)
            }
            let order = try WorkOrder(json: Array(Data(contentsOf: URL(fileURLWithPath: path))), path: path)
            let worker = ClusterWorker(
                store: try Store(at: shop.storePath, time: time), options: RunOptions(catchSignals: false),
                observer: SilentObserver(), grace: 2)
            do {
                try worker.run(order, task: task, code: { _ in 1 }) { other }
            } catch {
                thrown.withLock { $0 = "\(error)" }
            }
            return FakeSlurm.Task.End(state: "FAILED", exitCode: 1)
        })
        var settings = SlurmSettings()
        settings.attempts = 1
        #expect(throws: EngineError.self) { try run(shop, plan, slurm, settings) }
        return (thrown.withLock { $0 }, time.sleeps.filter { $0 >= 100_000_000 })
    }

    /// Waiting helps where the disk lags, not where something is another.
    @Test func aWorkerWaitsForWhatIsAbsentAlone() throws {
        let (refusal, none) = try Self.last(by: Self.plan(9))
        #expect(none.isEmpty && refusal.contains("parameter count: 8 → 9"), "\(refusal), \(none)")
        let more = Job(
            id: "more", stage: TestStage(name: "more") { try writeText("m", $0.output + "/out") }, inputs: [])
        let jobs = try Self.plan().jobs
        let last = Job(
            id: "last", stage: jobs[2].stage,
            inputs: jobs[2].inputs + [Input("more", .output(job: "more", name: "out"))])
        let (absence, halves) = try Self.last(by: Plan([jobs[0], jobs[1], more, last], name: "x"))
        // Two seconds by halves.
        #expect(halves == [Int](repeating: 500_000_000, count: 4), "\(absence), \(halves)")
    }
}
