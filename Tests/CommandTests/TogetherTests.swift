import Fingerprints
import Foundation
import Testing
import TestSupport

/// Several processes of the real program in one store.
@Suite(.waits, .serialized) struct TogetherTests {
    /// Three experiments that share jobs: `b` trains for longer than `a`, `c` evaluates more than `a`.
    private static let names = ["a", "b", "c"]
    private static let stageCount = 8, distinct = 15

    private static func makeOverlapping(_ command: Command) throws {
        try command.makeTiny("a", epochs: 3)
        try command.makeTiny("b", epochs: 4)
        try command.makeTiny("c", epochs: 3, topImages: 3)
    }

    private static func oneAfterTheOther() throws -> StoreContent {
        try Command.inMemory { command in
            try makeOverlapping(command)
            for name in names { #expect(try command.finish(["run", "\(name).json"]).code == 0) }
            return try StoreContent(command)
        }
    }

    @Test func eightProcessesOverThreeExperiments() throws {
        let expected = try Self.oneAfterTheOther()
        #expect(expected.jobs.count == Self.distinct)
        var killed = 0, waits = 0
        for round in 0..<8 {
            var random = RandomSource(seed: UInt64(round), stream: "together")
            try Command.inMemory { command in
                try Self.makeOverlapping(command)
                func start(_ index: Int, _ fault: [String: String] = [:]) throws -> RunningCommand {
                    try command.start(
                        ["run", "\(Self.names[index % 3]).json", "-j", "2"],
                        ["LAVISE_FAULT_LOG": command.path("log\(index)")].merging(fault) { $1 })
                }
                // The first stops within a job that all share, until one of the others waits for it.
                var running = [try start(0, ["LAVISE_FAULT": "stop:preprocess.check"])]
                #expect(running[0].waitUntilStopped())
                for index in 1..<8 { running.append(try start(index)) }
                #expect(running[7].wait { running[7].errors.contains("waiting for \(running[0].id)@") })
                running[0].goOn()
                // Of every second round's processes half die, one after another after so many places as the seed says.
                let victims = round % 2 == 0 ? [] : (0..<8).filter { _ in random.below(2) == 0 }
                for victim in victims {
                    let passed = random.below(60)
                    running[victim].wait { command.places("log\(victim)").count >= passed }
                    running[victim].kill()
                }
                let ends = try running.map { try $0.wait() }
                for (index, end) in ends.enumerated() where !victims.contains(index) {
                    #expect(end.code == 0, "round \(round), process \(index): \(end.errors)")
                }
                killed += ends.filter(\.wasKilled).count
                // Who has taken a lock a moment ago has not said yet who it is.
                let holders = Set(running.map { "\($0.id)@" }).union(["another process"])
                let lines = ends.flatMap { $0.errors.split(separator: "\n") }.filter { $0.contains("waiting for") }
                waits += lines.count
                for line in lines { #expect(holders.contains { line.contains("waiting for \($0)") }, "\(line)") }
                let ran = ends.flatMap(\.ran)
                #expect(ran.count <= Self.distinct, "round \(round): \(ran)")
                if victims.isEmpty { #expect(ran.count == Self.distinct, "round \(round): \(ran)") }
                for name in Self.names { #expect(try command.finish(["run", "\(name).json"]).code == 0) }
                // Each trace tells of one execution: nothing was published twice.
                #expect(try StoreContent(command) == expected, "round \(round)")
                #expect(command.leftWork().isEmpty)
            }
        }
        print("64 processes, \(killed) killed, \(waits) lines of waiting")
        // At least one that waited in each of the rounds in which none dies.
        #expect(killed > 0 && waits >= 4)
    }

    /// As on a network disk that keeps locks to each host: `LAVISE_HOST` takes the place of another machine.
    private static func host(_ name: String, lease: Double) -> [String: String] {
        ["LAVISE_HOST": name, "LAVISE_LEASE": "\(lease)"]
    }

    @Test func twoHostsShareOneRun() throws {
        try Command.inMemory { command in
            try command.makeTiny()
            let one = try command.start(
                ["run", "x.json"],
                Self.host("one", lease: 200).merging(["LAVISE_FAULT": "stop:preprocess.check"]) { $1 })
            #expect(one.waitUntilStopped())
            let two = try command.start(["run", "x.json"], Self.host("two", lease: 200))
            #expect(two.wait { two.errors.contains("waiting for \(one.id)@one ") })
            one.goOn()
            let ends = [try one.wait(), try two.wait()]
            #expect(ends.map(\.code) == [0, 0], "\(ends.map(\.errors))")
            #expect(ends.flatMap(\.ran).count == Self.stageCount)
            #expect(try StoreContent(command).jobs.values.allSatisfy { $0.executions == 1 })
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: command.path(".lavise/locks")).filter { $0 != "gc" }
                    == [])
        }
    }

    /// On a disk that remembers absent names the second host sees what the first has made, though it asked before.
    @Test(.enabled(if: LaggingDisk.isAvailable, "needs bindfs")) func aDiskThatRemembersAbsentNames() throws {
        try Command.with { command in
            let hosts = ["one", "two"].map { (name: $0, place: command.path("seen-\($0)")) }
            let disk = try LaggingDisk(command.path("disk"), seenAt: hosts.map(\.place))
            defer { disk.stop() }
            try command.makeTiny(epochs: 60)
            // Both have looked for every trace before there is one.
            for host in hosts {
                let status = try command.run(
                    ["status", "x.json", "--store", host.place + "/store"],
                    environment: Self.host(host.name, lease: 20))
                #expect(status.code == 0, "\(status.errors)")
            }
            let running = try hosts.map { host in
                try command.start(
                    ["run", "x.json", "-j", "1", "--store", host.place + "/store"], Self.host(host.name, lease: 20))
            }
            let ends = try running.map { try $0.wait() }
            #expect(ends.map(\.code) == [0, 0], "\(ends.map(\.errors))")
            #expect(ends.flatMap(\.ran).count == Self.stageCount, "\(ends.map(\.errors))")
            disk.stop()
            let content = try StoreContent(command, store: "disk/store")
            #expect(content.jobs.values.allSatisfy { $0.executions == 1 && $0.outcomes == 1 })
            #expect(content.jobs.count == Self.stageCount)
        }
    }

    @Test func aDeadProcessIsNoticedAtOnceOnItsHostAndByItsLeaseElsewhere() throws {
        for (host, isLate) in [("one", false), ("two", true)] {
            try Command.inMemory { command in
                try command.makeTiny()
                let dead = try command.finish(
                    ["run", "x.json", "-j", "1"],
                    Self.host("one", lease: 3).merging(["LAVISE_FAULT": "train.epoch:3"]) { $1 })
                #expect(dead.wasKilled)
                let start = Date()
                let end = try command.finish(
                    ["run", "x.json"],
                    Self.host(host, lease: 3).merging(["LAVISE_FAULT_LOG": command.path("log")]) { $1 })
                #expect(end.code == 0, "\(end.errors)")
                #expect(end.errors.contains("waiting for \(dead.id)@one train") == isLate, "\(end.errors)")
                // Not before the lease is over; at the most a machine under load may need longer.
                #expect(isLate == (Date().timeIntervalSince(start) >= 3))
                #expect(command.places("log").filter { $0 == "train.epoch" }.count == 3)
            }
        }
    }

    @Test func aLeaseIsRenewedForAsLongAsTheJobTakes() throws {
        try Command.inMemory { command in
            // The first job takes about four seconds, its lease two.
            try command.makeTiny(scenes: 500, epochs: 1)
            let one = try command.start(
                ["run", "x.json", "--until", "scenes"],
                Self.host("one", lease: 2).merging(["LAVISE_FAULT_LOG": command.path("one")]) { $1 })
            one.wait { command.places("one").contains("scenes.check") }
            let two = try command.start(["run", "x.json", "--until", "scenes"], Self.host("two", lease: 2))
            let ends = [try one.wait(), try two.wait()]
            #expect(ends.map(\.code) == [0, 0], "\(ends.map(\.errors))")
            #expect(ends.map(\.ran) == [["scenes"], []])
        }
    }

    /// A host that was suspended for longer than its lease wakes while another one is at its job, or has done it: it
    /// takes what is there.
    @Test(arguments: [false, true])
    func aHostThatSleptGivesItsJobUp(untilItIsDone: Bool) throws {
        try Command.inMemory { command in
            try command.makeTiny(epochs: 300)
            let one = try command.start(
                ["run", "x.json", "-j", "1"],
                Self.host("one", lease: 1).merging(["LAVISE_FAULT": "stop:train.epoch"]) { $1 })
            #expect(one.waitUntilStopped())
            let two = try command.start(
                ["run", "x.json", "-j", "1"],
                Self.host("two", lease: 1).merging(["LAVISE_FAULT_LOG": command.path("two")]) { $1 })
            if untilItIsDone {
                #expect(try two.wait().code == 0)
            } else {
                two.wait { command.places("two").contains("train.epoch") }
            }
            one.goOn()
            let ends = [try one.wait(), try two.wait()]
            #expect(ends.map(\.code) == [0, 0], "\(ends.map(\.errors))")
            #expect(ends[0].jobs("failed").isEmpty, "\(ends[0].errors)")
            #expect(try StoreContent(command).jobs.values.allSatisfy { $0.outcomes == 1 })
            #expect(command.leftWork().isEmpty)
        }
    }

    /// A disk without `flock`: the locks of this host are kept elsewhere, and a job is still made once.
    @Test func withoutFlockAJobIsMadeOnce() throws {
        try Command.inMemory { command in
            try command.makeTiny(epochs: 20)
            try command.write(
                "shim.c",
                """
                #define _GNU_SOURCE
                #include <errno.h>
                #include <stdio.h>
                #include <string.h>
                #include <sys/syscall.h>
                #include <unistd.h>
                int flock(int fd, int how) {
                    char link[64], path[4096];
                    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
                    ssize_t n = readlink(link, path, sizeof path - 1);
                    path[n < 0 ? 0 : n] = 0;
                    if (strstr(path, "/.lavise/")) { errno = ENOSYS; return -1; }
                    return syscall(SYS_flock, fd, how);
                }
                """)
            let compiler = Process()
            compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            compiler.arguments = ["clang", "-shared", "-fPIC", "-o", command.path("shim.so"), command.path("shim.c")]
            try compiler.run()
            compiler.waitUntilExit()
            try #require(compiler.terminationStatus == 0)
            let environment = ["LD_PRELOAD": command.path("shim.so")]
            let running = try (0..<2).map { _ in try command.start(["run", "x.json"], environment) }
            let ends = try running.map { try $0.wait() }
            #expect(ends.map(\.code) == [0, 0], "\(ends.map(\.errors))")
            #expect(ends.flatMap(\.ran).count == Self.stageCount)
            #expect(try StoreContent(command).jobs.values.allSatisfy { $0.executions == 1 })
        }
    }
}
