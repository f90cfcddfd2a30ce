import Foundation
import TestSupport
import Testing

/// Standard streams that are closed, full, broken or hung up, under every verb.
@Suite(.waits) struct StreamTests {
    /// What stands behind a standard stream.
    enum Stream: CaseIterable {
        case good, closed, full, brokenPipe, hungUpTerminal

        /// Writes fail: a closed stream is opened on /dev/null.
        var fails: Bool { self == .full || self == .hungUpTerminal }
    }

    struct End: Equatable {
        /// nil when a signal ended it.
        var code: Int32?
        var signal: Int32?
        var output = "", errors = ""
    }

    /// What to ask of each verb in the project that `withProject` makes.
    static let requests: [String: [String]] = [
        "run": ["x"], "status": ["x"], "plan": ["x"], "why": ["x", "train"], "dag": ["x"], "report": ["x"],
        "explain": ["x", "--filter", "0"],
        "tables": [], "diff": ["results/x", "results/x"], "check": ["x"], "verify": ["x", "tables"],
        "show": ["results/x/recall.csv"],
        "push": ["x", "--remote", "shared"], "pull": ["x", "--remote", "shared"], "key": ["show"],
        "list": [], "log": [], "serve": ["x", "--idle", "0"], "doctor": [], "export": ["x"], "gc": ["--dry-run"],
        "version": [],
        "layers": ["resnet18"], "logs": ["x"], "compare": ["x", "x"], "bias": ["x", "--groups", "pictures/groups.csv"],
        "new": ["mine", "--pictures", "pictures", "--like", "x", "--dry-run"],
    ]

    /// These ask a Slurm that answers, or do what one ordered: `SlurmTests` runs them.
    static let verbsOfACluster: Set<String> = ["attach", "cancel", "work"]

    /// The verbs that the program itself says it has.
    static func verbs() throws -> [String] {
        let help = try Command.with { try $0.run("--experimental-dump-help").output }
        let tool = try #require(try JSONSerialization.jsonObject(with: Data(help.utf8)) as? [String: Any])
        let command = try #require(tool["command"] as? [String: Any])
        let subcommands = try #require(command["subcommands"] as? [[String: Any]])
        return subcommands.compactMap { $0["commandName"] as? String }
            .filter { $0 != "help" && !verbsOfACluster.contains($0) }
    }

    static func withProject(_ body: (Command) throws -> Void) throws {
        try Command.inMemory { command in
            try FileManager.default.createDirectory(
                atPath: command.path("experiments"), withIntermediateDirectories: true)
            try command.makeTiny("experiments/x", epochs: 1)
            try command.write(
                "experiments/x.json",
                String(contentsOfFile: command.path("experiments/x.json"), encoding: .utf8)
                    .replacingOccurrences(of: "\"experiments/x\"", with: "\"x\""))
            #expect(try command.run("run", "x").code == 0)
            try command.writePictures()
            #expect(try command.run("key", "new").code == 0)
            #expect(try command.run("push", "x", "--remote", "shared").code == 0)
            try body(command)
        }
    }

    @Test func everyVerbHasARequest() throws { #expect(try Set(Self.verbs()) == Set(Self.requests.keys)) }

    @Test func standardErrorNeverEndsAVerb() throws {
        try Self.withProject { command in
            for verb in try Self.verbs() {
                let request = [verb] + (Self.requests[verb] ?? []), good = try command.run(request, .good, .good)
                #expect(good.code == 0, "\(request): \(good.errors)")
                for stream in Stream.allCases where stream != .good {
                    let end = try command.run(request, .good, stream)
                    #expect(end.code == 0 && end.signal == nil, "\(request), standard error \(stream): \(end)")
                    if verb != "gc", verb != "doctor", verb != "verify", verb != "serve" {
                        #expect(end.output == good.output, "\(request), standard error \(stream)")
                    }
                }
            }
        }
    }

    @Test func standardOutputThatFailsIsAnErrorAndABrokenPipeEndsQuietly() throws {
        try Self.withProject { command in
            for verb in try Self.verbs() {
                for flags in [[], ["--json"]] {
                    let request = [verb] + (Self.requests[verb] ?? []) + flags
                    #expect(try command.run(request, .closed, .good).code == 0, "\(request), closed")
                    for stream in [Stream.full, .hungUpTerminal] {
                        let end = try command.run(request, stream, .good)
                        #expect(end.code == 1 && end.signal == nil, "\(request), standard output \(stream): \(end)")
                        #expect(end.errors.contains("error: cannot write to standard output: "), "\(request): \(end)")
                    }
                    let broken = try command.run(request, .brokenPipe, .good)
                    #expect(
                        broken.signal == SIGPIPE && !broken.errors.contains("error"),
                        "\(request), broken pipe: \(broken)")
                }
            }
        }
    }

