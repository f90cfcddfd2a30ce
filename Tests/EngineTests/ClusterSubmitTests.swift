import Engine
import Fingerprints
import Foundation
import Testing

/// What is submitted to a cluster, number by number, and what is shown of it.
@Suite struct ClusterSubmitTests {
    /// Eight shards of an hour each between two short jobs.
    private static func plan() throws -> Plan {
        let seed = TestStage(name: "seed") { try writeText("s", $0.output + "/out") }
        return try Plan(
            [
                Job(id: "seed", stage: seed, inputs: []),
                Job(
                    id: "shards", stage: ShardedTestStage(),
                    inputs: [Input("seed", .output(job: "seed", name: "out"))]),
                Job(
                    id: "last", stage: TestStage.join("last", inputs: ["shards"]),
                    inputs: [Input("shards", .output(job: "shards", name: "out"))]),
            ], name: "x")
    }

    /// The submissions of a whole run.
    private static func submissions(
        cpusOfANode: Int?, maxArraySize: Int = 1001, expected: [String: ExpectedCost] = [:],
        _ change: (inout SlurmSettings) -> Void = { _ in }
    ) throws -> [SlurmSubmission] {
        let shop = try Workshop(), plan = try plan()
        let slurm = FakeSlurm(
            maxArraySize: maxArraySize, cpusOfANode: cpusOfANode, work: SlurmExecutorTests.worker(shop, plan))
        var settings = SlurmSettings(), options = RunOptions(jobs: 2, catchSignals: false)
        settings.taskMinutes = 60
        change(&settings)
        options.executor = SlurmExecutor(
            client: slurm, settings: settings, program: ["/bin/true"], definition: [:], expected: expected)
        _ = try Runner(store: Store(at: shop.storePath, time: SleeperTime()), options: options).run(plan)
        return slurm.submissions
    }

    /// One of an array's tasks and of what joins them, four of other jobs, or as many as nodes have; the settings' own
    /// before both.
    @Test(
        arguments: [
            (nil, [:], [4, 1, 1, 4]), (16, [:], [4, 1, 1, 4]), (2, [:], [2, 1, 1, 2]),
            (16, ["last": 8, "shards": 2], [4, 2, 2, 8]),
        ] as [(Int?, [String: Int], [Int])])
    func processors(ofANode: Int?, given: [String: Int], expected: [Int]) throws {
        #expect(try Self.submissions(cpusOfANode: ofANode) { $0.cpus = given }.map(\.cpus) == expected)
    }

    /// An hour of work is 3600 · 1.5 / 60 + 5 = 95 minutes; what never ran has an hour and five minutes, and 2 GB.
    @Test func timesAndMemory() throws {
        let plain = try Self.submissions(cpusOfANode: 16)
        #expect(plain.map(\.minutes) == [65, 95, 95, 65] && plain.map(\.tasks) == [nil, 8, nil, nil])
        #expect(plain.allSatisfy { $0.memory == 2000 })
        // On four processors a task is four hours of one, and takes an hour.
        let wide = try Self.submissions(cpusOfANode: 16) { $0.cpus = ["shards": 4] }
        #expect(wide.map(\.minutes) == [65, 95, 95, 65] && wide.map(\.tasks) == [nil, 2, nil, nil])
    }

    /// `lv.STAGE.FINGERPRINT.STORE.ATTEMPT`, with the array and its first task.
    @Test func names() throws {
        let all = try Self.submissions(cpusOfANode: 1, maxArraySize: 3)
        let ends = all.map { String($0.name.split(separator: ".").last ?? "") }
        #expect(ends == ["1a", "1p0f0", "1p0f3", "1p0f6", "1a", "1a"] && all.map(\.tasks) == [nil, 3, 3, 2, nil, nil])
        let stages = all.map { String($0.name.split(separator: ".")[1]) }
        #expect(stages == ["seed", "shards", "shards", "shards", "shards", "last"])
        // What joins the arrays waits for all of them; nothing else waits.
        #expect(all.map(\.after) == [[], [], [], [], [2, 3, 4], []])
        #expect(Set(all.map { $0.name.split(separator: ".")[3] }).count == 1)
        let parts = all[1].name.split(separator: ".")
        #expect(
            parts.count == 5 && parts[0] == "lv" && parts[2].count == 12
                && parts[2] == all[4].name.split(separator: ".")[2])
    }

    /// Quotes, blanks and dollars are the shell's to leave alone.
    @Test func scriptsQuoteWhatTheyName() throws {
        let script = try #require(Self.submissions(cpusOfANode: 1) { $0.prologue = "module load x" }.first?.script)
        let lines = script.split(separator: "\n").map(String.init)
        #expect(lines.first == "#!/bin/sh" && lines.contains("module load x"))
        #expect(lines.contains { $0.hasPrefix("[ -r '") && $0.hasSuffix("/lavise-store.json' ] || exit 81") })
        #expect(lines.contains("[ -x '/bin/true' ] || exit 82"))
        #expect(lines.last?.hasPrefix("exec '/bin/true' work '") == true && !script.contains("--array"))
    }

    // MARK: What is shown

    private static func claim(_ shop: Workshop, _ name: String, plan: String, submitted: String) throws {
        let folder = "store/cluster/\(Digest(hashing: name).hex)"
        try shop.write(#"{"kind": "lavise-pipeline store", "format": 1}"#, to: "store/lavise-store.json")
        try shop.write(
            """
            {"schema": 1, "driver": "gone", "label": "7@n \(name)", "job": "\(name)", "plan": "\(plan)", "attempt": 2,
             "submitted": [\(submitted)]}
            """, to: "\(folder)/claim")
    }

    @Test func jobsOnTheCluster() throws {
        let shop = try Workshop()
        #expect(try shop.store().clusterJobs(plan: "x") { throw SlurmError.absent("not asked") }.isEmpty)
        try Self.claim(
            shop, "a", plan: "x",
            submitted: #"{"id": 5, "array": 0, "first": 0, "count": 4}, {"id": 6, "first": 0, "count": 1}"#)
        try Self.claim(shop, "b", plan: "other", submitted: "")
        func job(_ id: Int, _ state: String, _ reason: String = "None") -> SlurmJob {
            SlurmJob(id: id, name: "lv", state: state, reason: reason)
        }
        let found = try shop.store().clusterJobs(plan: "x") {
            [
                job(5, "RUNNING"), job(5, "COMPLETED"), job(5, "PENDING", "Priority"), job(5, "FAILED"),
                job(6, "PENDING", "Dependency"), job(9, "RUNNING"), job(6, "REQUEUED"), job(6, "CONFIGURING"),
            ]
        }
        let one = try #require(found.first)
        #expect(found.count == 1 && one.job == "a" && one.attempt == 2 && one.ids == [5, 6] && !one.isDriverAlive)
        #expect(one.pending == 4 && one.running == 1 && one.ended == 2 && one.reasons == ["Dependency", "Priority"])
        #expect(
            one.text
                == "a: 4 pending (Dependency, Priority), 1 running, 2 ended; Slurm's 5, 6, attempt 2; driver 7@n a, which is gone: `attach` goes on"
        )
        let quiet = try #require(try shop.store().clusterJobs(plan: "x") { [] }.first)
        #expect(quiet.text.hasPrefix("a: nothing of it in the queue; "))
        try shop.store().dropClaim(one.fingerprint)
        #expect(try shop.store().clusterJobs(plan: "x") { [] }.isEmpty)
    }
}
