/// Floats at a fixed address that is a multiple of 64 bytes: packed weights and workspaces.
public final class FloatStorage {
    public let count: Int
    public let address: UnsafeMutablePointer<Float>

    /// `count` zeros.
    public init(count: Int) {
        self.count = count
        address = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
            .bindMemory(to: Float.self, capacity: max(count, 1))
        address.initialize(repeating: 0, count: max(count, 1))
    }

    deinit { address.deallocate() }
}
