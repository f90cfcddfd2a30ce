import Glibc
import Synchronization

/// Places where a crash test kills the process, as a power cut would: no handler runs; or stops it until it is told to
/// go on, as a machine that sleeps.
///
/// A specification is a number (the n-th place passed, from 1), a name (the first time it is passed), or `name:n`
/// (the n-th time); after `stop:` the process stops there. The names passed are appended to the file `log`, so that a test can learn what there is to kill.
public struct FaultPoints: Sendable {
    private let state: State?

    /// Free: passing a place costs one comparison.
    public static let off = FaultPoints(nil, log: nil)

    /// - Parameters:
    ///   - specification: a number, a name or `name:n`, after `stop:` or not; nil: kills nowhere.
    ///   - log: a file to append the names passed to; nil: none.
    public init(_ specification: String?, log: String?) {
        guard specification != nil || log != nil else {
            state = nil
            return
        }
        var parts = (specification ?? "").split(separator: ":").map(String.init)
        let stops = parts.first == "stop"
        if stops { parts.removeFirst() }
        let signal = stops ? SIGSTOP : SIGKILL
        if let count = parts.first.flatMap(Int.init) {
            state = State(name: nil, count: count, signal: signal, log: log)
        } else {
            let count = parts.dropFirst().first.flatMap(Int.init) ?? 1
            state = State(name: parts.first ?? "", count: count, signal: signal, log: log)
        }
    }

    /// Passes the place `name`; does not return if it is the one to die at, and late if it is the one to stop at.
    func pass(_ name: @autoclosure () -> String) {
        guard let state else { return }
        state.pass(name())
    }

    private final class State: Sendable {
        /// nil: any name counts.
        let name: String?
        let count: Int
        let signal: Int32
        let log: String?
        let passed = Atomic(0)

        init(name: String?, count: Int, signal: Int32, log: String?) {
            self.name = name
            self.count = count
            self.signal = signal
            self.log = log
        }

        func pass(_ name: String) {
            if let log { try? LocalFileSystem().append(Array("\(name)\n".utf8), to: log) }
            guard self.name == nil || self.name == name else { return }
            if passed.add(1, ordering: .relaxed).newValue == count { kill(getpid(), signal) }
        }
    }
}
