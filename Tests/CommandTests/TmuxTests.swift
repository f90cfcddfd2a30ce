import Foundation
import Testing
import TestSupport

/// What a person sees in a real terminal.
@Suite(.waits, .serialized) struct TmuxTests {
    private static let end = "-- all is written --"
    private static let program = ["/usr/bin/tmux", "/usr/local/bin/tmux"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// The lines that a command leaves on a screen, unwrapped, and the same with their colours.
    private func screen(_ command: Command, _ arguments: [String], _ width: Int, _ height: Int) throws -> (
        lines: [String], coloured: String
    ) {
        let socket = command.path("tmux-\(UUID().uuidString.prefix(8))"), start = ["-S", socket, "-f", "/dev/null"]
        let words = ([Command.binary.path] + arguments + ["-C", command.root]).map { "'\($0)'" }.joined(separator: " ")
        func tmux(_ arguments: [String], to output: Any) throws -> Process {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: try #require(Self.program))
            process.arguments = start + arguments
            process.environment = ProcessInfo.processInfo.environment.merging([
                "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "NO_COLOR": "",
            ]) { $1 }
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            return process
        }
        func answer(_ arguments: [String]) throws -> String? {
            let output = Pipe(), process = try tmux(["-N"] + arguments, to: output)
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return process.terminationStatus == 0 ? text : nil
        }
        // Not as a daemon: that would keep open what tells of the ends of other tests' processes.
        let server = try tmux(["-D"], to: FileHandle.nullDevice)
        defer {
            kill(server.processIdentifier, SIGKILL)
            server.waitUntilExit()
        }
        var hasSession = false
        // Its socket is there before it listens.
        for _ in 0..<600 where !hasSession {
            hasSession =
                try answer([
                    "new-session", "-d", "-x", String(width), "-y", String(height),
                    "\(words); echo '\(Self.end)'; touch '\(command.path("done"))'; sleep 600",
                ]) != nil
            if !hasSession { usleep(50_000) }
        }
        let done = command.path("done")
        for _ in 0..<1200 where !FileManager.default.fileExists(atPath: done) { usleep(50_000) }
        try #require(FileManager.default.fileExists(atPath: done), "\(arguments) does not end")
        try? FileManager.default.removeItem(atPath: done)
        // What was written last is on the screen once the line after it is.
        var lines: [String] = []
        while lines.last != Self.end {
            lines = try #require(try answer(["capture-pane", "-p", "-J", "-S", "-500"])).split(separator: "\n").map {
                $0.replacingOccurrences(of: " +$", with: "", options: .regularExpression)
            }
        }
        return (lines.dropLast(), try #require(try answer(["capture-pane", "-p", "-e", "-S", "-500"])))
    }

    @Test(.enabled(if: program != nil, "needs tmux"), arguments: [(80, 24), (200, 50)]) func tablesFit(
        width: Int, height: Int
    ) throws {
        try Command.with { command in
            try FileManager.default.createDirectory(
                atPath: command.path("experiments"), withIntermediateDirectories: true)
            try command.makeTiny("experiments/x", epochs: 2)
            let text = try String(contentsOfFile: command.path("experiments/x.json"), encoding: .utf8)
                .replacingOccurrences(
                    of: "\"experiments/x\"",
                    with:
                        "\"x\", \"title\": \"A title that is so long that no table on a narrow terminal has the room for all of it\""
                )
            try command.write("experiments/x.json", text)
            let run = try screen(command, ["run", "x"], width, height)
            #expect(
                run.lines.contains { $0.hasPrefix("scenes") && $0.contains("run") }
                    && run.lines.contains { $0.contains("8 stages: 0 fresh, 8 run") }, "\(run.lines)")
            let head = try #require(run.lines.first { $0.hasPrefix("method ") })
            let row = try #require(run.lines.first { $0.hasPrefix("original ") })
            #expect(
                head.contains("recall@20") && row.count <= width && !row.contains("|"),
                "a table, not its Markdown: \(head) \(row)")
            #expect(run.coloured.contains("\u{1B}["), "colour on a terminal")
            for arguments in [
                ["list"], ["status"], ["status", "x"], ["why"], ["why", "x"], ["log"], ["log", "-v"], ["plan", "x"],
                ["check", "x"], ["doctor"],
            ] {
                let shown = try screen(command, arguments, width, height).lines
                let isTable = !["why", "doctor"].contains(arguments[0]) && !(arguments == ["log", "-v"])
                #expect(!shown.isEmpty, "\(arguments)")
                if isTable {
                    #expect(
                        shown.allSatisfy { $0.count <= width },
                        "\(arguments) at \(width): \(shown.filter { $0.count > width })")
                }
            }
            let list = try screen(command, ["list"], width, height).lines
            try #require(list.count > 1, "\(list)")
            #expect(list[0].hasPrefix("experiment  state") && list[1].hasPrefix("x           fresh"), "\(list)")
            #expect(list[1].hasSuffix("…") == (width == 80), "\(list)")
        }
    }

    /// The live line says which stage of how many is under way, and how long all of it will take.
    @Test func theLiveLineCountsStages() throws {
        try Command.inMemory { command in
            try command.makeTiny(scenes: 300, epochs: 300)
            #expect(try command.run("run", "x.json", "--set", "train.epochs=2").code == 0)
            let shown = try command.run(
                ["run", "x.json", "--force", "train"], onTerminal: [100], environment: ["TERM": "xterm"]
            ).output
            let lines = shown.components(separatedBy: "\r").filter { $0.contains("train ") && $0.contains("/8") }
            #expect(lines.contains { $0.contains("/8 · all in ") }, "\(lines.suffix(3))")
        }
    }
}
