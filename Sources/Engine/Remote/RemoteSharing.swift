import Fingerprints

/// Gives a remote store what a run has, job by job, on a thread of its own: what is finished is shared while later jobs
/// run, and a run that is killed has given all but what was under way.
final class RemoteSharing: Sendable {
    private let writing: RemoteWriting
    private let state = Monitor(State())

    private struct State {
        var waiting: [(job: String, fingerprint: Digest)] = []
        var isOver = false
        /// Whether somebody gives what waits.
        var isServed = false
        var error: (any Error)?
    }

    init(_ writing: RemoteWriting) { self.writing = writing }

    /// A job is settled, and its outputs are here or there.
    func add(_ job: String, _ fingerprint: Digest) {
        let isFirst = state.update { state in
            state.waiting.append((job, fingerprint))
            defer { state.isServed = true }
            return !state.isServed
        }
        // Without a thread all is given at the end.
        if isFirst, !detached({ self.serve() }) { state.update { $0.isServed = false } }
    }

    /// Waits until all is given.
    /// - Throws: the first error: `EngineError.nondeterministic` where a trusted trace there has other outputs,
    ///   `.cancelled`, `FileSystemError`.
    func finish() throws {
        let isLeft = state.update { state in
            state.isOver = true
            defer { state.isServed = true }
            return !state.isServed
        }
        if isLeft { serve() }
        if let error = state.wait({ $0.isServed ? nil : .some($0.error) }) { throw error }
    }

    private func serve() {
        while let next = state.wait(take) {
            do {
                try give(next.job, next.fingerprint)
            } catch {
                state.update { state in
                    state.error = state.error ?? error
                    state.waiting = []
                }
            }
        }
        state.update { $0.isServed = false }
    }

    /// - Returns: nil to wait; `.some(nil)` at the end.
    private func take(_ state: inout State) -> (job: String, fingerprint: Digest)?? {
        if state.error == nil, !state.waiting.isEmpty { return .some(state.waiting.removeFirst()) }
        return state.isOver ? .some(nil) : nil
    }

    private func give(_ job: String, _ fingerprint: Digest) throws {
        try writing.options.cancellation.check()
        guard writing.remote.may(.writing) else { return }
        if case .kept(let why?) = try writing.push(job, fingerprint) {
            writing.observer.noted(job: job, text: "not given to \(writing.remote.store.name): \(why)")
        }
    }
}
