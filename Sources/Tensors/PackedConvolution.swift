import CKernels

/// How a convolution is computed.
public enum ConvolutionAlgorithm: Sendable, CaseIterable {
    /// One image whose few input planes lie as they are, `[inputs, height, width]`.
    case image
    /// A product of patches and weights; inputs are blocked.
    case direct
    /// F(4×4, 3×3), also with stride 2, or F(4×4, 5×5) of Lavin & Gray 2016; inputs are blocked.
    case winograd

    /// Whether it can compute that shape.
    public func handles(_ shape: ConvolutionShape) -> Bool {
        guard shape.outputs % 32 == 0 else { return false }
        return switch self {
        case .image: shape.inputs * shape.kernel * shape.kernel <= 512
        case .direct: shape.inputs % 16 == 0
        case .winograd:
            shape.inputs % 16 == 0 && [(3, 1), (5, 1), (3, 2)].contains { $0 == (shape.kernel, shape.stride) }
                && shape.padding == shape.kernel / 2
        }
    }

    var kernels: ck_algorithm {
        switch self {
        case .image: ck_image
        case .direct: ck_direct
        case .winograd: ck_winograd
        }
    }
}

/// A convolution with bias, its weights packed once for an instruction set and shared by all threads.
///
/// Every output is one fixed sequence of fused multiply-adds: the bits depend on the image and the algorithm, not on
/// the instruction set, the number of images in a call or the thread.
public struct PackedConvolution: Sendable {
    /// The convolution, and the maps that it is for.
    public let shape: ConvolutionShape
    /// The algorithm that the weights are packed for.
    public let algorithm: ConvolutionAlgorithm
    private let instructions: InstructionSet
    private let bias: [Float]
    private let packed: PackedWeights

    /// - Parameters:
    ///   - algorithm: one that handles `shape` (a programming error otherwise).
    ///   - weights: `[outputs, inputs, kernel, kernel]`.
    ///   - bias: `[outputs]`.
    public init(
        _ shape: ConvolutionShape, _ algorithm: ConvolutionAlgorithm, weights: [Float], bias: [Float],
        instructions: InstructionSet = .best
    ) {
        precondition(algorithm.handles(shape), "\(algorithm) cannot compute \(shape)")
        precondition(
            weights.count == shape.outputs * shape.inputs * shape.kernel * shape.kernel && bias.count == shape.outputs,
            "the parameters do not have the shape \(shape)")
        self.shape = shape
        self.algorithm = algorithm
        self.instructions = instructions
        self.bias = bias
        packed = PackedWeights(shape, algorithm, weights, instructions)
    }

    /// Floats of scratch space that `apply` needs for so many images.
    public func scratchCount(images: Int) -> Int {
        withUnsafePointer(to: shape.kernels) { ck_scratch_count($0, algorithm.kernels, images) }
    }

    /// The region that is computed for the outputs in `region`: it covers them, and costs nothing more.
    public func computed(for region: MapRegion) -> MapRegion {
        guard algorithm == .winograd, !region.isEmpty else { return region }
        return MapRegion(
            top: region.top / 4 * 4, left: region.left / 4 * 4,
            bottom: min((region.bottom + 3) / 4 * 4, shape.outputHeight),
            right: min((region.right + 3) / 4 * 4, shape.outputWidth))
    }

    /// `output ← convolution(input) + bias (+ addend)`, then ReLU when `rectifying`, in each image's region; on the
    /// calling thread alone. The rest of `output` stays as it is.
    ///
    /// - Parameters:
    ///   - input: blocked, or one image's planes for `.image`, whose `plane` does not matter.
    ///   - addend: blocked like `output`, and may be it; none for `.image`.
    ///   - regions: a region of outputs for each image, as `computed(for:)` gives them.
    ///   - areOfOneImage: they are all of the one image that there is, without a pixel in common.
    ///   - scratch: `scratchCount(images:)` floats.
    public func apply(
        input: BlockedMaps, output: BlockedMaps, addend: BlockedMaps? = nil, rectifying: Bool,
        regions: UnsafeBufferPointer<MapRegion>, areOfOneImage: Bool = false, scratch: UnsafeMutablePointer<Float>
    ) {
        var shape = shape.kernels
        bias.withUnsafeBufferPointer { bias in
            withKernelRegions(regions) { regions in
                var call = ck_call(
                    input: input.address, input_plane: input.plane, output: output.address, output_plane: output.plane,
                    regions: regions.baseAddress, one_image: areOfOneImage ? 1 : 0, packed: packed.storage.address,
                    bias: bias.baseAddress,
                    addend: addend?.address, addend_plane: addend?.plane ?? 0, relu: rectifying ? 1 : 0,
                    scratch: scratch)
                ck_convolve(instructions.kernels, &shape, algorithm.kernels, regions.count, &call)
            }
        }
    }
}

/// Weights in the order in which the kernels read them.
private final class PackedWeights: @unchecked Sendable {  // written in init alone, read ever after
    let storage: FloatStorage

    init(
        _ shape: ConvolutionShape, _ algorithm: ConvolutionAlgorithm, _ weights: [Float], _ instructions: InstructionSet
    ) {
        var shape = shape.kernels
        storage = FloatStorage(count: ck_packed_count(&shape, algorithm.kernels))
        ck_pack(instructions.kernels, &shape, algorithm.kernels, weights, storage.address)
    }
}
