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
    /// What the system gave, of a large one.
    private let mapping: UnsafeMutableRawBufferPointer?

    /// `count` zeros.
    public init(count: Int) {
        self.count = count
        let bytes = max(count, 1) * MemoryLayout<Float>.stride
        mapping = bytes >= Self.hugePage / 4 ? Self.map(bytes) : nil
        if let mapping, let start = mapping.baseAddress {
            address = start.alignedUp(toMultipleOf: Self.hugePage).bindMemory(to: Float.self, capacity: count)
        } else {
            address = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64).bindMemory(
                to: Float.self, capacity: max(count, 1))
            address.initialize(repeating: 0, count: max(count, 1))
        }
    }

    deinit {
        if let mapping { munmap(mapping.baseAddress, mapping.count) } else { address.deallocate() }
    }

    /// Zeros that take memory where they are first touched, with room for `bytes` from a huge page's start on; nil when
    /// there is no memory.
    private static func map(_ bytes: Int) -> UnsafeMutableRawBufferPointer? {
        let room = (bytes + hugePage - 1) / hugePage * hugePage + hugePage
        guard let start = mmap(nil, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            start != MAP_FAILED
        else { return nil }
        madvise(start, room, MADV_HUGEPAGE)  // a system without them refuses, and is merely slower
        return UnsafeMutableRawBufferPointer(start: start, count: room)
    }
}
