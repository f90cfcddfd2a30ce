import Foundation
import Glibc
import TestSupport
import Testing

/// `gc` of the real program, and what is a store to it.
@Suite(.waits) struct CollectTests {
    /// An experiment `x` in `experiments/` of a project.
    static func makeProject(_ command: Command, _ folder: String = ".", epochs: Int = 1) throws {
        try FileManager.default.createDirectory(
            atPath: command.path("\(folder)/experiments"), withIntermediateDirectories: true)
        try command.makeTiny("x", epochs: epochs)
        try FileManager.default.moveItem(
            atPath: command.path("x.json"), toPath: command.path("\(folder)/experiments/x.json"))
    }

    private func artifacts(_ command: Command, _ store: String = ".lavise") throws -> Int {
        try command.files("\(store)/cas").count
    }

    private func run(_ command: Command, in folder: String, _ arguments: String...) throws -> Command.Outcome {
        try Command(root: command.path(folder)).run(arguments + ["--store", command.path("store")])
    }

    @Test func aVariableSetToNothingIsNotSet() throws {
        try Command.inMemory { command in
            try Self.makeProject(command)
            for folder in ["work/my-thesis", "quarantine"] {
                try FileManager.default.createDirectory(atPath: command.path(folder), withIntermediateDirectories: true)
                try command.write("\(folder)/chapter", "precious")
            }
            let empty = Dictionary(
                uniqueKeysWithValues: [
                    "LAVISE_STORE", "LAVISE_DATA", "LAVISE_MIRRORS", "LAVISE_BANDWIDTH", "LAVISE_LEASE", "LAVISE_HOST",
                    "LAVISE_FAULT", "LAVISE_FAULT_LOG", "NO_COLOR",
                ].map { ($0, "") })
            let first = try command.run(["run", "x"], environment: empty)
            #expect(
                first.code == 0 && FileManager.default.fileExists(atPath: command.path(".lavise/ac")), "\(first.errors)"
            )
            #expect(try command.run("status", "x", "--exit-code").code == 0)
            #expect(try command.run(["gc"], environment: empty).code == 0)
            for arguments in [
                ["gc", "--yes", "--store", "."], ["run", "x", "--store", "."], ["status", "x", "--store", "work"],
            ] {
                let refused = try command.run(arguments)
                #expect(
                    refused.code == 2 && refused.errors.contains("is no store, and not empty"),
                    "\(arguments): \(refused)")
            }
            for name in ["work/my-thesis/chapter", "quarantine/chapter"] {
                #expect(FileManager.default.fileExists(atPath: command.path(name)))
            }
        }
    }

    @Test func whatPublishedResultsStandOnStays() throws {
        try Command.inMemory { command in
            try Self.makeProject(command)
            for arguments in [
                ["--seeds", "0,1"], ["--set", "train.epochs=2"], ["--set", "train.epochs=3", "--results", "elsewhere"],
                [],
            ] {
                #expect(try command.run(["run", "x", "--quiet"] + arguments).code == 0)
            }
            let before = try artifacts(command), collected = try command.run("gc")
            #expect(try collected.code == 0 && artifacts(command) == before, "\(collected)")
            // What they stand on goes with the results.
            try FileManager.default.removeItem(atPath: command.path("elsewhere"))
            #expect(try command.run("gc").code == 0)
            let rest = try artifacts(command)
            #expect(rest < before)
            for arguments in [["--seeds", "0,1"], ["--set", "train.epochs=2"], []] {
                #expect(try command.run(["status", "x", "--exit-code"] + arguments).code == 0, "\(arguments)")
            }
        }
    }

    @Test func projectsThatShareAStoreKeepEachOthers() throws {
        try Command.inMemory { command in
            for (folder, epochs) in [("a", 1), ("b", 2), ("c", 3)] {
                try Self.makeProject(command, folder, epochs: epochs)
                #expect(try run(command, in: folder, "run", "x", "--quiet").code == 0)
            }
            // Not yet published, but what its experiment has.
            try FileManager.default.removeItem(atPath: command.path("b/results"))
            #expect(try run(command, in: "a", "gc").code == 0)
            for folder in ["a", "b", "c"] {
                #expect(try run(command, in: folder, "status", "x", "--exit-code").code == 0, "\(folder)")
            }
            try FileManager.default.moveItem(atPath: command.path("b"), toPath: command.path("away"))
            let refused = try run(command, in: "a", "gc")
            #expect(
                refused.code == 2 && refused.errors.contains(command.path("b")) && refused.errors.contains("--forget"),
                "\(refused)")
            #expect(try run(command, in: "a", "gc", "--forget", command.path("nowhere")).code == 2)
            #expect(try run(command, in: "a", "gc", "--forget", command.path("b")).output.contains("train"))
            #expect(try run(command, in: "c", "status", "x", "--exit-code").code == 0)
            #expect(try run(command, in: "away", "status", "x", "--exit-code").code == 3)
        }
    }

    @Test func experimentsThatCannotBeReadOrLookedAtLoseNothing() throws {
        try Command.with { command in
            try command.makeExperiment()
            try FileManager.default.createDirectory(
                atPath: command.path("experiments"), withIntermediateDirectories: true)
            let bare = try Command(root: command.path("data")).run("gc")
            #expect(bare.code == 2 && bare.errors.contains("has no folder experiments"), "\(bare)")
            try FileManager.default.moveItem(atPath: command.path("x.json"), toPath: command.path("experiments/x.json"))
            #expect(try command.run("run", "x", "--until", "train").code == 0)
            let before = try artifacts(command)
            // Another shell, in which nothing says where the data is.
            let blind = try command.run(["gc"], environment: ["LAVISE_DATA": command.path("nowhere")])
            #expect(
                try blind.code == 2 && blind.errors.contains(command.path("nowhere/scenes/"))
                    && artifacts(command) == before, "\(blind)")
            // One broken file among others, and one that never ran and whose data is nowhere.
            let text = try String(contentsOfFile: command.path("experiments/x.json"), encoding: .utf8)
            try command.write(
                "experiments/y.json",
                text.replacingOccurrences(of: "\"x\"", with: "\"y\"").replacingOccurrences(
                    of: "\"scenes\"", with: "\"absent\""))
            try command.write("experiments/x.json", "{")
            let broken = try command.run("gc")
            #expect(
                try broken.code == 0 && broken.errors.contains("experiments/x.json:1:") && artifacts(command) == before,
                "\(broken)")
            try command.write("experiments/x.json", text)
            #expect(try command.run("status", "x").output.split(separator: "\n").count { $0.contains(" fresh ") } == 4)
        }
    }

    /// On a terminal `gc` says what would go, and does it when told so.
    @Test func onATerminalItAsks() throws {
        try Command.inMemory { command in
            try Self.makeProject(command)
            for epochs in 2...3 {
                #expect(
                    try command.run("run", "x", "--quiet", "--set", "train.epochs=\(epochs)", "--results", "r").code
                        == 0)
            }
            try FileManager.default.removeItem(atPath: command.path("r"))
            let before = try artifacts(command)
            func gc(_ answer: String, _ arguments: String = "") throws -> String {
                let log = command.path("typescript")
                let line =
                    "printf '\(answer)\\n' | script -qec \"'\(Command.binary.path)' gc \(arguments) -C '\(command.root)'\" /dev/null > '\(log)' 2>&1"
                let shell = try Process.run(URL(fileURLWithPath: "/bin/sh"), arguments: ["-c", line])
                shell.waitUntilExit()
                return try String(contentsOfFile: log, encoding: .utf8)
            }
            let declined = try gc("n")
            #expect(
                try declined.contains("[y/N]") && declined.contains("train") && declined.contains("nothing was removed")
                    && artifacts(command) == before, "\(declined)")
            let agreed = try gc("y")
            #expect(
                try agreed.contains("[y/N]") && agreed.contains(" removed") && artifacts(command) < before, "\(agreed)")
            #expect(try !gc("n", "--yes").contains("[y/N]"))
        }
    }

    /// Paths that are no text would become other paths.
    @Test func pathsThatAreNoTextAreRefused() throws {
        try Command.inMemory { command in
            try Self.makeProject(command)
            for script in [
                "exec \"$0\" run x -C \"$1\" --store \"$(printf 'st\\377ore')\"",
                "export LAVISE_STORE=\"$(printf 'st\\377ore')\"; exec \"$0\" run x -C \"$1\"",
            ] {
                let shell = Process()
                shell.executableURL = URL(fileURLWithPath: "/bin/sh")
                shell.arguments = ["-c", script + " 2>\"$1/errors\"", Command.binary.path, command.root]
                try shell.run()
                shell.waitUntilExit()
                let errors = String(
                    decoding: try Data(contentsOf: URL(fileURLWithPath: command.path("errors"))), as: UTF8.self)
                #expect(shell.terminationStatus == 2 && errors.contains("is not UTF-8"), "\(errors)")
            }
            #expect(
                try Set(FileManager.default.contentsOfDirectory(atPath: command.root)) == ["experiments", "errors"])
        }
    }

    @Test func gitSeesNothingOfAStore() throws {
        try Command.inMemory { command in
            try Self.makeProject(command)
            #expect(try command.run("run", "x", "--quiet", "--until", "embedding", "--store", "my store").code == 0)
            let line = "git init -q . && git add -A && git status --porcelain"
            let shell = Process(), pipe = Pipe()
            shell.executableURL = URL(fileURLWithPath: "/bin/sh")
            shell.arguments = ["-c", "cd \"$0\" && \(line)", command.root]
            shell.standardOutput = pipe
            try shell.run()
            let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            shell.waitUntilExit()
            #expect(
                shell.terminationStatus == 0 && output.contains("experiments/x.json") && !output.contains("my store"),
                "\(output)")
        }
    }
}
