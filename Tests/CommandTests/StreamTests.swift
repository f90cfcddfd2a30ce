import Foundation
import Testing

/// Standard streams that are closed, full, broken or hung up, under every verb.
@Suite struct StreamTests {
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
    private static let requests: [String: [String]] = [
        "run": ["x"], "status": ["x"], "plan": ["x"], "why": ["x", "train"], "dag": ["x"], "report": ["x"], "explain": ["x", "--filter", "0"],
        "tables": [], "diff": ["results/x", "results/x"], "check": ["x"], "verify": ["x", "tables"], "show": ["results/x/recall.csv"],
        "list": [], "doctor": [], "gc": ["--dry-run"], "version": [],
    ]

    /// The verbs that the program itself says it has.
    private static func verbs() throws -> [String] {
        let help = try Command.with { try $0.run("--experimental-dump-help").output }
        let tool = try #require(try JSONSerialization.jsonObject(with: Data(help.utf8)) as? [String: Any])
        let command = try #require(tool["command"] as? [String: Any])
        let subcommands = try #require(command["subcommands"] as? [[String: Any]])
        return subcommands.compactMap { $0["commandName"] as? String }.filter { $0 != "help" }
    }

    private func withProject(_ body: (Command) throws -> Void) throws {
        try Command.inMemory { command in
            try FileManager.default.createDirectory(atPath: command.path("experiments"), withIntermediateDirectories: true)
            try command.makeTiny("experiments/x", epochs: 1)
            try command.write("experiments/x.json", String(contentsOfFile: command.path("experiments/x.json"), encoding: .utf8)
                .replacingOccurrences(of: "\"experiments/x\"", with: "\"x\""))
            #expect(try command.run("run", "x").code == 0)
            try body(command)
        }
    }

    @Test func everyVerbHasARequest() throws { #expect(try Set(Self.verbs()) == Set(Self.requests.keys)) }

    @Test func standardErrorNeverEndsAVerb() throws {
        try withProject { command in
            for verb in try Self.verbs() {
                let request = [verb] + (Self.requests[verb] ?? []), good = try command.run(request, .good, .good)
                #expect(good.code == 0, "\(request): \(good.errors)")
                for stream in Stream.allCases where stream != .good {
                    let end = try command.run(request, .good, stream)
                    #expect(end.code == 0 && end.signal == nil, "\(request), standard error \(stream): \(end)")
                    if verb != "gc", verb != "doctor", verb != "verify" { #expect(end.output == good.output, "\(request), standard error \(stream)") }
                }
            }
        }
    }

    @Test func standardOutputThatFailsIsAnErrorAndABrokenPipeEndsQuietly() throws {
        try withProject { command in
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
                    #expect(broken.signal == SIGPIPE && !broken.errors.contains("error"), "\(request), broken pipe: \(broken)")
                }
            }
        }
    }

