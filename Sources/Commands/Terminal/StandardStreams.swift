import Engine
import Glibc

/// A standard stream that did not take what was written to it.
struct StreamError: Error, CustomStringConvertible {
    /// The system's error number.
    let code: Int32

    var description: String { "cannot write to standard output: \(String(cString: strerror(code)))" }
}

/// Makes the process ready to write, before it opens anything.
///
/// Closed standard streams become `/dev/null`, or the first files that a run opens would be its standard streams. A
/// pipe that nobody reads and a file that may not grow are errors of the call that writes, not signals that end the
/// process.
func prepareStreams() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
        // The lowest free number is this one.
        if open("/dev/null", O_RDWR) < 0 { _ = open("/", O_RDONLY) }
    }
    _ = ignoredBrokenPipesFromTheStart
    signal(SIGXFSZ, SIG_IGN)
    // Runs catch it and stop at a safe place; any other verb ends with the code that its contract has for signals.
    if !isIgnored(SIGHUP) { signal(SIGHUP) { _exit(128 + $0) } }
}

/// Whether the parent asked for errors in place of SIGPIPE, as `nohup`-like starters do.
private let ignoredBrokenPipesFromTheStart: Bool = {
    defer { signal(SIGPIPE, SIG_IGN) }
    return isIgnored(SIGPIPE)
}()

/// Results: the one writer of standard output. It keeps nothing back, so what it returns from has been taken.
///
/// A reader that is gone (`| head`) ends the process by SIGPIPE, as with any tool.
/// - Throws: `StreamError`.
func standardOutput(_ text: String, terminator: String = "\n") throws {
    let code = write(text + terminator, to: STDOUT_FILENO)
    if code == EPIPE, !ignoredBrokenPipesFromTheStart {
        signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
    }
    if code != 0 { throw StreamError(code: code) }
}

func standardOutput(lines: [String]) throws {
    try standardOutput(lines.map { $0 + "\n" }.joined(), terminator: "")
}

/// Progress, notes and errors: the one writer of standard error. Whatever happens to the stream, work goes on.
func standardError(_ text: String, terminator: String = "\n") {
    _ = write(text + terminator, to: STDERR_FILENO)
}

/// Writes all of it.
/// - Returns: the system's error number; 0 for none.
private func write(_ text: String, to descriptor: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
        var rest = UnsafeRawBufferPointer(bytes)[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count == 0 {
                return EIO
            } else if errno == EAGAIN {
                // A pipe that someone else made non-blocking.
                var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&room, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}
