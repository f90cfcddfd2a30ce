import Foundation
import Testing
import TestSupport

/// The real program on a real Slurm of four nodes, which all tests use at once. Arrays are of two at most: most
/// are cut.
@Suite(.waitsForCluster, .sharedCluster("MaxArraySize=2"), .enabled(if: SlurmCluster.isAvailable)) struct SlurmTests {
    @Test func aMatrixIsByteForByteThatOfThisMachine() throws {
        let expected = try ClusterProject.expectedOfRows()
        try ClusterProject.with { project in
            try project.make(matrix: ClusterProject.rows)
            let end = try project.run()
            #expect(end.code == 0, "\(end.errors)")
            try project.check(expected)
            let names = try project.names
            // First attempts alone, and arrays of features and evaluation among them, the latter in two pieces.
            #expect(try project.isFirstAttempt, "\(names)")
            #expect(
                [("features", ".1p0f0"), ("evaluate", ".1p2f0"), ("evaluate", ".1p2f2")].allSatisfy { stage, piece in
                    names.contains { $0.hasPrefix("lv.\(stage).") && $0.hasSuffix(piece) }
                }, "\(names)")
            #expect(
                names.allSatisfy { name in
                    ["preprocess", "features", "train", "evaluate", "evidence"].contains { name.hasPrefix("lv.\($0).") }
                })
            let status = try project.ask("status", "x.json", "--exit-code")
            #expect(status.code == 0, "\(status.output)")
            let logs = try project.ask("logs", "x.json", "features", "--json")
            #expect(logs.code == 0 && logs.output.contains("\"code\": 0"))
        }
    }

    @Test(arguments: ["slurm.claimed:2", "slurm.submitted:2", "slurm.submitted:5"])
    func aDriverThatIsKilledIsFollowedByAnother(place: String) throws {
        let expected = try ClusterProject.expected()
        try ClusterProject.with { project in
            try project.make()
            let killed = try project.run(["run", "x.json"], ["LAVISE_FAULT": place])
            #expect(killed.wasKilled, "\(killed.errors)")
            let end = try project.run()
            #expect(end.code == 0, "\(end.errors)")
            try project.check(expected)
            let counts = Dictionary(grouping: try project.queue().map(\.name), by: { $0 }).mapValues(\.count)
            // Arrays of two at most, and no name of a second attempt: nothing was submitted twice.
            #expect(counts.filter { $0.key.hasSuffix(".1a") }.values.allSatisfy { $0 == 1 }, "\(counts)")
            #expect(counts.values.allSatisfy { $0 <= 2 }, "\(counts)")
            #expect(try project.isFirstAttempt, "\(counts)")
            if place == "slurm.submitted:5" { #expect(end.errors.contains("goes on with what"), "\(end.errors)") }
        }
    }

    @Test func twoDriversAtOnce() throws {
        let expected = try ClusterProject.expected()
        try ClusterProject.with { project in
            try project.make()
            let drivers = try (0..<2).map { _ in try project.start() }
            let ends = try drivers.map { try ClusterProject.end(of: $0) }
            #expect(ends.map(\.code) == [0, 0], "\(ends.map(\.errors))")
            try project.check(expected)
            #expect(try project.isFirstAttempt)
        }
    }

    @Test func interruptingLeavesAnEmptyQueue() throws {
        try ClusterProject.with { project in
            try project.make(prologue: "sleep 30")
            let driver = try project.start()
            try project.cluster.wait("a job", seconds: 60) { try !project.live.isEmpty }
            kill(driver.id, SIGINT)
            let end = try ClusterProject.end(of: driver)
            #expect(end.code == 130, "\(end.errors)")
            #expect(try project.live == [])
            // And by the verb, when the driver is gone.
            let other = try project.start()
            try project.cluster.wait("a job", seconds: 60) { try !project.live.isEmpty }
            other.kill()
            _ = try other.wait()
            let status = try project.ask("status", "x.json")
            #expect(status.output.contains("on the cluster: preprocess"), "\(status.output)")
            let cancel = try project.ask("cancel", "x.json")
            #expect(cancel.code == 0 && cancel.output.contains("1 job ended"), "\(cancel.output)\(cancel.errors)")
            #expect(try project.live == [])
        }
    }

    /// The whole run is a job of the cluster: others watch it, and have its tables.
    @Test func aDriverOnTheCluster() throws {
        let expected = try ClusterProject.expected()
        try ClusterProject.with { project in
            try project.make()
            let end = try project.run(["run", "x.json", "--detach", "--json"])
            #expect(end.code == 0, "\(end.errors)")
            try project.cluster.wait("the driver's jobs", seconds: 60) {
                let names = try project.live
                return names.contains { $0.hasPrefix("lv.driver.x.") }
                    && names.contains { $0.hasPrefix("lv.preprocess.") }
            }
            let attach = try project.run(["attach", "x.json"])
            #expect(attach.code == 0, "\(attach.errors)")
            try project.check(expected)
            let names = try project.names.filter { !$0.hasPrefix("lv.driver.") }
            #expect(names.allSatisfy { $0.split(separator: ".").last?.hasPrefix("1") == true }, "\(names)")
            let log = try String(
                contentsOfFile: project.command.path(".lavise/cluster/driver-x.log"), encoding: .utf8)
            #expect(log.contains("made on the cluster") || attach.errors.contains("made on the cluster"), "\(log)")
            // Nothing is left to watch.
            let again = try project.run(["attach", "x.json"])
            #expect(again.code != 0 && again.errors.contains("nothing of x is on the cluster"), "\(again.errors)")
        }
    }

    /// `cancel` ends the driver and all its jobs; the next run goes on with what was finished.
    @Test func aDriverOnTheClusterIsCancelled() throws {
        let expected = try ClusterProject.expected()
        try ClusterProject.with { project in
            let go = project.command.path("go")
            try project.make(prologue: "case $SLURM_JOB_NAME in lv.features.*) [ -e \(go) ] || sleep 60;; esac")
            #expect(try project.run(["run", "x.json", "--detach"]).code == 0)
            try project.cluster.wait("features", seconds: 90) {
                try project.live.contains { $0.hasPrefix("lv.features.") }
            }
            let cancel = try project.ask("cancel", "x.json")
            #expect(cancel.code == 0 && cancel.output.contains("jobs ended"), "\(cancel.output)\(cancel.errors)")
            #expect(try project.live == [])
            #expect(try project.ask("status", "x.json").output.contains("on the cluster") == false)
            try project.command.write("go", "")
            let end = try project.run()
            #expect(end.code == 0, "\(end.errors)")
            try project.check(expected)
        }
    }

    @Test func tooLittleTimeOrMemoryIsAskedForAgain() throws {
        let expected = try ClusterProject.expected()
        try ClusterProject.with { project in
            // Out of memory at the first attempt of features, out of time at that of training, as the kernel and Slurm
            // would end them.
            try project.make(
                prologue:
                    #"case "$SLURM_JOB_NAME" in lv.features.*.*.1*) kill -9 $$;; lv.train.*.*.1a) kill -USR1 $$;; esac"#
            )
            let end = try project.run()
            #expect(end.code == 0, "\(end.errors)")
            #expect(
                end.errors.contains("goes again with twice the memory")
                    && end.errors.contains("goes again with twice the time"), "\(end.errors)")
            try project.check(expected)
        }
    }

    /// Each node, and the driver, sees the store through a mount that remembers for 20 s that a name was absent.
    @Test(.enabled(if: LaggingDisk.isAvailable, "needs bindfs")) func aStoreWhoseNamesLag() throws {
        let expected = try ClusterProject.expected()
        try ClusterProject.with { project in
            let command = project.command
            let nodes = (1...4).map { command.path("seen-n\($0)") }
            let disk = try LaggingDisk(command.path("disk"), seenAt: nodes + [command.path(".lavise")])
            defer { disk.stop() }
            let bind = "mount --bind \(command.path("seen"))-$SLURMD_NODENAME \(command.path(".lavise"))"
            try project.make()
            try project.settings(
                poll: 1, grace: 30,
                prologue:
                    "[ -n \"$BOUND\" ] || { export BOUND=1; exec unshare -m sh -c '\(bind) && exec sh \"$0\"' \"$0\"; }"
            )
            let end = try project.run(["run", "x.json"], ["LAVISE_LEASE": "20"])
            #expect(end.code == 0, "\(end.errors)")
            #expect(!end.errors.contains("goes again"), "\(end.errors)")
            try project.cluster.wait("an empty queue", seconds: 20) { try project.live.isEmpty }
            disk.stop()
            #expect(try StoreContent(command, store: "disk") == expected.store)
            #expect(try command.files("results/x") == expected.tables)
        }
    }

    @Test func aNodeWithoutTheStoreIsNamed() throws {
        try ClusterProject.with { project in
            // Each task sees an empty folder in the store's place.
            let store = project.command.path(".lavise")
            try project.make(
                prologue:
                    "[ -n \"$HIDDEN\" ] || { export HIDDEN=1; exec unshare -m sh -c 'mount -t tmpfs none \(store) && exec sh \"$0\"' \"$0\"; }"
            )
            let end = try project.run()
            #expect(end.code == 1 && end.errors.contains("does not see \(store)"), "\(end.errors)")
            #expect(end.errors.components(separatedBy: "does not see").count == 2)
            try project.cluster.wait("an empty queue", seconds: 10) { try project.live.isEmpty }
        }
    }
}
