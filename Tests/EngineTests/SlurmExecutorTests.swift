import Engine
import Fingerprints
import Foundation
import Synchronization
import Testing

/// The driver of jobs on a cluster against a Slurm in memory that fails in every way that a real one does.
@Suite struct SlurmExecutorTests {
    static func settings(_ change: (inout SlurmSettings) -> Void = { _ in }) -> SlurmSettings {
        var settings = SlurmSettings()
        settings.poll = 0.1
        settings.taskMinutes = 60
        settings.grace = 0.3
        change(&settings)
        return settings
    }

    static func plan(_ computed: @escaping @Sendable (Int) throws -> Void = { _ in }) throws -> Plan {
        try Plan(
            [
                Job(id: "seed", stage: TestStage(name: "seed") { try writeText("s", $0.output + "/out") }, inputs: []),
                Job(
                    id: "shards", stage: ShardedTestStage(computed: computed),
                    inputs: [Input("seed", .output(job: "seed", name: "out"))]),
                Job(
                    id: "last", stage: TestStage.join("last", inputs: ["shards"]),
                    inputs: [Input("shards", .output(job: "shards", name: "out"))]),
            ], name: "x")
    }

    private static let expected = (0..<8).map { "\($0 * $0)" }.joined(separator: " ") + " s"

