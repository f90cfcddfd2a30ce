import CKernels

/// A 2-d convolution or pooling with a square kernel, and the size of the maps that it is applied to.
public struct ConvolutionShape: Sendable, Equatable {
    public let inputs: Int, outputs: Int
    public let kernel: Int, stride: Int, padding: Int
    public let height: Int, width: Int

    public init(inputs: Int, outputs: Int, kernel: Int, stride: Int, padding: Int, height: Int, width: Int) {
        self.inputs = inputs
        self.outputs = outputs
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
        self.height = height
        self.width = width
    }

    public var outputHeight: Int { withUnsafePointer(to: kernels) { Int(ck_out_height($0)) } }
    public var outputWidth: Int { withUnsafePointer(to: kernels) { Int(ck_out_width($0)) } }

    var kernels: ck_convolution {
        ck_convolution(
            inputs: Int32(inputs), outputs: Int32(outputs), kernel: Int32(kernel), stride: Int32(stride),
            padding: Int32(padding), height: Int32(height), width: Int32(width))
    }
}
