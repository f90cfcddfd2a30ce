import CKernels

/// A 2-d convolution or pooling with a square kernel, and the size of the maps that it is applied to.
public struct ConvolutionShape: Sendable, Equatable {
    public let inputs: Int, outputs: Int
    public let kernel: Int, stride: Int, padding: Int
    public let height: Int, width: Int

    /// - Parameters:
    ///   - inputs: channels that are read.
    ///   - outputs: channels that are written.
    ///   - kernel: side of the square kernel, in pixels; likewise `stride` and `padding` (of zeros) in both directions.
    ///   - height: rows of an input map.
    ///   - width: columns of an input map.
    public init(inputs: Int, outputs: Int, kernel: Int, stride: Int, padding: Int, height: Int, width: Int) {
        self.inputs = inputs
        self.outputs = outputs
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
        self.height = height
        self.width = width
    }

    /// Rows of an output map: `(height + 2 · padding − kernel) / stride + 1`, rounded down.
    public var outputHeight: Int { withUnsafePointer(to: kernels) { Int(ck_out_height($0)) } }
    /// Columns of an output map: `(width + 2 · padding − kernel) / stride + 1`, rounded down.
    public var outputWidth: Int { withUnsafePointer(to: kernels) { Int(ck_out_width($0)) } }

    var kernels: ck_convolution {
        ck_convolution(
            inputs: Int32(inputs), outputs: Int32(outputs), kernel: Int32(kernel), stride: Int32(stride),
            padding: Int32(padding), height: Int32(height), width: Int32(width))
    }
}
