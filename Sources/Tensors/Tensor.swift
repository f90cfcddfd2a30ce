/// Numbers in row-major order: the last axis is contiguous.
public struct Tensor: Sendable, Equatable {
    /// Extents of the axes, the outermost first, such as `[N, d, h, w]`; empty for a single number.
    public var shape: [Int]
    /// The numbers, as many as the product of `shape`.
    public var data: [Float]

    /// A tensor of zeros.
    public init(zeros shape: [Int]) {
        self.shape = shape
        data = [Float](repeating: 0, count: Self.count(of: shape))
    }

    /// `data` seen as `shape`; `data.count` is the product of `shape` (a programming error otherwise).
    public init(shape: [Int], data: [Float]) {
        precondition(data.count == Self.count(of: shape), "\(data.count) numbers are no tensor of shape \(shape)")
        self.shape = shape
        self.data = data
    }

    /// A tensor whose every number `write` initialises.
    package init(uninitialized shape: [Int], write: (UnsafeMutablePointer<Float>) -> Void) {
        let count = Self.count(of: shape)
        self.shape = shape
        data = [Float](unsafeUninitializedCapacity: count) { numbers, written in
            if let address = numbers.baseAddress, count > 0 { write(address) }
            written = count
        }
    }

    /// An axis without extent leaves no number, however long the others are: their product may be beyond all numbers.
    private static func count(of shape: [Int]) -> Int { shape.contains(0) ? 0 : shape.reduce(1, *) }

    /// The number of elements.
    public var count: Int { data.count }
}
