import Glibc

/// Memory that the workers of one `concurrently` share. Zeros come from the system: untouched pages take no memory.
///
/// @unchecked because the compiler cannot see that each worker writes its own part alone.
final class SharedBuffer<Element: BitwiseCopyable & Numeric>: @unchecked Sendable {
    private let start: UnsafeMutablePointer<Element>
    private let count: Int

    /// - Parameter value: what every element is at first.
    /// - Throws: `EvaluationError` when there is no memory for it.
    init(repeating value: Element, count: Int) throws {
        self.count = count
        guard let memory = calloc(max(count, 1), MemoryLayout<Element>.stride) else {
            throw EvaluationError.outOfMemory(bytes: count * MemoryLayout<Element>.stride)
        }
        start = memory.bindMemory(to: Element.self, capacity: count)
        if value != 0 { start.update(repeating: value, count: count) }
    }

    deinit { free(start) }

    subscript(_ index: Int) -> Element {
        get { start[index] }
        set { start[index] = newValue }
    }

    var array: [Element] { Array(UnsafeBufferPointer(start: start, count: count)) }

    /// Gives `body` the memory from `offset` on, and keeps it alive meanwhile.
    func with<R>(from offset: Int, _ body: (UnsafeMutablePointer<Element>) throws -> R) rethrows -> R {
        try withExtendedLifetime(self) { try body(start + offset) }
    }
}
