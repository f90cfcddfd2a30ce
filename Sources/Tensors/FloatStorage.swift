import Glibc

/// Floats at a fixed address that is a multiple of 64 bytes: packed weights and workspaces.
///
/// Large ones ask for huge pages, where kernels are up to a tenth faster: small ones lie scattered in memory and crowd
/// some of a cache's sets.
public final class FloatStorage {
    /// Floats that there is room for.
    public let count: Int
    /// The first of them; valid as long as this object.
    public let address: UnsafeMutablePointer<Float>

    private static let hugePage = 2 << 20

    /// `count` zeros.
    public init(count: Int) {
        self.count = count
        let bytes = max(count, 1) * MemoryLayout<Float>.stride, isLarge = bytes >= Self.hugePage / 4
        let room = isLarge ? (bytes + Self.hugePage - 1) / Self.hugePage * Self.hugePage : bytes
        let memory = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: isLarge ? Self.hugePage : 64)
        if isLarge { madvise(memory, room, MADV_HUGEPAGE) }  // a system without them refuses, and is merely slower
        address = memory.bindMemory(to: Float.self, capacity: max(count, 1))
        address.initialize(repeating: 0, count: max(count, 1))
    }

    deinit { address.deallocate() }
}
