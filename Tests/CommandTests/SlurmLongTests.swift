import Fingerprints
import Foundation
import Testing
import TestSupport

/// What takes a real Slurm longer than `make test` may: `make test-cluster`.
@Suite(
    .waitsForCluster, .serialized,
    .enabled(
        if: SlurmCluster.isAvailable && ProcessInfo.processInfo.environment["LAVISE_CLUSTER"] != nil,
        "make test-cluster runs it")) struct SlurmLongTests
{
    /// A node with what runs on it dies: Slurm finds out by itself, and starts its tasks again elsewhere.
    @Test func aNodeDies() throws {
        let expected = try ClusterProject.expected()
        try ClusterProject.alone { project in
            try project.make(prologue: ClusterProject.stopping([("lv.features.*p0f0", "features.shard")]))
            let driver = try project.start()
            project.cluster.killNode(try project.cluster.waitForStopped().node)
            let end = try ClusterProject.end(of: driver)
            #expect(end.code == 0, "\(end.errors)")
            try project.check(expected)
            #expect(try project.restarted == ["features"])
        }
    }

    /// The daemon alone dies: Slurm takes its node for dead and starts the task again, while the first goes on.
    @Test func splitBrain() throws {
        let expected = try ClusterProject.expected()
        try ClusterProject.alone { project in
            try project.make(prologue: ClusterProject.stopping([("lv.features.*p0f0", "features.shard")]))
            let driver = try project.start()
            let task = try project.cluster.waitForStopped()
            project.cluster.killDaemon(task.node)
            try project.cluster.wait("a restart", seconds: 120) { try project.restarted == ["features"] }
            kill(task.process, SIGCONT)
            let end = try ClusterProject.end(of: driver)
            #expect(end.code == 0, "\(end.errors)")
            try project.check(expected)
        }
    }

    /// Slurm ends a task at its limit; its program ignored the signal before.
    @Test func aRealTimeLimit() throws {
        let expected = try ClusterProject.expected()
        try ClusterProject.alone(["OverTimeLimit=0"]) { project in
            let prologue =
                "case $SLURM_JOB_NAME in lv.train.*.1a) trap '' USR1; scontrol update JobId=$SLURM_JOB_ID TimeLimit=1; sleep 120;; esac"
            try project.make(prologue: prologue)
            let end = try project.run()
            #expect(end.code == 0 && end.errors.contains("goes again with twice the time"), "\(end.errors)")
            try project.check(expected)
        }
    }

    /// Core-seconds by stage, predicted and measured, and their ratio in all.
    private static func comparison(_ plan: String, _ status: String) throws -> (text: String, ratio: Double) {
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
        let all = String(format: "; in all %.1f for %.1f", sums.0, sums.1)
        return (stages.joined(separator: ", ") + all, sums.0 / sums.1)
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
        try ClusterProject.alone { project in
            let cluster = project.cluster, command = project.command
            try FileManager.default.createDirectory(
                atPath: command.path("experiments"), withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                atPath: repository + "/experiments/coco_sample.json",
                toPath: command.path("experiments/coco_sample.json"))
            try project.settings()
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
            let there = try project.run(["run", "coco_sample", "--data", data])
            #expect(there.code == 0, "\(there.errors)")
            let status = try command.run(["status", "coco_sample", "--data", data, "--json"])
            let comparison = try Self.comparison(plan.output, status.output)
            print("coco_sample on the cluster, core-seconds predicted for measured: \(comparison.text)")
            #expect(comparison.ratio > 1 / 1.3 && comparison.ratio < 1.3, "\(comparison.text)")
            let content = try StoreContent(command), local = try StoreContent(command, store: "here")
            #expect(local.jobs.allSatisfy { content.jobs[$0.key] == $0.value })
            #expect(try command.files("results/coco_sample") == command.files("results/here/coco_sample"))
        }
    }
}
