import Foundation

/// Results that several threads leave at their own index.
final class SharedResults<T: Sendable>: @unchecked Sendable {  // guarded by `lock`
    private let lock = NSLock()
    private var slots: [T?]

    init(count: Int) { slots = .init(repeating: nil, count: count) }

    subscript(index: Int) -> T? {
        get { lock.withLock { slots[index] } }
        set { lock.withLock { slots[index] = newValue } }
    }

    /// In order of index; empty places are left out.
    var values: [T] { lock.withLock { slots.compactMap { $0 } } }
}
