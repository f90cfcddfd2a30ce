import CKernels

extension ConvolutionAlgorithm {
    /// The one that computes a shape fastest.
    public static func fastest(for shape: ConvolutionShape) -> ConvolutionAlgorithm {
        // With stride 2 Winograd saves too little to compute tiles that go beyond the map.
        let pays = shape.stride == 1 || shape.outputHeight % 4 == 0 && shape.outputWidth % 4 == 0
        if pays, ConvolutionAlgorithm.winograd.handles(shape) { return .winograd }
        return ConvolutionAlgorithm.direct.handles(shape) ? .direct : .image
    }

    /// FLOP of one image's products in this algorithm: Winograd's are fewer than the plain formula's, its transforms
    /// not counted.
    public func productFLOP(_ shape: ConvolutionShape) -> Double {
        guard self == .winograd else { return shape.flop }
        let points = withUnsafePointer(to: shape.kernels) { Double(ck_points($0)) }
        let tiles = Double((shape.outputHeight + 3) / 4 * ((shape.outputWidth + 3) / 4))
        return 2 * points * points * tiles * Double(shape.inputs * shape.outputs)
    }
}

extension ConvolutionShape {
    /// FLOP of one image by the plain formula.
    public var flop: Double { 2 * Double(outputs * outputHeight * outputWidth) * Double(inputs * kernel * kernel) }

    /// Bytes of one image's input and output, each passed once.
    public var mapBytes: Double { 4 * Double(inputs * height * width + outputs * outputHeight * outputWidth) }

    /// Bytes of the weights as they are stored.
    public var weightBytes: Double { 4 * Double(outputs * inputs * kernel * kernel) }
}
