import Fingerprints
import Foundation
import Testing
import TestSupport

/// What takes a real Slurm longer than `make test` may: `make test-cluster`.
@Suite(
    .waits, .serialized,
    .enabled(
        if: SlurmCluster.isAvailable && ProcessInfo.processInfo.environment["LAVISE_CLUSTER"] != nil,
        "make test-cluster runs it")) struct SlurmLongTests
{
    private static func on<R>(_ settings: [String] = [], _ body: (SlurmCluster, Command) throws -> R) throws -> R {
        let cluster = try SlurmCluster(settings: settings)
        defer { cluster.stop() }
        return try Command.with { try body(cluster, $0) }
    }

    /// A node with what runs on it dies in each phase: Slurm starts its tasks again elsewhere, and they go on at what
    /// was kept.
    @Test(arguments: ["lv.features.", "lv.train.", "lv.evaluate."]) func aNodeDies(phase: String) throws {
        let expected = try SlurmTests.expected()
        try Self.on { cluster, command in
            try SlurmTests.make(command, slurm: ", \"prologue\": \"sleep 2\"")
            let driver = try command.start(["run", "x.json"], cluster.environment)
            var node = 0
            try cluster.wait(phase, seconds: 90) {
                let line = try cluster.run("squeue", ["--noheader", "--array", "--states=R", "--format=%j %N"]).split(
                    separator: "\n"
                ).first { $0.hasPrefix(phase) }
                node = line.flatMap { Int($0.split(separator: " n").last ?? "") } ?? 0
                return node > 0
            }
            cluster.killNode(node)
            let end = try SlurmTests.end(of: driver)
            #expect(end.code == 0, "\(end.errors)")
            try SlurmTests.check(cluster, command, expected)
        }
    }

    /// The daemon alone dies: Slurm takes its node for dead and starts the task again, while the first goes on.
    @Test func splitBrain() throws {
        let expected = try SlurmTests.expected()
        try Self.on { cluster, command in
            try SlurmTests.make(
                command,
                slurm:
                    ", \"prologue\": \"case $SLURM_JOB_NAME in lv.features.*p0*) [ ${SLURM_RESTART_COUNT:-0} -gt 0 ] || sleep 45;; esac\""
            )
            let driver = try command.start(["run", "x.json"], cluster.environment)
            var node = 0
            try cluster.wait("features", seconds: 90) {
                let line = try cluster.run("squeue", ["--noheader", "--array", "--states=R", "--format=%j %N"]).split(
                    separator: "\n"
                ).first { $0.hasPrefix("lv.features.") }
                node = line.flatMap { Int($0.split(separator: " n").last ?? "") } ?? 0
                return node > 0
            }
            cluster.killDaemon(node)
            let end = try SlurmTests.end(of: driver)
            #expect(end.code == 0, "\(end.errors)")
            try SlurmTests.check(cluster, command, expected)
        }
    }

    /// Slurm's own watch over memory ends a task, and more is asked for.
    @Test func outOfMemoryForReal() throws {
        let expected = try SlurmTests.expected()
        try Self.on { cluster, command in
            let prologue =
                "case $SLURM_JOB_NAME in lv.train.*.1a) exec python3 -c 'import time; a = bytearray(2600000000); time.sleep(30)';; esac"
            try SlurmTests.make(
                command, slurm: ", \"prologue\": \(String(decoding: try JSONEncoder().encode(prologue), as: UTF8.self))"
            )
            let end = try SlurmTests.run(cluster, command)
            #expect(end.code == 0 && end.errors.contains("goes again with twice the memory"), "\(end.errors)")
            try SlurmTests.check(cluster, command, expected)
        }
    }

    /// Slurm ends a task at its limit; its program ignored the signal before.
    @Test func aRealTimeLimit() throws {
        let expected = try SlurmTests.expected()
        try Self.on(["OverTimeLimit=0"]) { cluster, command in
            let prologue =
                "case $SLURM_JOB_NAME in lv.train.*.1a) trap '' USR1; scontrol update JobId=$SLURM_JOB_ID TimeLimit=1; sleep 120;; esac"
            try SlurmTests.make(
                command, slurm: ", \"prologue\": \(String(decoding: try JSONEncoder().encode(prologue), as: UTF8.self))"
            )
            let end = try SlurmTests.run(cluster, command)
            #expect(end.code == 0 && end.errors.contains("goes again with twice the time"), "\(end.errors)")
            try SlurmTests.check(cluster, command, expected)
        }
    }

    /// Four seeds of two layers, and the real sample where it lies.
    @Test func eightRows() throws {
        let matrix = "\"matrix\": {\"seed\": [0, 1, 2, 3], \"backbone.layer\": [\"layer1\", \"layer2\"]},"
        let expected = try SlurmTests.expected(matrix: matrix)
        try Self.on { cluster, command in
            try SlurmTests.make(command, matrix: matrix)
            let end = try SlurmTests.run(cluster, command)
            #expect(end.code == 0, "\(end.errors)")
            try SlurmTests.check(cluster, command, expected)
        }
    }

    /// Core-seconds by stage, predicted and measured, and their ratio in all.
    private static func comparison(_ plan: String, _ status: String) throws -> String {
        func list(_ text: String, _ path: [String], _ key: String, _ unit: Double) throws -> [String: Double] {
            var value = try Value(json: Array(text.utf8))
            for name in path { value = try #require(value[name]) }
            let pairs = (value.arrayValue ?? []).compactMap { stage in
                stage["name"]?.stringValue.flatMap { name in stage[key]?.doubleValue.map { (name, $0 * unit) } }
            }
            return Dictionary(uniqueKeysWithValues: pairs)
        }
        let predicted = try list(plan, ["cluster", "stages"], "coreHours", 3600)
        let measured = try list(status, ["stages"], "coreSeconds", 1)
        let sums = predicted.reduce(into: (0.0, 0.0)) { $0 = ($0.0 + $1.value, $0.1 + (measured[$1.key] ?? 0)) }
        let stages = predicted.sorted { $0.key < $1.key }.map {
            String(format: "\($0.key) %.1f for %.1f", $0.value, measured[$0.key] ?? 0)
        }
        return stages.joined(separator: ", ") + String(format: "; in all %.1f for %.1f", sums.0, sums.1)
    }

    @Test func theRealSample() throws {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..")
            .standardized.path
        let data =
            ProcessInfo.processInfo.environment["LAVISE_REFERENCE"].map { $0 + "/data" } ?? repository
            + "/../shared/data"
        guard FileManager.default.fileExists(atPath: data + "/coco-sample") else {
            return print("skipped: no \(data)/coco-sample")
        }
        try Self.on { cluster, command in
            try FileManager.default.createDirectory(
                atPath: command.path("experiments"), withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                atPath: repository + "/experiments/coco_sample.json",
                toPath: command.path("experiments/coco_sample.json"))
            try SlurmTests.settings(command)
            let here = try command.finish([
                "run", "coco_sample", "--executor", "local", "--store", command.path("here"), "--results",
                command.path("results/here"),
                "--data", data,
            ])
            #expect(here.code == 0, "\(here.errors)")
            // What rates of another experiment predict, and what it comes to.
            try FileManager.default.copyItem(
                atPath: repository + "/experiments/demo.json", toPath: command.path("experiments/demo.json"))
            #expect(try command.finish(["run", "demo", "--executor", "local"]).code == 0)
            let plan = try command.run(
                ["plan", "coco_sample", "--data", data, "--json"], environment: cluster.environment)
            let there = try SlurmTests.run(cluster, command, ["run", "coco_sample", "--data", data])
            #expect(there.code == 0, "\(there.errors)")
            let status = try command.run(["status", "coco_sample", "--data", data, "--json"])
            print("coco_sample on the cluster: \(try Self.comparison(plan.output, status.output))")
            let content = try StoreContent(command), local = try StoreContent(command, store: "here")
            #expect(local.jobs.allSatisfy { content.jobs[$0.key] == $0.value })
            #expect(try command.files("results/coco_sample") == command.files("results/here/coco_sample"))
        }
    }
}
