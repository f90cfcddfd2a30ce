import Foundation
import Testing
import TestSupport

/// What the command does with terminals, signals and limits that it finds.
@Suite(.waits) struct TerminalTests {
    @Test(arguments: [[0], [1], [2], [3], [80], [1, 2, 0, 200, 3]]) func anyWidth(widths: [Int]) throws {
        try Command.inMemory { command in
            try command.makeTiny(scenes: 64, epochs: 20)
            for arguments in [
                ["run", "x.json"], ["status", "x.json", "-v"], ["plan", "x.json"], ["report", "x.json"], ["doctor"],
                ["--help"], ["rnu"],
            ] {
                let end = try command.run(arguments, onTerminal: widths, environment: ["TERM": "xterm"])
                #expect(end.code == (arguments == ["rnu"] ? 2 : 0), "\(arguments) in \(widths) columns: \(end)")
            }
        }
    }

    @Test func linesFitTheTerminal() throws {
        try Command.inMemory { command in
            try command.makeTiny()
            #expect(try command.run("run", "x.json").code == 0)
            let end = try command.run(["status", "x.json"], onTerminal: [20], environment: ["TERM": "xterm"])
            #expect(
                end.output.components(separatedBy: "\r\n").dropFirst().allSatisfy { $0.count <= 20 }, "\(end.output)")
        }
    }

    /// no-color.org: any value but the empty one. Terminals that say nothing of themselves, or are dumb, get no escape
    /// sequence.
    @Test func colourAndEscapes() throws {
        try Command.inMemory { command in
            try command.makeTiny()
            func hasEscapes(_ environment: [String: String], _ arguments: [String] = ["status", "x.json"]) throws
                -> Bool
            {
                try command.run(arguments, onTerminal: [80], environment: environment).output.contains("\u{1B}")
            }
            #expect(try hasEscapes(["TERM": "xterm", "NO_COLOR": ""]))
            #expect(try !hasEscapes(["TERM": "xterm", "NO_COLOR": "1"]))
            #expect(try !hasEscapes(["TERM": "xterm", "NO_COLOR": "0"]))
            #expect(try !hasEscapes(["TERM": "dumb"]))
            #expect(try !hasEscapes(["TERM": ""]))
            #expect(try !hasEscapes(["TERM": "dumb"], ["run", "x.json"]))
            #expect(try !command.run("status", "x.json").output.contains("\u{1B}"))
        }
    }

    /// An empty NO_COLOR is an absent one.
    @Test func anEmptyNoColorIsAbsent() throws {
        try Command.inMemory { command in
            try command.makeTiny()
            let end = try command.run(
                ["-c", "NO_COLOR= exec \"$0\" status x.json -C \"$1\"", Command.binary.path, command.root],
                onTerminal: [80],
                environment: ["TERM": "xterm"], program: "/bin/sh")
            #expect(end.output.contains("\u{1B}"), "\(end)")
        }
    }

    /// A run of a second or two, sent a signal over and over once it works.
    private func end(sending signal: Int32, ignoring ignored: [Int32]) throws -> StreamTests.End {
        try Command.inMemory { command in
            try command.makeTiny(scenes: 100)
            return try command.run(["run", "x.json"], .good, .good, ignoring: ignored) { process in
                while command.leftWork().isEmpty, kill(process, 0) == 0 { usleep(1000) }
                kill(process, signal)
            }
        }
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func whatTheParentIgnoresStaysIgnored(signal: Int32) throws {
        let end = try end(sending: signal, ignoring: [signal])
        #expect(end.code == 0, "\(end)")
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func otherSignalsEndARun(signal: Int32) throws {
        let end = try end(sending: signal, ignoring: [])
        #expect(end.code == 128 + signal && end.errors.contains("cancelled by signal \(signal)"), "\(end)")
    }

    /// `ulimit -f`: the limit and the file are named, and neither is an address in the store.
    @Test(arguments: [(0, ".lavise/.gitignore"), (2, "scenes/train2017/000000000001.jpg"), (4_000, "dataset.h5")])
    func filesThatMayNotGrow(blocks: Int, name: String) throws {
        try Command.inMemory { command in
            try command.makeTiny()
            let script = "ulimit -f \(blocks); exec \"$0\" run x.json -C \"$1\" >/dev/null 2>\"$1/.err\""
            // The file of the messages may not grow either: a pipe takes them.
            let piped = script.replacingOccurrences(of: ">/dev/null 2>\"$1/.err\"", with: "2>&1 >/dev/null | cat")
            let end = try command.run(
                ["-c", piped, Command.binary.path, command.root], onTerminal: [300], program: "/bin/sh")
            #expect(
                end.output.contains(name) && end.output.contains("a file may have \(blocks * 512) bytes here"), "\(end)"
            )
            #expect(!end.output.contains("/out-") && !end.output.contains("Error Domain"), "\(end)")
        }
    }

    /// Threads beyond what a machine has cost nothing, none at all is refused, by every verb that takes them.
    @Test func threadsAreBounded() throws {
        try Command.inMemory { command in
            try command.makeTiny()
            #expect(try command.run("run", "x.json", "-j", "1000000").code == 0)
            let many = try StoreContent(command)
            #expect(try command.run("run", "x.json", "-j", "1", "--store", ".one").code == 0)
            #expect(try StoreContent(command, store: ".one") == many)
            for verb in [
                ["run", "x.json"], ["verify", "x.json"], ["report", "x.json"], ["explain", "x.json", "--filter", "0"],
            ] {
                for number in ["0", "-1"] {
                    let end = try command.run(verb + ["--jobs=" + number])
                    #expect(end.code == 2 && end.errors.contains("expected at least 1"), "\(verb): \(end)")
                }
            }
        }
    }

    @Test(arguments: [("rnu", "run"), ("stauts", "status"), ("explian", "explain")])
    func verbsThatAreNoneGetASuggestion(word: String, verb: String) throws {
        try Command.with { command in
            let end = try command.run(word, "demo")
            #expect(end.code == 2 && end.errors.contains("did you mean \"\(verb)\"?"), "\(end)")
        }
    }

    /// `--verbose` says in full what is cut or left out elsewhere.
    @Test func verboseSaysMore() throws {
        try Command.inMemory { command in
            try command.makeTiny()
            let run = try command.run("run", "x.json", "--verbose")
            #expect(
                run.errors.contains("peak memory of ") && run.errors.contains("reason       never built"),
                "\(run.errors)")
            let status = try command.run("status", "x.json", "-v").output
            let features = try #require(status.split(separator: "\n").first { $0.contains("features.h5") })
            #expect(features.contains("sha256 ") && features.contains(".lavise/cas/"), "\(features)")
            #expect(try !command.run("status", "x.json").output.contains("sha256"))
        }
    }
}
