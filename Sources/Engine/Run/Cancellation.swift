import Glibc
import Synchronization

/// Tells a run to stop: by `cancel()`, or by SIGINT, SIGTERM or SIGHUP while a run that catches signals is under way.
public final class Cancellation: Sendable {
    private let cancelled = Atomic(false)
    private let listens = Atomic(false)
    private let signals: [Int32]
    private let patience: Double
    private let farewell: String?

    /// - Parameters:
    ///   - signals: that cancel a run which catches signals.
    ///   - patience: how long the run may take to stop after one, in seconds.
    ///   - farewell: what a second signal says as it ends the process; nil: it says nothing.
    public init(signals: [Int32] = [SIGINT, SIGTERM, SIGHUP], patience: Double = 0.7, farewell: String? = nil) {
        self.signals = signals
        self.patience = patience
        self.farewell = farewell
    }

    /// For a task on a node: SIGUSR1, which says that its time is nearly over, stops it at the next place where work is
    /// kept.
    public static func ofTask() -> Cancellation {
        Cancellation(signals: [SIGINT, SIGTERM, SIGHUP, SIGUSR1], patience: 1.5)
    }

    /// Asks the run to stop at the next place where it can.
    public func cancel() { cancelled.store(true, ordering: .relaxed) }

    /// Whether somebody asked for the end, by `cancel()` or by a signal that is caught.
    public var isCancelled: Bool {
        cancelled.load(ordering: .relaxed)
            || listens.load(ordering: .relaxed) && receivedSignal.load(ordering: .relaxed) != 0
    }

    /// - Throws: `EngineError.cancelled` once the run is cancelled.
    public func check() throws {
        guard isCancelled else { return }
        let signal = listens.load(ordering: .relaxed) ? receivedSignal.load(ordering: .relaxed) : 0
        throw EngineError.cancelled(signal: signal == 0 ? nil : signal)
    }

    /// Runs `body` with SIGINT, SIGTERM and SIGHUP caught, but for those that the parent ignores (`nohup`). Whatever
    /// hangs, in a library or a disk, the process is over after `patience`: the store survives that at any place. A
    /// second signal of a kind ends it at once.
    func catchingSignals<Result>(_ body: () throws -> Result) rethrows -> Result {
        receivedSignal.store(0, ordering: .relaxed)
        listens.store(true, ordering: .relaxed)
        defer { listens.store(false, ordering: .relaxed) }
        patienceMicroseconds.store(Int(patience * 1e6), ordering: .relaxed)
        let words = farewell.map { strdup($0) } ?? nil
        lastWords.store(UInt(bitPattern: words), ordering: .relaxed)
        defer {
            lastWords.store(0, ordering: .relaxed)
            free(words)
        }
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { signal in
            if receivedSignal.exchange(signal, ordering: .relaxed) != 0,
                let text = UnsafePointer<CChar>(bitPattern: lastWords.load(ordering: .relaxed))
            {
                _ = write(STDERR_FILENO, text, strlen(text))
                _exit(128 + signal)
            }
            // Slurm says so two minutes before the end: time to finish what is under way.
            let microseconds = signal == SIGUSR1 ? 100_000_000 : patienceMicroseconds.load(ordering: .relaxed)
            let time = timeval(tv_sec: microseconds / 1_000_000, tv_usec: microseconds % 1_000_000)
            var patience = itimerval(it_interval: timeval(), it_value: time)
            setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &patience, nil)
        }
        action.sa_flags =
            Int32(truncatingIfNeeded: SA_RESTART) | (farewell == nil ? Int32(truncatingIfNeeded: SA_RESETHAND) : 0)
        var previous: [(Int32, sigaction)] = []
        for signal in signals where !isIgnored(signal) {
            var old = sigaction()
            if sigaction(signal, &action, &old) == 0 { previous.append((signal, old)) }
        }
        var end = sigaction()
        end.__sigaction_handler.sa_handler = { _ in
            let text: StaticString =
                "\nerror: cancelled in the middle of something; finished work is kept, run again to go on\n"
            _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
            _exit(128 + receivedSignal.load(ordering: .relaxed))
        }
        // A parent that has them blocked, as some starters do by mistake, means no protection from them.
        var caught = sigset_t()
        sigemptyset(&caught)
        for signal in previous.map(\.0) + [SIGALRM] { sigaddset(&caught, signal) }
        pthread_sigmask(SIG_UNBLOCK, &caught, nil)
        var oldAlarm = sigaction()
        sigaction(SIGALRM, &end, &oldAlarm)
        defer {
            for (signal, var old) in previous { sigaction(signal, &old, nil) }
            // What is left to do, writing the error, takes no time.
            var never = itimerval()
            setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &never, nil)
            sigaction(SIGALRM, &oldAlarm, nil)
        }
        return try body()
    }
}

/// Whether the process ignores a signal, as a parent may have asked of it.
public func isIgnored(_ signal: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(signal, nil, &action) == 0 else { return false }
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
}

/// After a signal, for the next place where a run can stop.
private let patienceMicroseconds = Atomic(700_000)

/// Where the text lies that a second signal writes; 0: none.
private let lastWords = Atomic<UInt>(0)

/// Signals belong to the process, and a handler can reach nothing but a global.
private let receivedSignal = Atomic<Int32>(0)