    @Test func bothStreams() throws {
        try Self.withProject { command in
            for verb in try Self.verbs() {
                for stream in Stream.allCases {
                    let end = try command.run([verb] + (Self.requests[verb] ?? []), stream, stream)
                    if stream == .brokenPipe {
                        #expect(end.signal == SIGPIPE, "\(verb)")
                    } else {
                        #expect(end.code == (stream.fails ? 1 : 0), "\(verb) \(stream)")
                    }
                }
            }
        }
    }

    /// Help, versions and completions are written by the argument parser's words, and by the same writer.
    @Test(arguments: [
        ["--help"], ["help", "run"], ["run", "--help"], ["--version"], ["--generate-completion-script", "bash"],
        ["--experimental-dump-help"],
    ])
    func helpOnStreamsThatFail(arguments: [String]) throws {
        try Command.with { (command) throws in
            #expect(try command.run(arguments, .good, .good, inProject: false).code == 0)
            #expect(try command.run(arguments, .closed, .closed, inProject: false).code == 0)
            #expect(try command.run(arguments, .full, .full, inProject: false).code == 1)
            #expect(
                try command.run(arguments, .hungUpTerminal, .good, inProject: false).errors.contains(
                    "cannot write to standard output"))
            #expect(try command.run(arguments, .brokenPipe, .good, inProject: false).signal == SIGPIPE)
        }
    }

    /// Errors keep their codes where nobody can read them.
    @Test(arguments: Stream.allCases) func errorsKeepTheirCode(stream: Stream) throws {
        try Command.with { (command) throws in
            #expect(try command.run(["run", "nothing"], .good, stream).code == 2)
            #expect(try command.run(["run", "--nonsense"], .good, stream).code == 2)
            #expect(try command.run(["rnu", "demo"], .good, stream).code == 2)
        }
    }

    /// A whole run with a standard error that fails from its first line on, and files that must not become a standard
    /// stream.
    @Test(arguments: Stream.allCases) func aRunIsTheSameWhateverStandardErrorIs(stream: Stream) throws {
        try Command.inMemory { command in
            try command.makeTiny()
            let end = try command.run(["run", "x.json"], .good, stream)
            #expect(end.code == 0 && end.output.contains("| original |"), "\(end)")
            #expect(try command.run(["run", "x.json", "--store", ".other"], .closed, stream, input: .closed).code == 0)
            #expect(try StoreContent(command) == StoreContent(command, store: ".other"))
            #expect(try command.run(["run", "x.json", "--verify"], .good, .good).errors.contains("8 fresh, 0 run"))
        }
    }

    /// A parent that ignores SIGPIPE gets an error in its place.
    @Test func anIgnoredSIGPIPEStaysIgnored() throws {
        try Command.with { command in
            let end = try command.run(["version"], .brokenPipe, .good, ignoring: [SIGPIPE])
            #expect(end.code == 1 && end.errors.contains("cannot write to standard output: Broken pipe"), "\(end)")
        }
    }

    @Test func oneWriterAStream() throws {
        let sources = URL(fileURLWithPath: #filePath).appending(path: "../../../Sources").standardized
        let writers =
            #/\b(print|debugPrint|dump|fputs|puts|printf|NSLog)\(|FileHandle\.standard(Output|Error)|\b(stdout|stderr)\b/#
            .ignoresCase(false)
        for folder in [
            "lavise-pipeline", "Commands", "Pipeline", "Engine", "Remote", "Networks", "Graphs", "LaViSE", "Datasets",
            "Transfer", "Serving", "Reporting", "HDF5", "Imaging",
        ] {
            let files = try #require(FileManager.default.enumerator(atPath: sources.appending(path: folder).path))
            for case let name as String in files where name.hasSuffix(".swift") {
                let text = try String(contentsOf: sources.appending(path: "\(folder)/\(name)"), encoding: .utf8)
                for line in text.split(separator: "\n") where !line.trimmingCharacters(in: .whitespaces).hasPrefix("//")
                {
                    #expect(line.firstMatch(of: writers) == nil, "\(folder)/\(name): \(line)")
                }
            }
        }
    }
}
