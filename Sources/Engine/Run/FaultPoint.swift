import Glibc
import Synchronization

/// Places where a crash test kills the process, as a power cut would: no handler runs.
///
/// A specification is a number (the n-th place passed, from 1), a name (the first time it is passed), or `name:n`
/// (the n-th time). The names passed are appended to the file `log`, so that a test can learn what there is to kill.
public struct FaultPoints: Sendable {
    private let state: State?

    /// Free: passing a place costs one comparison.
    public static let off = FaultPoints(nil, log: nil)

    /// - Parameters:
    ///   - specification: a number, a name or `name:n`; nil: kills nowhere.
    ///   - log: a file to append the names passed to; nil: none.
    public init(_ specification: String?, log: String?) {
        guard specification != nil || log != nil else {
            state = nil
            return
        }
        let parts = (specification ?? "").split(separator: ":").map(String.init)
        if let count = parts.first.flatMap(Int.init) {
            state = State(name: nil, count: count, log: log)
        } else {
            state = State(name: parts.first ?? "", count: parts.dropFirst().first.flatMap(Int.init) ?? 1, log: log)
        }
    }

    /// Passes the place `name`; does not return if it is the one to die at.
    func pass(_ name: @autoclosure () -> String) {
        guard let state else { return }
        state.pass(name())
    }

    private final class State: Sendable {
        /// nil: any name counts.
        let name: String?
        let count: Int
        let log: String?
        let passed = Atomic(0)

        init(name: String?, count: Int, log: String?) {
            self.name = name
            self.count = count
            self.log = log
        }

        func pass(_ name: String) {
            if let log { try? LocalFileSystem().append(Array("\(name)\n".utf8), to: log) }
            guard self.name == nil || self.name == name else { return }
            if passed.add(1, ordering: .relaxed).newValue == count { kill(getpid(), SIGKILL) }
        }
    }
}
