import Glibc

/// What became of another program.
struct ProgramEnd: Sendable {
    /// Its exit code, or 128 + the signal that ended it.
    let code: Int32
    let output: String
    let errors: String
}

/// Why another program told nothing.
enum ProgramFault: Error, Sendable, CustomStringConvertible {
    case notFound(String)
    /// It was ended because it took too long; what it asked for may have happened.
    case timedOut(String, seconds: Double)

    var description: String {
        switch self {
        case .notFound(let program): "there is no program \(program) on PATH"
        case .timedOut(let program, let seconds): "\(program) did not answer within \(Int(seconds)) s"
        }
    }
}

/// Runs a program found on `PATH` with this text on its standard input, and waits for it.
/// - Parameter isHidden: variables that it does not see.
/// - Throws: `ProgramFault`.
func runProgram(
    _ program: String, _ arguments: [String], input: String = "", hiding isHidden: (String) -> Bool, seconds: Double
) throws -> ProgramEnd {
    var ends: [[Int32]] = []
    defer { for end in ends.flatMap({ $0 }) where end >= 0 { close(end) } }
    for _ in 0..<3 {
        var pair: [Int32] = [-1, -1]
        guard pipe(&pair) == 0 else { throw FileSystemError("open", "a pipe to \(program)", code: errno) }
        for end in pair { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        ends.append(pair)
    }
    var actions = posix_spawn_file_actions_t(), attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_adddup2(&actions, ends[0][0], 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1][1], 1)
    posix_spawn_file_actions_adddup2(&actions, ends[2][1], 2)
    // A Ctrl-C at the terminal is this program's to handle: its helpers finish what they do.
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    var words = ([program] + arguments).map { strdup($0) } + [nil]
    var variables = inherited(but: isHidden).map { strdup($0) } + [nil]
    defer { (words + variables).forEach { free($0) } }
    var process = pid_t()
    let status = posix_spawnp(&process, program, &actions, &attributes, &words, &variables)
    guard status == 0 else {
        throw status == ENOENT ? ProgramFault.notFound(program) : FileSystemError("run", program, code: status)
    }
    for (end, side) in [(0, 0), (1, 1), (2, 1)] {
        close(ends[end][side])
        ends[end][side] = -1
    }
    let isDone = exchange(Array(input.utf8), &ends, until: SystemTime().monotonic() + Int(seconds * 1e9))
    if !isDone.isWhole { kill(-process, SIGKILL) }
    var state: Int32 = 0
    while waitpid(process, &state, 0) < 0, errno == EINTR {}
    guard isDone.isWhole else { throw ProgramFault.timedOut(program, seconds: seconds) }
    let signal = state & 0x7f
    return ProgramEnd(
        code: signal == 0 ? state >> 8 & 0xff : 128 + signal, output: String(decoding: isDone.texts[0], as: UTF8.self),
        errors: String(decoding: isDone.texts[1], as: UTF8.self))
}

private func inherited(but isHidden: (String) -> Bool) -> [String] {
    var all: [String] = [], place = environ
    while let entry = place.pointee {
        let text = String(cString: entry)
        if !isHidden(String(text.prefix { $0 != "=" })) { all.append(text) }
        place += 1
    }
    return all
}

/// Writes the input and reads both outputs until all are closed, or it is too late.
private func exchange(_ input: [UInt8], _ ends: inout [[Int32]], until deadline: Int) -> (
    texts: [[UInt8]], isWhole: Bool
) {
    var rest = input[...], texts: [[UInt8]] = [[], []]
    func closed(_ end: Int, _ side: Int, _ ends: inout [[Int32]]) {
        close(ends[end][side])
        ends[end][side] = -1
    }
    if rest.isEmpty { closed(0, 1, &ends) }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while ends[1][0] >= 0 || ends[2][0] >= 0 {
        let left = deadline - SystemTime().monotonic()
        guard left > 0 else { return (texts, false) }
        var polled =
            [pollfd(fd: ends[0][1], events: Int16(POLLOUT), revents: 0)]
            + (1...2).map { pollfd(fd: ends[$0][0], events: Int16(POLLIN), revents: 0) }
        guard poll(&polled, nfds_t(polled.count), Int32(min(left / 1_000_000 + 1, 1000))) > 0 else { continue }
        if polled[0].revents != 0, ends[0][1] >= 0 {
            let count = rest.withUnsafeBytes { write(ends[0][1], $0.baseAddress, min($0.count, 4096)) }
            if count > 0 { rest = rest.dropFirst(count) }
            if count < 0 || rest.isEmpty { closed(0, 1, &ends) }
        }
        for stream in 1...2 where polled[stream].revents != 0 && ends[stream][0] >= 0 {
            let count = read(ends[stream][0], &buffer, buffer.count)
            if count > 0 {
                texts[stream - 1] += buffer[..<count]
            } else if count == 0 || errno != EINTR {
                closed(stream, 0, &ends)
            }
        }
    }
    return (texts, true)
}
