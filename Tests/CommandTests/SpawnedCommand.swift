import Foundation
import Testing

extension Command {
    /// Runs the program with these streams; what it wrote to good ones is returned.
    /// - Parameter ignored: signals that the program finds ignored when it begins.
    func run(
        _ arguments: [String], _ output: StreamTests.Stream, _ errors: StreamTests.Stream,
        input: StreamTests.Stream = .good,
        inProject: Bool = true, ignoring ignored: [Int32] = [], while isRunning: (pid_t) -> Void = { _ in }
    ) throws -> StreamTests.End {
        let files = [path(".out"), path(".err")]
        var opened: [Int32] = []
        defer { opened.forEach { close($0) } }
        let process = try spawn(arguments + (inProject ? ["-C", root] : []), ignoring: ignored) { actions in
            if input == .closed {
                posix_spawn_file_actions_addclose(&actions, 0)
            } else {
                posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
            }
            for (descriptor, stream) in [(Int32(1), output), (Int32(2), errors)] {
                switch stream {
                case .good:
                    posix_spawn_file_actions_addopen(
                        &actions, descriptor, files[Int(descriptor) - 1], O_WRONLY | O_CREAT | O_TRUNC, 0o644)
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
        }
        isRunning(process)
        var end = Self.wait(process)
        if output == .good { end.output = try String(contentsOfFile: files[0], encoding: .utf8) }
        if errors == .good { end.errors = try String(contentsOfFile: files[1], encoding: .utf8) }
        return end
    }

    /// Runs the program on a terminal; what it showed is the output.
    /// - Parameters:
    ///   - widths: of the terminal; with several it is resized to one after the other, again and again.
    ///   - program: another one to run in the command's place.
    func run(
        _ arguments: [String], onTerminal widths: [Int], environment: [String: String] = [:], program: String? = nil
    ) throws -> StreamTests.End {
        let terminal = try PseudoTerminal(columns: widths[0])
        let arguments = program == nil ? arguments + ["-C", root] : arguments
        let process = try spawn(arguments, environment: environment, program: program ?? Self.binary.path) { actions in
            for descriptor in Int32(0)...2 { posix_spawn_file_actions_adddup2(&actions, terminal.device, descriptor) }
        }
        close(terminal.device)
        var shown: [UInt8] = [], buffer = [UInt8](repeating: 0, count: 4096), turns = 0
        while true {
            // Ends with an error when the program has closed its end.
            let count = read(terminal.controller, &buffer, buffer.count)
            guard count > 0 else { break }
            shown += buffer[..<count]
            turns += 1
            if widths.count > 1 { terminal.resize(widths[turns % widths.count]) }
        }
        terminal.hangUp()
        var end = Self.wait(process)
        end.output = String(decoding: shown, as: UTF8.self)
        return end
    }

    /// - Parameter environment: beside the test's own; an empty value takes a variable away.
    private func spawn(
        _ arguments: [String], environment: [String: String] = [:], ignoring ignored: [Int32] = [],
        program: String = Self.binary.path,
        _ streams: (inout posix_spawn_file_actions_t) throws -> Void
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t(), attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        try streams(&actions)
        // The runner of the tests may ignore what a shell does not.
        var defaults = sigset_t(), none = sigset_t()
        sigemptyset(&defaults)
        sigemptyset(&none)
        for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] where !ignored.contains(signal) {
            sigaddset(&defaults, signal)
        }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        // What is ignored cannot be asked of posix_spawn: a shell passes it on.
        let names = [SIGPIPE: "PIPE", SIGINT: "INT", SIGTERM: "TERM", SIGHUP: "HUP"]
        let trap = "trap '' \(ignored.compactMap { names[$0] }.joined(separator: " ")); exec \"$0\" \"$@\""
        let program = ignored.isEmpty ? [program] : ["/bin/sh", "-c", trap, program]
        var words = (program + arguments).map { strdup($0) } + [nil]
        let merged = ProcessInfo.processInfo.environment.merging(ownPlaces) { $1 }.merging(environment) { $1 }.filter {
            !$0.value.isEmpty
        }
        var variables = merged.map { strdup("\($0)=\($1)") } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var process = pid_t()
        let status = posix_spawn(&process, program[0], &actions, &attributes, &words, &variables)
        #expect(status == 0, "\(String(cString: strerror(status)))")
        return process
    }

    private static func wait(_ process: pid_t) -> StreamTests.End {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7f
        return signal == 0 ? StreamTests.End(code: status >> 8 & 0xff) : StreamTests.End(signal: signal)
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
        guard controller >= 0, ioctl(controller, unlock, &isLocked) == 0, ioctl(controller, getNumber, &number) == 0
        else {
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