    @Test func bothStreams() throws {
        try withProject { command in
            for verb in try Self.verbs() {
                for stream in Stream.allCases {
                    let end = try command.run([verb] + (Self.requests[verb] ?? []), stream, stream)
                    if stream == .brokenPipe { #expect(end.signal == SIGPIPE, "\(verb)") } else { #expect(end.code == (stream.fails ? 1 : 0), "\(verb) \(stream)") }
                }
            }
        }
    }

    /// Help, versions and completions are written by the argument parser's words, and by the same writer.
    @Test(arguments: [["--help"], ["help", "run"], ["run", "--help"], ["--version"], ["--generate-completion-script", "bash"], ["--experimental-dump-help"]])
    func helpOnStreamsThatFail(arguments: [String]) throws {
        try Command.with { (command) throws in
            #expect(try command.run(arguments, .good, .good, inProject: false).code == 0)
            #expect(try command.run(arguments, .closed, .closed, inProject: false).code == 0)
            #expect(try command.run(arguments, .full, .full, inProject: false).code == 1)
            #expect(try command.run(arguments, .hungUpTerminal, .good, inProject: false).errors.contains("cannot write to standard output"))
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

    /// A whole run with a standard error that fails from its first line on, and files that must not become a standard stream.
    @Test(arguments: Stream.allCases) func aRunIsTheSameWhateverStandardErrorIs(stream: Stream) throws {
        try Command.inMemory { command in
            try command.makeTiny()
            let end = try command.run(["run", "x.json"], .good, stream)
            #expect(end.code == 0 && end.output.contains("| original |"), "\(end)")
            #expect(try command.run(["run", "x.json", "--store", ".other"], .closed, stream, input: .closed).code == 0)
            #expect(try StoreContent(command) == StoreContent(command, store: ".other"))
            #expect(try command.run(["run", "x.json", "--verify"], .good, .good).errors.contains("7 fresh, 0 run"))
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
        let writers = #/\b(print|debugPrint|dump|fputs|puts|printf|NSLog)\(|FileHandle\.standard(Output|Error)|\b(stdout|stderr)\b/#.ignoresCase(false)
        for folder in ["lavise-pipeline", "Pipeline", "Engine", "Networks", "LaViSE", "Datasets", "Transfer", "Reporting", "HDF5", "Imaging"] {
            let files = try #require(FileManager.default.enumerator(atPath: sources.appending(path: folder).path))
            for case let name as String in files where name.hasSuffix(".swift") {
                let text = try String(contentsOf: sources.appending(path: "\(folder)/\(name)"), encoding: .utf8)
                for line in text.split(separator: "\n") where !line.trimmingCharacters(in: .whitespaces).hasPrefix("//") {
                    #expect(line.firstMatch(of: writers) == nil, "\(folder)/\(name): \(line)")
                }
            }
        }
    }
}

extension Command {
    /// Runs the program with these streams; what it wrote to good ones is returned.
    func run(
        _ arguments: [String], _ output: StreamTests.Stream, _ errors: StreamTests.Stream, input: StreamTests.Stream = .good,
        inProject: Bool = true, ignoring ignored: [Int32] = []
    ) throws -> StreamTests.End {
        var actions = posix_spawn_file_actions_t(), attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        let files = [path(".out"), path(".err")]
        if input == .closed { posix_spawn_file_actions_addclose(&actions, 0) } else { posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) }
        var opened: [Int32] = []
        defer { opened.forEach { close($0) } }
        for (descriptor, stream) in [(Int32(1), output), (Int32(2), errors)] {
            switch stream {
            case .good: posix_spawn_file_actions_addopen(&actions, descriptor, files[Int(descriptor) - 1], O_WRONLY | O_CREAT | O_TRUNC, 0o644)
            case .closed: posix_spawn_file_actions_addclose(&actions, descriptor)
            case .full: posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/full", O_WRONLY, 0)
            case .brokenPipe:
                var ends: [Int32] = [0, 0]
                #expect(pipe(&ends) == 0)
                close(ends[0])
                opened.append(ends[1])
                posix_spawn_file_actions_adddup2(&actions, ends[1], descriptor)
            case .hungUpTerminal:
                let terminal = try PseudoTerminal()
                opened.append(terminal.device)
                terminal.hangUp()
                posix_spawn_file_actions_adddup2(&actions, terminal.device, descriptor)
            }
        }
        var defaults = sigset_t(), none = sigset_t()
        sigemptyset(&defaults)
        sigemptyset(&none)
        for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] where !ignored.contains(signal) { sigaddset(&defaults, signal) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var words = ([Self.binary.path] + arguments + (inProject ? ["-C", root] : [])).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var process = pid_t()
        // What is ignored when a process is spawned stays ignored in it.
        let before = ignored.map { ($0, signal($0, SIG_IGN)) }
        let status = posix_spawn(&process, Self.binary.path, &actions, &attributes, &words, environ)
        for (number, handler) in before { signal(number, handler) }
        #expect(status == 0, "\(String(cString: strerror(status)))")
        var result: Int32 = 0
        while waitpid(process, &result, 0) < 0, errno == EINTR {}
        var end = StreamTests.End()
        if result & 0x7f == 0 { end.code = result >> 8 & 0xff } else { end.signal = result & 0x7f }
        if output == .good { end.output = try String(contentsOfFile: files[0], encoding: .utf8) }
        if errors == .good { end.errors = try String(contentsOfFile: files[1], encoding: .utf8) }
        return end
    }
}

/// A terminal that a test holds the other end of.
struct PseudoTerminal {
    let controller: Int32
    /// What the program under test is given.
    let device: Int32

    /// - Parameter columns: 0 where nobody has said how wide it is.
    init(columns: Int = 80) throws {
        // What posix_openpt, unlockpt and ptsname do, which Glibc's module leaves out.
        controller = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var isLocked: Int32 = 0, number: Int32 = 0
        let unlock: UInt = 0x4004_5431, getNumber: UInt = 0x8004_5430
        guard controller >= 0, ioctl(controller, unlock, &isLocked) == 0, ioctl(controller, getNumber, &number) == 0 else {
            throw POSIXError(.ENODEV)
        }
        device = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard device >= 0 else { throw POSIXError(.ENODEV) }
        resize(columns)
    }

    func resize(_ columns: Int) {
        var size = winsize(ws_row: 24, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(controller, UInt(TIOCSWINSZ), &size)
    }

    func hangUp() { close(controller) }
}
