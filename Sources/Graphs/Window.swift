/// How a convolution or pooling slides over h×w: `[vertical, horizontal]` each.
public struct Window: Sendable, Equatable {
    /// Rows and columns of the kernel.
    public var kernel: [Int]
    /// Rows and columns from one output to the next.
    public var stride: [Int]
    var dilation: [Int]
    /// Zeros around the map: above and to the left, below and to the right.
    public var before: [Int]
    /// Zeros below and to the right of the map.
    public var after: [Int]
    /// Pooling: whether a last window that is not full counts.
    public var isCeiling = false

    /// Rows and columns of the output for an input of h×w.
    func outputSize(_ size: [Int]) -> [Int] {
        (0..<2).map { axis in
            let reach = dilation[axis] * (kernel[axis] - 1) + 1
            let room = size[axis] + before[axis] + after[axis] - reach
            guard room >= 0 else { return 0 }
            var count = (isCeiling ? room + stride[axis] - 1 : room) / stride[axis] + 1
            // As in PyTorch, a window that would begin beyond the input and its leading zeros is left out.
            if isCeiling, (count - 1) * stride[axis] >= size[axis] + before[axis] { count -= 1 }
            return count
        }
    }

    /// The input's row or column of an output's tap; nil outside.
    @inline(__always)
    func source(_ axis: Int, output: Int, tap: Int, size: Int) -> Int? {
        let place = output * stride[axis] + tap * dilation[axis] - before[axis]
        return place >= 0 && place < size ? place : nil
    }
}
