import Synchronization

/// Counts work done on several threads and tells the handler.
final class ProgressCounter: Sendable {
    private let phase: EvaluationProgress.Phase
    private let total: Int
    private let handler: ProgressHandler
    private let done = Atomic(0)

    init(_ phase: EvaluationProgress.Phase, total: Int, handler: @escaping ProgressHandler) {
        self.phase = phase
        self.total = total
        self.handler = handler
    }

    func advance(by more: Int = 1) throws {
        let count = done.add(more, ordering: .relaxed).newValue
        try handler(EvaluationProgress(phase: phase, done: count, total: total))
    }
}
