import Foundation
import Glibc
import Testing
import TestSupport

/// A first signal ends a run with the code of its contract, in whatever phase it is.
@Suite(.waits) struct SignalTests {
    private func expectEnd(_ running: RunningCommand, _ signal: Int32, _ phase: String) throws {
        kill(running.id, signal)
        let end = try running.wait()
        #expect(!end.wasKilled && end.code == 128 + signal, "\(phase), signal \(signal): \(end)")
        #expect(end.errors.contains("cancelled"), "\(phase): \(end.errors)")
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
    func aSignalEndsAStage(signal: Int32) throws {
        try Command.inMemory { command in
            try command.makeTiny(epochs: 100_000)
            let running = try command.start(["run", "x.json"], ["LAVISE_FAULT_LOG": command.path("log")])
            running.wait { command.places("log").contains("train.epoch") }
            try expectEnd(running, signal, "train")
            // What was finished is kept.
            #expect(try StoreContent(command).jobs.count >= 3)
        }
    }

    /// Bytes that a process has had from read calls.
    private static func bytesRead(_ process: Int32) -> Int {
        let lines = ((try? String(contentsOfFile: "/proc/\(process)/io", encoding: .utf8)) ?? "").split(separator: "\n")
        return lines.first { $0.hasPrefix("rchar: ") }.flatMap { Int($0.dropFirst(7)) } ?? 0
    }

    @Test func aSignalEndsHashing() throws {
        try Command.with { command in
            try command.makeExperiment()
            // 200 GB of nothing.
            #expect(truncate(command.path("data/scenes/glove.txt"), 200_000_000_000) == 0)
            let running = try command.start(["run", "x.json"])
            // It hashes, for minutes, when it has read more than there is elsewhere.
            #expect(running.wait { Self.bytesRead(running.id) > 500_000_000 })
            try expectEnd(running, SIGTERM, "hashing")
        }
    }

    @Test func aSignalEndsWaitingForAnotherRun() throws {
        try Command.inMemory { command in
            try command.makeTiny(epochs: 100_000)
            let holder = try command.start(["run", "x.json"], ["LAVISE_FAULT_LOG": command.path("log")])
            holder.wait { command.places("log").contains("train.epoch") }
            let waiting = try command.start(["run", "x.json"])
            #expect(waiting.wait { waiting.errors.contains("waiting for") })
            try expectEnd(waiting, SIGTERM, "waiting")
            try expectEnd(holder, SIGTERM, "train")
        }
    }

    /// Memory that cannot be had is an error before a library asks for it. With less than 180 MB the system may not
    /// even load the program.
    @Test(arguments: [180_000, 220_000, 260_000, 300_000, 400_000])
    func tooLittleMemoryIsAnError(kilobytes: Int) throws {
        try Command.inMemory { command in
            try command.makeTiny()
            let shell = Process()
            shell.executableURL = URL(fileURLWithPath: "/bin/sh")
            shell.arguments = [
                "-c", "ulimit -v \(kilobytes) && exec \"$0\" run x.json -j 2 -C \"$1\" 2>\"$1/errors\"",
                Command.binary.path, command.root,
            ]
            try shell.run()
            shell.waitUntilExit()
            let errors = try String(contentsOfFile: command.path("errors"), encoding: .utf8)
            #expect(shell.terminationReason == .exit && shell.terminationStatus == 1, "\(errors.prefix(2000))")
            #expect(errors.contains("MB of memory more") && errors.contains("ulimit -v"), "\(errors.prefix(2000))")
        }
    }
}
