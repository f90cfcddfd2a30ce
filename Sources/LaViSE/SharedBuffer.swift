/// Memory that the workers of one `concurrently` share.
///
/// @unchecked because the compiler cannot see that each worker writes its own part alone.
final class SharedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    private let start: UnsafeMutablePointer<Element>
    private let count: Int

    init(repeating value: Element, count: Int) {
        self.count = count
        start = .allocate(capacity: count)
        start.initialize(repeating: value, count: count)
    }

    deinit { start.deallocate() }

    subscript(_ index: Int) -> Element {
        get { start[index] }
        set { start[index] = newValue }
    }

    func fill(_ value: Element) { start.update(repeating: value, count: count) }
    var array: [Element] { Array(UnsafeBufferPointer(start: start, count: count)) }

    /// Gives `body` the memory from `offset` on, and keeps it alive meanwhile.
    func with<R>(from offset: Int, _ body: (UnsafeMutablePointer<Element>) throws -> R) rethrows -> R {
        try withExtendedLifetime(self) { try body(start + offset) }
    }
}
