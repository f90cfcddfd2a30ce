import Foundation
import Testing
import TestSupport

/// The real program on a real Slurm of four nodes that comes to harm: each test has a cluster of its own.
@Suite(.waitsForCluster, .enabled(if: SlurmCluster.isAvailable)) struct SlurmTroubleTests {
    @Test func aControllerThatIsKilledMidArray() throws {
        let expected = try ClusterProject.expected()
        try ClusterProject.alone { project in
            let cluster = project.cluster
            // Until the controller is there again.
            let go = project.command.path("go")
            try project.make(
                prologue: "case $SLURM_JOB_NAME in lv.features.*p0*) while [ ! -e \(go) ]; do sleep 0.1; done;; esac")
            let driver = try project.start()
            try cluster.wait("an array", seconds: 60) {
                try project.queue().contains { $0.name.contains(".1p0") && $0.state == "RUNNING" }
            }
            // What it has not on disk yet it would not know of, and would give its ids to others.
            try cluster.waitForSavedState()
            cluster.killController()
            try cluster.startController()
            try project.command.write("go", "")
            let end = try ClusterProject.end(of: driver)
            #expect(end.code == 0, "\(end.errors)")
            try project.check(expected)
            #expect(try project.isFirstAttempt)
        }
    }

    /// A node with what runs on it dies in each phase, in the middle of its work: Slurm starts its tasks again elsewhere,
    /// and they go on at what was kept.
    @Test func aNodeDiesInEachPhase() throws {
        let expected = try ClusterProject.expected()
        try ClusterProject.alone { project in
            let cluster = project.cluster
            try project.make(
                prologue: ClusterProject.stopping([
                    ("lv.features.*p0f0", "features.shard"), ("lv.train.*", "train.epoch"),
                    ("lv.evaluate.*p2f0", "evaluate.part"),
                ]))
            let driver = try project.start()
            for _ in 0..<3 {
                let node = try cluster.waitForStopped().node
                cluster.killNode(node)
                try cluster.reportDead(node)
                try cluster.startNode(node)
            }
            let end = try ClusterProject.end(of: driver)
            #expect(end.code == 0, "\(end.errors)")
            try project.check(expected)
            #expect(try project.isFirstAttempt)
            try project.checkRestarted(["features", "train", "evaluate"])
        }
    }

    /// The daemon alone dies: Slurm takes its node for dead and starts the task again. The first one slept past its
    /// lease, and goes on when all is done.
    @Test func aTaskThatSleptWhileAnotherTookOver() throws {
        let expected = try ClusterProject.expected()
        try ClusterProject.alone { project in
            let cluster = project.cluster
            // Nodes that are hosts: locks of one are not seen on another.
            try project.make(
                prologue: "export LAVISE_HOST=$SLURMD_NODENAME\n"
                    + ClusterProject.stopping([
                        ("lv.features.*p0f0", "features.shard"), ("lv.train.*", "train.epoch"),
                    ]))
            let driver = try project.start(["run", "x.json"], ["LAVISE_LEASE": "2"])
            var asleep: [Int32] = []
            for _ in 0..<2 {
                let task = try cluster.waitForStopped(but: asleep)
                asleep.append(task.process)
                cluster.killDaemon(task.node)
                try cluster.reportDead(task.node)
            }
            let end = try ClusterProject.end(of: driver)
            #expect(end.code == 0, "\(end.errors)")
            for process in asleep { kill(process, SIGCONT) }
            try cluster.wait("the end of what slept", seconds: 60) {
                asleep.allSatisfy { !FileManager.default.fileExists(atPath: "/proc/\($0)") }
            }
            try project.check(expected)
            #expect(try project.isFirstAttempt)
            try project.checkRestarted(["features", "train"])
        }
    }

    /// Slurm's own watch over memory ends a task, and more is asked for.
    @Test func outOfMemory() throws { try Self.outOfMemory(hasCgroups: false) }

    /// The kernel's.
    @Test(.enabled(if: SlurmCluster.canConstrain)) func outOfMemoryInACgroup() throws {
        try Self.outOfMemory(hasCgroups: true)
    }

    private static func outOfMemory(hasCgroups: Bool) throws {
        // Trained before: so it is known how little it takes.
        func prepare(_ command: Command) throws {
            try command.makeTiny(epochs: 1)
            #expect(try command.finish(["run", "x.json"]).code == 0)
            try command.makeTiny(epochs: 2)
        }
        let expected = try Command.inMemory { command in
            try prepare(command)
            #expect(try command.finish(["run", "x.json"]).code == 0)
            return ClusterProject.Outcome(store: try StoreContent(command), tables: try command.files("results/x"))
        }
        try ClusterProject.alone(hasCgroups: hasCgroups) { project in
            try prepare(project.command)
            // 512 MB were asked for. What is too much is kept for a while: Slurm looks once a second.
            let glutton = "(head -c 700m /dev/zero; sleep 20) | tail -n 1 >/dev/null; exit 1"
            try project.settings(
                prologue: "case $SLURM_JOB_NAME in lv.train.*.1a) exec sh -c '\(glutton)';; esac")
            let end = try project.run()
            #expect(end.code == 0 && end.errors.contains("goes again with twice the memory"), "\(end.errors)")
            #expect(try project.names.contains { $0.hasPrefix("lv.train.") && $0.hasSuffix(".2a") })
            try project.check(expected)
        }
    }

    @Test func jobsThatSlurmForgets() throws {
        let expected = try ClusterProject.expected()
        try ClusterProject.alone(["MinJobAge=2"]) { project in
            try project.make()
            try project.settings(poll: 5, grace: 1)
            let end = try project.run()
            #expect(end.code == 0, "\(end.errors)")
            try project.check(expected)
        }
    }
}
