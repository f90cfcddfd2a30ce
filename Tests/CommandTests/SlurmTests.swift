import Foundation
import Testing
import TestSupport

/// The real program on a real Slurm of four nodes.
@Suite(.waits, .serialized, .enabled(if: SlurmCluster.isAvailable)) struct SlurmTests {
    /// A project with an experiment whose features are three shards and whose evaluation is five parts, each a task.
    static func make(_ command: Command, matrix: String = "", slurm: String = "") throws {
        let filters = (0..<40).map { "\($0)" }.joined(separator: ", ")
        try command.write(
            "x.json",
            """
            {"name": "x", "dataset": {"kind": "demo-scenes", "scenes": 136}, "embedding": {"kind": "demo-scenes"},
             "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": {"epochs": 2, "batchSize": 12},
             \(matrix)
             "evaluate": {"filters": [\(filters)], "topImages": 4, "methods": ["original"]}}
            """)
        try settings(command, slurm)
    }

    /// Tasks as short as can be, so that there are many.
    static func settings(_ command: Command, _ more: String = "") throws {
        try command.write(
            "lavise.json",
            """
            {"executor": "slurm", "slurm": {"poll": 0.3, "taskMinutes": 0.001, "grace": 3\(more)}}
            """)
    }

    private static func on<R>(_ settings: [String] = [], nodes: Int = 4, _ body: (SlurmCluster, Command) throws -> R)
        throws -> R
    {
        let cluster = try SlurmCluster(nodes: nodes, settings: settings)
        defer { cluster.stop() }
        return try Command.with { try body(cluster, $0) }
    }

    static func run(
        _ cluster: SlurmCluster, _ command: Command, _ arguments: [String] = ["run", "x.json"],
        _ more: [String: String] = [:]
    ) throws -> RunningCommand.End {
        try end(of: command.start(arguments, cluster.environment.merging(more) { $1 }))
    }

    /// A driver that does not end in time is killed, so that no test waits for ever.
    static func end(of driver: RunningCommand, seconds: Double = 240) throws -> RunningCommand.End {
        let late = Date(timeIntervalSinceNow: seconds)
        while driver.isRunning {
            if Date() > late { driver.kill() }
            usleep(20_000)
        }
        return try driver.wait()
    }

    /// What a run here leaves.
    static func expected(matrix: String = "") throws -> (store: StoreContent, results: [String: Data]) {
        try Command.with { command in
            try make(command, matrix: matrix)
            let end = try command.finish(["run", "x.json", "--executor", "local"])
            #expect(end.code == 0, "\(end.errors)")
            return (try StoreContent(command), try command.files("results/x"))
        }
    }

    /// The same artifacts and results, each job executed once, nothing left in the queue, in claims or in scratch.
    static func check(
        _ cluster: SlurmCluster, _ command: Command, _ expected: (store: StoreContent, results: [String: Data])
    ) throws {
        #expect(try StoreContent(command) == expected.store)
        #expect(try command.files("results/x") == expected.results)
        #expect(command.leftWork().isEmpty)
        try cluster.wait("an empty queue", seconds: 10) { try cluster.live.isEmpty }
        let claims = try FileManager.default.subpathsOfDirectory(atPath: command.path(".lavise/cluster")).filter {
            $0.hasSuffix("/claim")
        }
        #expect(claims == [])
    }

    private static func names(_ cluster: SlurmCluster) throws -> Set<String> { Set(try cluster.queue().map(\.name)) }

    @Test func aMatrixIsByteForByteThatOfThisMachine() throws {
        let matrix = "\"matrix\": {\"seed\": [0, 1], \"backbone.layer\": [\"layer1\", \"layer2\"]},"
        let expected = try Self.expected(matrix: matrix)
        // Arrays of three at most: they are cut.
        try Self.on(["MaxArraySize=3"]) { cluster, command in
            try Self.make(command, matrix: matrix)
            let end = try Self.run(cluster, command)
            #expect(end.code == 0, "\(end.errors)")
            try Self.check(cluster, command, expected)
            let names = try Self.names(cluster)
            // First attempts alone, and arrays of features and evaluation among them.
            #expect(names.allSatisfy { $0.split(separator: ".").last?.hasPrefix("1") ?? false }, "\(names)")
            #expect(
                names.contains { $0.hasPrefix("lv.features.") && $0.contains(".1p0f0") }
                    && names.contains { $0.contains(".1p") && $0.hasPrefix("lv.evaluate.") })
            #expect(
                names.allSatisfy { name in
                    ["preprocess", "features", "train", "evaluate", "evidence"].contains { name.hasPrefix("lv.\($0).") }
                })
            let status = try command.run(["status", "x.json", "--exit-code"], environment: cluster.environment)
            #expect(status.code == 0, "\(status.output)")
            let logs = try command.run(["logs", "x.json", "features", "--json"], environment: cluster.environment)
            #expect(logs.code == 0 && logs.output.contains("\"code\": 0"))
        }
    }

    @Test func aDriverThatIsKilledIsFollowedByAnother() throws {
        let expected = try Self.expected()
        for place in ["slurm.claimed:2", "slurm.submitted:2", "slurm.submitted:4"] {
            try Self.on { cluster, command in
                try Self.make(command)
                let killed = try Self.run(cluster, command, ["run", "x.json"], ["LAVISE_FAULT": place])
                #expect(killed.wasKilled, "\(place): \(killed.errors)")
                let end = try Self.run(cluster, command)
                #expect(end.code == 0, "\(place): \(end.errors)")
                try Self.check(cluster, command, expected)
                let counts = Dictionary(grouping: try cluster.queue().map(\.name), by: { $0 }).mapValues(\.count)
                // One array of three, and no name of a second attempt: nothing was submitted twice.
                #expect(counts.filter { $0.key.contains(".1a") }.values.allSatisfy { $0 == 1 }, "\(place): \(counts)")
                #expect(
                    counts.keys.allSatisfy {
                        !$0.contains(".2") || $0.split(separator: ".").last?.hasPrefix("1") ?? false
                    }, "\(counts)")
                if place == "slurm.submitted:4" { #expect(end.errors.contains("goes on with what"), "\(end.errors)") }
            }
        }
    }

    @Test func twoDriversAtOnce() throws {
        let expected = try Self.expected()
        try Self.on { cluster, command in
            try Self.make(command)
            let drivers = try (0..<2).map { _ in try command.start(["run", "x.json"], cluster.environment) }
            let ends = try drivers.map { try Self.end(of: $0) }
            #expect(ends.map(\.code) == [0, 0], "\(ends.map(\.errors))")
            try Self.check(cluster, command, expected)
            #expect(try Self.names(cluster).allSatisfy { $0.split(separator: ".").last?.hasPrefix("1") ?? false })
        }
    }

    @Test func interruptingLeavesAnEmptyQueue() throws {
        try Self.on { cluster, command in
            try Self.make(command, slurm: ", \"prologue\": \"sleep 30\"")
            let driver = try command.start(["run", "x.json"], cluster.environment)
            try cluster.wait("a job", seconds: 20) { try !cluster.live.isEmpty }
            kill(driver.id, SIGINT)
            let end = try Self.end(of: driver)
            #expect(end.code == 130, "\(end.errors)")
            #expect(try cluster.live.filter { !$0.isEmpty }.isEmpty)
            // And by the verb, when the driver is gone.
            let other = try command.start(["run", "x.json"], cluster.environment)
            try cluster.wait("a job", seconds: 20) { try !cluster.live.isEmpty }
            other.kill()
            _ = try other.wait()
            let status = try command.run(["status", "x.json"], environment: cluster.environment)
            #expect(status.output.contains("on the cluster: preprocess"), "\(status.output)")
            let cancel = try command.run(["cancel", "x.json"], environment: cluster.environment)
            #expect(cancel.code == 0 && cancel.output.contains("1 job ended"), "\(cancel.output)\(cancel.errors)")
            #expect(try cluster.live.isEmpty)
        }
    }

    /// The whole run is a job of the cluster: others watch it, and have its tables.
    @Test func aDriverOnTheCluster() throws {
        let expected = try Self.expected()
        try Self.on { cluster, command in
            try Self.make(command)
            let end = try Self.run(cluster, command, ["run", "x.json", "--detach", "--json"])
            #expect(end.code == 0, "\(end.errors)")
            try cluster.wait("the driver's jobs", seconds: 30) {
                let names = try cluster.live
                return names.contains { $0.hasPrefix("lv.driver.x.") }
                    && names.contains { $0.hasPrefix("lv.preprocess.") }
            }
            let attach = try Self.run(cluster, command, ["attach", "x.json"])
            #expect(attach.code == 0, "\(attach.errors)")
            try Self.check(cluster, command, expected)
            let names = try Self.names(cluster)
            #expect(
                names.allSatisfy {
                    $0.hasPrefix("lv.driver.") || $0.split(separator: ".").last?.hasPrefix("1") == true
                }, "\(names)")
            let log = try String(contentsOfFile: command.path(".lavise/cluster/driver-x.log"), encoding: .utf8)
            #expect(log.contains("made on the cluster") || attach.errors.contains("made on the cluster"), "\(log)")
            // Nothing is left to watch.
            let again = try Self.run(cluster, command, ["attach", "x.json"])
            #expect(again.code != 0 && again.errors.contains("nothing of x is on the cluster"), "\(again.errors)")
        }
    }

    /// `cancel` ends the driver and all its jobs; the next run goes on with what was finished.
    @Test func aDriverOnTheClusterIsCancelled() throws {
        let expected = try Self.expected()
        try Self.on { cluster, command in
            try Self.make(
                command,
                slurm:
                    ", \"prologue\": \"case $SLURM_JOB_NAME in lv.features.*) [ -e \(command.path("go")) ] || sleep 60;; esac\""
            )
            #expect(try Self.run(cluster, command, ["run", "x.json", "--detach"]).code == 0)
            try cluster.wait("features", seconds: 60) { try cluster.live.contains { $0.hasPrefix("lv.features.") } }
            let cancel = try command.run(["cancel", "x.json"], environment: cluster.environment)
            #expect(cancel.code == 0 && cancel.output.contains("jobs ended"), "\(cancel.output)\(cancel.errors)")
            #expect(try cluster.live.isEmpty)
            #expect(
                try command.run(["status", "x.json"], environment: cluster.environment).output.contains(
                    "on the cluster") == false)
            try command.write("go", "")
            let end = try Self.run(cluster, command)
            #expect(end.code == 0, "\(end.errors)")
            try Self.check(cluster, command, expected)
        }
    }

    @Test func aControllerThatIsKilledMidArray() throws {
        let expected = try Self.expected()
        try Self.on { cluster, command in
            try Self.make(
                command, slurm: ", \"prologue\": \"case $SLURM_JOB_NAME in lv.features.*p0*) sleep 9;; esac\"")
            let driver = try command.start(["run", "x.json"], cluster.environment)
            try cluster.wait("an array", seconds: 40) {
                try cluster.queue().contains { $0.name.contains(".1p0") && $0.state == "RUNNING" }
            }
            // What it has not on disk yet it would not know of, and would give its ids to others.
            try cluster.waitForSavedState()
            cluster.killController()
            try cluster.startController()
            let end = try Self.end(of: driver)
            #expect(end.code == 0, "\(end.errors)")
            try Self.check(cluster, command, expected)
        }
    }

    @Test func tooLittleTimeOrMemoryIsAskedForAgain() throws {
        let expected = try Self.expected()
        try Self.on { cluster, command in
            // Out of memory at the first attempt of features, out of time at that of training, as the kernel and Slurm
            // would end them.
            let prologue =
                #"case "$SLURM_JOB_NAME" in lv.features.*.*.1*) kill -9 $$;; lv.train.*.*.1a) kill -USR1 $$;; esac"#
            try Self.make(
                command, slurm: ", \"prologue\": \(String(decoding: try JSONEncoder().encode(prologue), as: UTF8.self))"
            )
            let end = try Self.run(cluster, command)
            #expect(end.code == 0, "\(end.errors)")
            #expect(
                end.errors.contains("goes again with twice the memory")
                    && end.errors.contains("goes again with twice the time"), "\(end.errors)")
            try Self.check(cluster, command, expected)
        }
    }

    /// Each node, and the driver, sees the store through a mount that remembers for 20 s that a name was absent.
    @Test(.enabled(if: LaggingDisk.isAvailable, "needs bindfs")) func aStoreWhoseNamesLag() throws {
        let expected = try Self.expected()
        try Self.on { cluster, command in
            let nodes = (1...4).map { command.path("seen-n\($0)") }
            let disk = try LaggingDisk(command.path("disk"), seenAt: nodes + [command.path(".lavise")])
            defer { disk.stop() }
            let bind = "mount --bind \(command.path("seen"))-$SLURMD_NODENAME \(command.path(".lavise"))"
            let prologue =
                "[ -n \"$BOUND\" ] || { export BOUND=1; exec unshare -m sh -c '\(bind) && exec sh \"$0\"' \"$0\"; }"
            try Self.make(command)
            let words = String(decoding: try JSONEncoder().encode(prologue), as: UTF8.self)
            try command.write(
                "lavise.json",
                "{\"executor\": \"slurm\", \"slurm\": {\"poll\": 1, \"taskMinutes\": 0.001, \"grace\": 30, \"prologue\": \(words)}}"
            )
            let end = try Self.run(cluster, command, ["run", "x.json"], ["LAVISE_LEASE": "20"])
            #expect(end.code == 0, "\(end.errors)")
            #expect(!end.errors.contains("goes again"), "\(end.errors)")
            try cluster.wait("an empty queue", seconds: 20) { try cluster.live.isEmpty }
            disk.stop()
            #expect(try StoreContent(command, store: "disk") == expected.store)
            #expect(try command.files("results/x") == expected.results)
        }
    }

    @Test func jobsThatSlurmForgets() throws {
        let expected = try Self.expected()
        try Self.on(["MinJobAge=2"]) { cluster, command in
            try Self.make(command)
            try Self.settings(command, ", \"poll\": 5".replacingOccurrences(of: ", \"poll\": 5", with: ""))
            try command.write(
                "lavise.json",
                "{\"executor\": \"slurm\", \"slurm\": {\"poll\": 5, \"taskMinutes\": 0.001, \"grace\": 1}}")
            let end = try Self.run(cluster, command)
            #expect(end.code == 0, "\(end.errors)")
            try Self.check(cluster, command, expected)
        }
    }

    @Test func aNodeWithoutTheStoreIsNamed() throws {
        try Self.on { cluster, command in
            // Each task sees an empty folder in the store's place.
            let prologue =
                "[ -n \"$HIDDEN\" ] || { export HIDDEN=1; exec unshare -m sh -c 'mount -t tmpfs none \(command.path(".lavise")) && exec sh \"$0\"' \"$0\"; }"
            try Self.make(
                command, slurm: ", \"prologue\": \(String(decoding: try JSONEncoder().encode(prologue), as: UTF8.self))"
            )
            let end = try Self.run(cluster, command)
            #expect(end.code == 1 && end.errors.contains("does not see \(command.path(".lavise"))"), "\(end.errors)")
            #expect(end.errors.components(separatedBy: "does not see").count == 2)
            try cluster.wait("an empty queue", seconds: 10) { try cluster.live.isEmpty }
        }
    }
}
