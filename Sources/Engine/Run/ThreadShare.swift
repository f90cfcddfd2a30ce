import Synchronization

/// How many threads a job may use: its share of all. It grows when jobs beside it end, and never shrinks.
package final class ThreadShare: Sendable {
    private let count: Atomic<Int>

    /// - Parameter count: what is below 1 is 1.
    package init(_ count: Int) { self.count = Atomic(max(1, count)) }

    /// As many as there are now.
    package var now: Int { count.load(ordering: .relaxed) }

    package func grow(to count: Int) { self.count.max(count, ordering: .relaxed) }
}
