import CKernels

extension ConvolutionShape {
    /// The plain convolution in double, `[outputs, outputHeight, outputWidth]`: what the fast ones are compared with.
    /// - Parameters:
    ///   - input: `[inputs, height, width]`.
    ///   - weights: `[outputs, inputs, kernel, kernel]`.
    ///   - bias: `[outputs]`.
    package func reference(input: [Float], weights: [Float], bias: [Float]) -> [Double] {
        var output = [Double](repeating: 0, count: outputs * outputHeight * outputWidth)
        var shape = kernels
        ck_reference(&shape, input, weights, bias, &output)
        return output
    }
}