    /// Does tasks as a node would.
    static func worker(_ workshop: Workshop, _ plan: Plan)
        -> @Sendable (String, (array: Int, task: Int)?, SlurmSubmission) throws -> FakeSlurm.Task.End
    {
        { order, task, _ in
            let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: order)))
            let worker = ClusterWorker(
                store: try workshop.store(), options: RunOptions(catchSignals: false), observer: SilentObserver(),
                grace: 0.2)
            do {
                try worker.run(WorkOrder(json: bytes, path: order), task: task, code: { _ in 1 }) { plan }
            } catch {
                return FakeSlurm.Task.End(state: "FAILED", reason: "NonZeroExitCode", exitCode: 1)
            }
            return .completed
        }
    }

    @discardableResult
    static func run(
        _ workshop: Workshop, _ plan: Plan, _ slurm: any SlurmClient, _ settings: SlurmSettings = settings(),
        cancellation: Cancellation = Cancellation()
    ) throws -> [JobStatus] {
        var options = RunOptions(jobs: 2, cancellation: cancellation, catchSignals: false)
        options.executor = SlurmExecutor(
            client: slurm, settings: settings, program: ["/bin/true"], definition: ["experiment": ["name": "x"]])
        return try workshop.runner(options).run(plan)
    }

    private static func claims(_ workshop: Workshop) throws -> [ClusterJob] {
        try workshop.store().clusterJobs(plan: "x") { [] }
    }

    @Test func eachShardOnceAndTheSameBytes() throws {
        let local = try Workshop(), workshop = try Workshop(), computed = Mutex<[Int]>([])
        let plan = try Self.plan { shard in computed.withLock { $0.append(shard) } }
        let here = try local.runner().run(plan)
        computed.withLock { $0 = [] }
        let slurm = FakeSlurm(work: Self.worker(workshop, plan))
        let there = try Self.run(workshop, plan, slurm)
        #expect(try workshop.text(there, "shards") == Self.expected)
        #expect(there.map(\.fingerprint) == here.map(\.fingerprint))
        #expect(there.map { $0.outputs.map(\.digest) } == here.map { $0.outputs.map(\.digest) })
        #expect(computed.withLock { $0.sorted() } == Array(0..<8))
        #expect(there.allSatisfy { $0.ran })
        // seed; an array of a task for each shard, and what puts them together; last.
        #expect(slurm.submissions.map(\.tasks) == [nil, 8, nil, nil])
        #expect(slurm.submissions[2].after == [2])
        #expect(slurm.submissions.allSatisfy { $0.name.hasPrefix("lv.") })
        #expect(try Self.claims(workshop).isEmpty)
        #expect(slurm.cancelled.isEmpty)
        #expect(slurm.live == 0)
        // Its trace tells what all tasks did.
        let trace = try workshop.store().provenance(of: #require(there[1].fingerprint).hex)[0].trace
        #expect(trace.outcomes[0].work == 8 && trace.outcomes[0].executions == 1)
        // Fresh now: nothing is asked of the cluster.
        try Self.run(workshop, plan, slurm)
        #expect(slurm.submissions.count == 4)
    }

    @Test func shortTasksArePackedAndArraysKeepToTheLimits() throws {
        for (minutes, maxSubmit, maxArray, expected) in [
            (240.0, 1000, 1001, [nil, 2, nil, nil]), (1e4, 1000, 1001, [nil, nil, nil]),
            (60, 1000, 3, [nil, 3, 3, 2, nil, nil]),
            (60, 5, 1001, [nil, 4, nil, nil]),
        ] as [(Double, Int, Int, [Int?])] {
            let workshop = try Workshop(), plan = try Self.plan()
            let slurm = FakeSlurm(maxArraySize: maxArray, work: Self.worker(workshop, plan))
            let statuses = try Self.run(
                workshop, plan, slurm, Self.settings { ($0.taskMinutes, $0.maxSubmit) = (minutes, maxSubmit) })
            #expect(slurm.submissions.map(\.tasks) == expected)
            #expect(try workshop.text(statuses, "shards") == Self.expected)
        }
    }

    @Test func aSlurmThatDoesNotAnswerFailsNothing() throws {
        let workshop = try Workshop(), computed = Mutex<[Int]>([])
        let plan = try Self.plan { shard in computed.withLock { $0.append(shard) } }
        // Every second look fails; every second submission is taken without an answer.
        let slurm = FakeSlurm(
            trouble: { request, count in
                if request == "queue", count % 2 == 1 { throw SlurmError.failed("Unable to contact slurm controller") }
                if request == "submit", count % 2 == 0 { throw SlurmError.silent("sbatch did not answer") }
            }, work: Self.worker(workshop, plan))
        let statuses = try Self.run(workshop, plan, slurm)
        #expect(try workshop.text(statuses, "shards") == Self.expected)
        #expect(Set(slurm.submissions.map(\.name)).count == slurm.submissions.count && slurm.submissions.count == 4)
        #expect(computed.withLock { $0.sorted() } == Array(0..<8))
        let said = workshop.lines.withLock { $0 }.filter { $0.contains("does not answer") }
        #expect(!said.isEmpty)
    }

    @Test func aFullQueueIsWaitedFor() throws {
        let workshop = try Workshop(), plan = try Self.plan(), refusals = Mutex(0)
        let slurm = FakeSlurm(
            trouble: { request, _ in
                guard request == "submit" else { return }
                let count = refusals.withLock { count in
                    count += 1
                    return count
                }
                if count % 3 != 0 { throw SlurmError.full("QOSMaxSubmitJobPerUserLimit") }
            }, work: Self.worker(workshop, plan))
        #expect(try workshop.text(Self.run(workshop, plan, slurm), "shards") == Self.expected)
    }

    @Test func jobsThatSlurmForgetsAtOnce() throws {
        let workshop = try Workshop(), computed = Mutex<[Int]>([])
        let plan = try Self.plan { shard in computed.withLock { $0.append(shard) } }
        let slurm = FakeSlurm(forgets: true, work: Self.worker(workshop, plan))
        #expect(try workshop.text(Self.run(workshop, plan, slurm), "shards") == Self.expected)
        #expect(slurm.submissions.count == 4)
        #expect(computed.withLock { $0.sorted() } == Array(0..<8))
    }

    @Test func tooLittleTimeAndMemoryAreDoubledTwice() throws {
        for (end, isTime) in [
            (FakeSlurm.Task.End(state: "TIMEOUT", reason: "TimeLimit"), true),
            (FakeSlurm.Task.End(state: "OUT_OF_MEMORY", signal: 125), false),
            (FakeSlurm.Task.End(state: "FAILED", reason: "JobLaunchFailure", signal: 9), false),
        ] {
            for enough in [2, 4, 8] {
                let workshop = try Workshop(), plan = try Self.plan(), work = Self.worker(workshop, plan)
                let first = Mutex<Int?>(nil)
                @Sendable func more(_ submission: SlurmSubmission) -> Int {
                    isTime ? submission.minutes : submission.memory
                }
                let slurm = FakeSlurm(work: { order, task, submission in
                    guard submission.name.hasPrefix("lv.last") else { return try work(order, task, submission) }
                    let base = first.withLock { first in
                        first = first ?? more(submission)
                        return first ?? 0
                    }
                    return more(submission) < base * enough ? end : try work(order, task, submission)
                })
                if enough <= 4 {
                    let statuses = try Self.run(workshop, plan, slurm)
                    #expect(statuses.allSatisfy { $0.state == .fresh })
                } else {
                    let error = #expect(throws: EngineError.self) { try Self.run(workshop, plan, slurm) }
                    #expect("\(error.map { "\($0)" } ?? "")".contains("with four times as much at last"))
                }
                #expect(slurm.submissions.count { $0.name.hasPrefix("lv.last") } == min(enough, 4) / 2 + 1)
                #expect(slurm.live == 0)
                #expect(try Self.claims(workshop).isEmpty)
                let said = workshop.lines.withLock { $0 }.filter { $0.contains("goes again with twice the") }
                #expect(said.count == min(enough, 4) / 2)
            }
        }
    }

    @Test func theSameErrorTwiceStops() throws {
        let workshop = try Workshop(), tries = Mutex(0)
        struct Broken: Error, CustomStringConvertible { let description = "shard 3 is broken" }
        let plan = try Self.plan { shard in
            guard shard == 3 else { return }
            tries.withLock { $0 += 1 }
            throw Broken()
        }
        let slurm = FakeSlurm(work: Self.worker(workshop, plan))
        let error = #expect(throws: EngineError.self) { try Self.run(workshop, plan, slurm) }
        #expect("\(error.map { "\($0)" } ?? "")".contains("shard 3 is broken"))
        // A task and the assembly; then one job does what alone is missing.
        #expect(tries.withLock { $0 } == 3)
        #expect(slurm.live == 0)
        #expect(try Self.claims(workshop).isEmpty)
        #expect(slurm.submissions.count { $0.name.hasPrefix("lv.shards") } == 3)
    }

    @Test func lostTasksCostTimeOnly() throws {
        let workshop = try Workshop(), computed = Mutex<[Int]>([])
        let plan = try Self.plan { shard in computed.withLock { $0.append(shard) } }, work = Self.worker(workshop, plan)
        let slurm = FakeSlurm(work: { order, task, submission in
            // Two nodes die with their tasks.
            if let task, submission.name.hasPrefix("lv.shards"), [2, 5].contains(task.task) {
                return FakeSlurm.Task.End(state: "NODE_FAIL")
            }
            return try work(order, task, submission)
        })
        #expect(try workshop.text(Self.run(workshop, plan, slurm), "shards") == Self.expected)
        #expect(computed.withLock { $0.sorted() } == Array(0..<8))
    }

    @Test func whatIsMissingAloneGoesAgain() throws {
        let workshop = try Workshop(), computed = Mutex<[Int]>([])
        let plan = try Self.plan { shard in computed.withLock { $0.append(shard) } }, work = Self.worker(workshop, plan)
        let slurm = FakeSlurm(work: { order, task, submission in
            if submission.name.hasPrefix("lv.shards"), submission.name.split(separator: ".").last?.first == "1",
                task.map({ $0.task > 5 }) ?? true
            {
                return FakeSlurm.Task.End(state: "TIMEOUT")
            }
            return try work(order, task, submission)
        })
        #expect(try workshop.text(Self.run(workshop, plan, slurm), "shards") == Self.expected)
        #expect(computed.withLock { $0.sorted() } == Array(0..<8))
        #expect(slurm.submissions.filter { $0.name.hasPrefix("lv.shards") }.map(\.tasks) == [8, nil, 2, nil])
    }

    @Test func cancellingLeavesAnEmptyQueueWithOneRequest() throws {
        let workshop = try Workshop(), plan = try Self.plan(), cancellation = Cancellation(),
            work = Self.worker(workshop, plan)
        let slurm = FakeSlurm(
            nodes: 1,
            work: { order, task, submission in
                if submission.name.hasPrefix("lv.shards") { cancellation.cancel() }
                return try work(order, task, submission)
            })
        let error = #expect(throws: EngineError.self) {
            try Self.run(workshop, plan, slurm, cancellation: cancellation)
        }
        #expect("\(error.map { "\($0)" } ?? "")".hasPrefix("cancelled"))
        #expect(slurm.live == 0 && Set(slurm.cancelled) == [2, 3] && slurm.cancelled.count == 2)
        #expect(try Self.claims(workshop).isEmpty)
        // What was finished is kept: the next run computes the rest.
        let again = FakeSlurm(work: Self.worker(workshop, plan))
        #expect(try workshop.text(Self.run(workshop, plan, again), "shards") == Self.expected)
        #expect((again.submissions[0].tasks ?? 8) < 8)
    }

    @Test func aWorkerRefusesWhatWasNotOrdered() throws {
        let workshop = try Workshop(), plan = try Self.plan(), work = Self.worker(workshop, plan)
        let slurm = FakeSlurm(work: { order, task, submission in
            guard submission.name.hasPrefix("lv.last") else { return try work(order, task, submission) }
            // Another machine: other bits, and another parameter by mistake.
            let key = Digest(hashing: "other bits")
            var jobs = plan.jobs
            jobs[2] = Job(
                id: "last", stage: TestStage(name: "last", parameters: ["p": 2], key: key) { _ in },
                inputs: plan.jobs[2].inputs)
            return try Self.worker(workshop, Plan(jobs, name: "x"))(order, task, submission)
        })
        let error = #expect(throws: EngineError.self) { try Self.run(workshop, plan, slurm) }
        let text = error.map { "\($0)" } ?? ""
        #expect(
            text.contains("numerics key: none →") && text.contains("parameter p: none → 2")
                && text.contains("slurm.constraint"), "\(text)")
        // It would be the same again.
        #expect(slurm.submissions.count { $0.name.hasPrefix("lv.last") } == 1)
    }

    @Test func aNodeThatDoesNotSeeTheStoreIsNamed() throws {
        let workshop = try Workshop(), plan = try Self.plan()
        let slurm = FakeSlurm(work: { _, _, _ in
            FakeSlurm.Task.End(state: "FAILED", reason: "NonZeroExitCode", exitCode: 81)
        })
        let error = #expect(throws: EngineError.self) { try Self.run(workshop, plan, slurm) }
        #expect("\(error.map { "\($0)" } ?? "")".contains("node n1 does not see \(workshop.storePath)"))
        #expect(slurm.submissions.count == 1)
    }

    /// A script unsets what a login brings of ours, also with names and values that a shell would read otherwise.
    @Test func whatTheLoginEnvironmentBringsIsUnset() throws {
        var settings = SlurmSettings()
        settings.prologue = "export LAVISE_OWN=prologue"
        let shell = Process(), output = Pipe()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", NodeScript.head(["LAVISE_LEASE": "it's 5"], settings) + "\nenv"]
        shell.environment = [
            "PATH": "/usr/bin:/bin", "LAVISE_STORE": "/elsewhere", "LAVISE_LEASE": "1", "LAVISE_FAULT": "a b\n$(false)",
            "OTHER": "LAVISE_STORE=x",
        ]
        shell.standardOutput = output
        try shell.run()
        let lines = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self).split(
            separator: "\n")
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
        #expect(Set(lines.filter { $0.hasPrefix("LAVISE_") }) == ["LAVISE_LEASE=it's 5", "LAVISE_OWN=prologue"])
        #expect(lines.contains("OTHER=LAVISE_STORE=x"))
    }

    @Test func twoDriversMakeEachJobOnce() throws {
        let workshop = try Workshop(), computed = Mutex<[Int]>([])
        let plan = try Self.plan { shard in computed.withLock { $0.append(shard) } }
        let slurm = FakeSlurm(work: Self.worker(workshop, plan))
        let texts = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 2) { _ in
            let text = (try? Self.run(workshop, plan, slurm)).flatMap { try? workshop.text($0, "shards") }
            texts.withLock { $0.append(text ?? "failed") }
        }
        #expect(texts.withLock { $0 } == [Self.expected, Self.expected])
        #expect(slurm.submissions.count == 4)
        #expect(computed.withLock { $0.sorted() } == Array(0..<8))
    }
}
