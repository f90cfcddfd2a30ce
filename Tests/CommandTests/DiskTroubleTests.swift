import Foundation
import Testing
import TestSupport

/// Real trouble with the disk under the real program.
@Suite(.waits) struct DiskTroubleTests {
    /// A small file system in memory, where this process may mount one.
    private static let mayMount: Bool = {
        guard geteuid() == 0 else { return false }
        let folder = NSTemporaryDirectory() + "lavise-mount-\(UUID().uuidString)"
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        guard shell("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder) == 0 else { return false }
        return shell("umount", folder) == 0
    }()

    @discardableResult
    private static func shell(_ words: String...) -> Int32 { shell(words) }

    private static func shell(_ words: [String]) -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return -1 }
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Sizes at which the disk fills up in one stage or another, then room.
    @Test(.enabled(if: mayMount, "needs root and the right to mount a tmpfs"))
    func aFullDiskIsAClearErrorAndNothingIsLost() throws {
        let expected = try Command.inMemory { command in
            try command.makeArchived()
            #expect(try command.finish(["run", "x.json"]).code == 0)
            return try StoreContent(command)
        }
        try Command.inMemory { command in
            try command.makeArchived()
            let disk = command.path("disk")
            try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
            #expect(Self.shell("mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk) == 0)
            defer { Self.shell("umount", "-l", disk) }
            var finished: Set<String> = []
            var failedIn: Set<String> = []
            for kilobytes in stride(from: 200, to: 9_000, by: 200) {
                Self.shell("mount", "-o", "remount,size=\(kilobytes)k", disk)
                let end = try command.finish(["run", "x.json", "--store", "disk/store", "-j", "1"])
                guard end.code != 0 else { continue }
                // Found before the work (preprocess knows what it will need), or by it.
                let isClear = end.errors.contains("make room") || end.errors.contains("No space left on device")
                #expect(end.code == 1 && isClear, "\(kilobytes) kB, exit \(end.code): \(end.errors)")
                let store = try StoreContent(command, store: "disk/store")
                #expect(store.jobs.allSatisfy { expected.jobs[$0.key] == $0.value }, "\(kilobytes) kB")
                #expect(
                    finished.isSubset(of: store.jobs.keys) && finished.isDisjoint(with: end.ran),
                    "\(kilobytes) kB: finished work was lost or repeated")
                finished = Set(store.jobs.keys)
                failedIn.formUnion(end.jobs("failed"))
            }
            #expect(failedIn == ["preprocess", "features"], "filled up only in \(failedIn)")
            Self.shell("mount", "-o", "remount,size=64m", disk)
            let end = try command.finish(["run", "x.json", "--store", "disk/store"])
            #expect(end.code == 0, "\(end.errors)")
            #expect(try StoreContent(command, store: "disk/store") == expected)
        }
    }

    /// Another program takes the room while a training runs.
    @Test(.enabled(if: mayMount, "needs root and the right to mount a tmpfs"))
    func aDiskThatFillsUpUnderATraining() throws {
        try Command.inMemory { command in
            try command.makeTiny(epochs: 1500)
            let disk = command.path("disk"), files = FileManager.default
            try files.createDirectory(atPath: disk, withIntermediateDirectories: true)
            #expect(Self.shell("mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", disk) == 0)
            defer { Self.shell("umount", "-l", disk) }
            func traces() -> Int {
                ((try? files.subpathsOfDirectory(atPath: disk + "/store/ac")) ?? []).count { $0.utf8.count > 60 }
            }
            let running = try command.start(["run", "x.json", "--store", "disk/store", "-j", "1"])
            while running.isRunning, traces() < 4 { usleep(500) }
            Self.shell("dd", "if=/dev/zero", "of=\(disk)/another", "bs=64k")
            let end = try running.wait()
            #expect(end.code == 1 && end.errors.contains("No space left on device"), "\(end.errors)")
            #expect(
                Set(end.jobs("failed")).isSubset(of: ["train", "evaluate", "tables"]) && end.jobs("failed").count == 1,
                "\(end.errors)")
            try files.removeItem(atPath: disk + "/another")
            #expect(traces() >= 4)
            let again = try command.finish(["run", "x.json", "--store", "disk/store"])
            #expect(
                again.code == 0
                    && again.ran.contains { ["scenes", "embedding", "preprocess", "features"].contains($0) } == false,
                "\(again.errors)")
        }
    }

    /// What stages will leave is counted before the first one: nothing runs, and `plan` says the same.
    @Test(.enabled(if: mayMount, "needs root and the right to mount a tmpfs"))
    func roomForWhatStagesLeaveIsAskedForFirst() throws {
        try Command.inMemory { command in
            try command.makeTiny(scenes: 40)
            let disk = command.path("disk")
            try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
            #expect(Self.shell("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk) == 0)
            defer { Self.shell("umount", "-l", disk) }
            for arguments in [["plan", "x.json"], ["run", "-n", "x.json"], ["run", "x.json"]] {
                let end = try command.finish(arguments + ["--store", "disk/store"])
                #expect(end.code == 1 && end.ran.isEmpty, "\(arguments): \(end.errors)")
                #expect(
                    end.errors.contains("the stages of x will leave some ")
                        && end.errors.contains("make room or choose another store"), "\(end.errors)")
            }
            Self.shell("mount", "-o", "remount,size=64m", disk)
            #expect(try command.finish(["run", "x.json", "--store", "disk/store"]).code == 0)
        }
    }

    /// The disk of the results fills up half-way: the older results stay, whole, and room is all that the next run
    /// needs.
    @Test(.enabled(if: mayMount, "needs root and the right to mount a tmpfs"))
    func aFullDiskLeavesTheOlderResults() throws {
        try Command.inMemory { command in
            try command.makeTiny()
            let disk = command.path("disk")
            try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
            #expect(Self.shell("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk) == 0)
            defer { Self.shell("umount", "-l", disk) }
            let other = ["run", "x.json", "--results", "disk", "--set", "evaluate.topImages=1"]
            #expect(try command.finish(["run", "x.json", "--results", "disk"]).code == 0)
            let old = try command.files("disk/x"),
                provenance = try Data(contentsOf: URL(fileURLWithPath: command.path("disk/x/provenance.json")))
            let size = (old.values + [provenance]).reduce(0) { $0 + ($1.count + 4095) / 4096 }
            var failures = 0
            // From no page free to enough for all files but the last.
            for pages in 0..<size {
                #expect(Self.shell("mount", "-o", "remount,size=\((size + 2 + pages) * 4)k", disk) == 0)
                let end = try command.finish(other)
                guard end.code != 0 else { break }
                failures += 1
                #expect(
                    end.code == 1 && end.errors.contains("No space left on device")
                        && end.errors.contains("disk/x stays as it was"), "\(end.errors)")
                #expect(try command.files("disk/x") == old, "\(pages) pages")
                #expect(try FileManager.default.contentsOfDirectory(atPath: disk) == ["x"])
            }
            #expect(failures > 3)
            Self.shell("mount", "-o", "remount,size=1m", disk)
            #expect(try command.finish(other).code == 0)
            #expect(try command.files("disk/x") != old)
        }
    }

    /// What another user may not write or read, as that user: root may everything.
    static let mayBeNobody =
        geteuid() == 0 && shell("setpriv", "--reuid=65534", "--clear-groups", Command.binary.path, "version") == 0

    @Test(.enabled(if: mayBeNobody, "needs root, setpriv and a build that others may execute"))
    func whatIsForbiddenIsNamed() throws {
        try Command.with { command in
            try command.makeExperiment()
            func runAsNobody() throws -> (code: Int32, errors: String) {
                let errors = command.path("errors")
                let code = Self.shell(
                    "setpriv", "--reuid=65534", "--clear-groups", "sh", "-c",
                    "exec \"$0\" run x.json -C \"$1\" 2>\"$2\" >/dev/null", Command.binary.path,
                    command.root, errors)
                return (code, try String(contentsOfFile: errors, encoding: .utf8))
            }
            func mode(_ name: String, _ mode: Int) throws {
                try FileManager.default.setAttributes(
                    [.posixPermissions: mode], ofItemAtPath: name == "" ? command.root : command.path(name))
            }
            try command.write("errors", "")
            try mode("errors", 0o666)
            try FileManager.default.createDirectory(atPath: command.path("results"), withIntermediateDirectories: true)
            try mode("results", 0o777)
            try mode("", 0o755)
            let store = try runAsNobody()
            #expect(
                store.code == 1 && store.errors.contains(".lavise")
                    && store.errors.contains("Permission denied; check who owns it"), "\(store)")
            try mode("", 0o777)
            try mode("data/scenes/glove.txt", 0o600)
            let input = try runAsNobody()
            #expect(
                input.code == 1
                    && input.errors.contains("cannot read \(command.path("data/scenes/glove.txt")): Permission denied"),
                "\(input)")
            try mode("data/scenes/glove.txt", 0o644)
            try mode("results", 0o755)
            let results = try runAsNobody()
            #expect(
                results.code == 1
                    && results.errors.contains(
                        "results cannot go to results/x: cannot write in \(command.path("results")): Permission denied"
                    ), "\(results)")
            #expect(!results.errors.contains(" run "), "it was found before the work: \(results.errors)")
            try mode("results", 0o777)
            let good = try runAsNobody()
            #expect(good.code == 0, "\(good)")
        }
    }

    @Test func aStoreRemovedUnderARunIsAClearError() throws {
        try Command.inMemory { command in
            try command.makeTiny(scenes: 200)
            let running = try command.start(["run", "x.json"])
            while running.isRunning, command.leftWork().isEmpty { usleep(1000) }
            // In one step, as the process would otherwise write into what is being removed.
            try FileManager.default.moveItem(atPath: command.path(".lavise"), toPath: command.path("gone"))
            let end = try running.wait()
            #expect(end.code == 1 && end.errors.contains("error: "), "\(end.errors)")
            try command.makeTiny()
            #expect(try command.finish(["run", "x.json"]).code == 0)
        }
    }

    /// While one user's job runs another one may look at it, and at what is finished, and change nothing.
    @Test(.enabled(if: mayBeNobody, "needs root, setpriv and a build that others may execute"))
    func anotherUserMayLookWhileAJobRuns() throws {
        try Command.inMemory { command in
            try command.makeTiny(scenes: 200)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: command.root)
            let running = try command.start(["run", "x.json"])
            while running.isRunning, command.leftWork().isEmpty { usleep(1000) }
            for verb in [["status", "x.json"], ["plan", "x.json"], ["why", "x.json", "train"], ["gc", "--dry-run"]] {
                let code = Self.shell(
                    [
                        "setpriv", "--reuid=65534", "--clear-groups", "sh", "-c",
                        "cd \"$1\" && shift && exec \"$0\" \"$@\" >/dev/null 2>/tmp/looked-\(getpid())",
                        Command.binary.path, command.root,
                    ]
                        + verb)
                let said = (try? String(contentsOfFile: "/tmp/looked-\(getpid())", encoding: .utf8)) ?? ""
                try? FileManager.default.removeItem(atPath: "/tmp/looked-\(getpid())")
                #expect(code == 0 || verb[0] == "gc" && said.contains("experiments"), "\(verb): exit \(code): \(said)")
            }
            #expect(try running.wait().code == 0)
        }
    }

    /// On a disk that is mounted to be read alone all that looks goes on; what would write says so.
    @Test(.enabled(if: mayMount, "needs root and the right to mount a tmpfs"))
    func aReadOnlyDiskIsGoodForLooking() throws {
        try Command.inMemory { command in
            try command.makeTiny()
            let disk = command.path("disk")
            try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
            #expect(Self.shell("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk) == 0)
            defer { Self.shell("umount", "-l", disk) }
            let store = ["--store", "disk/store"]
            #expect(try command.finish(["run", "x.json"] + store).code == 0)
            #expect(Self.shell("mount", "-o", "remount,ro", disk) == 0)
            for verb in [
                ["status", "x.json"], ["plan", "x.json"], ["why", "x.json", "train"], ["run", "x.json"],
                ["verify", "x.json", "train"], ["report", "x.json"],
            ] {
                let end = try command.finish(verb + store)
                #expect(end.code == 0, "\(verb): exit \(end.code): \(end.errors)")
            }
            let end = try command.finish(["run", "x.json", "--set", "train.epochs=2"] + store)
            #expect(end.code == 1 && end.errors.contains("Read-only file system"), "\(end.errors)")
        }
    }
}
