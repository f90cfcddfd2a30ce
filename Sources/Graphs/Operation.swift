/// An operation of a graph. Shapes are those of `Graph.Value`: the first axis is the batch of one.
public enum Operation: Sendable, Equatable {
    /// Inputs: x `[1, c, h, w]`, weights `[d, c / groups, kh, kw]` and, where there is one, bias `[d]`.
    case convolution(Window, groups: Int)
    case maxPool(Window)
    /// - Parameter countsPadding: whether the zeros around the map count in a mean (PyTorch's `count_include_pad`).
    case averagePool(Window, countsPadding: Bool)
    /// x · scale + shift, a number of each a channel (axis 1): batch norm on its stored statistics, or constants of
    /// that shape.
    case affine(scale: [Double], shift: [Double])
    /// Inputs: x, weight, bias, mean and variance `[c]`: (x − mean) / √(variance + ε) · weight + bias, a channel (axis
    /// 1) each.
    case batchNorm(epsilon: Double)
    case unary(Unary)
    /// With broadcasting as in NumPy.
    case binary(Binary)
    /// Over axes, which stay with length 1.
    case reduce(Reduction, axes: [Int])
    case concatenate(axis: Int)
    /// Along an axis: `count` places from `start`, `step` apart (which may be negative).
    case slice(axis: Int, start: Int, count: Int, step: Int)
    /// The places of an axis in another order or number.
    case gather(axis: Int, indices: [Int])
    case transpose([Int])
    case reshape([Int])
    /// Repeats axes of length 1.
    case expand([Int])
    /// Numbers around each axis.
    case pad(before: [Int], after: [Int], mode: PadMode)
    /// `[…, m, k] · […, k, n]` with broadcast leading axes.
    case matrixProduct
    case softmax(axis: Int)
    /// (x − mean) / √(variance + ε) over the last `axes` axes; then, with inputs for them, · weight + bias.
    case layerNorm(axes: Int, epsilon: Double)
    /// Krizhevsky et al. 2012, section 3.3: x / (bias + α/size · Σ x²)^β over neighbouring channels.
    case localResponseNorm(size: Int, alpha: Double, beta: Double, bias: Double)

    /// What stands around a map: one number, its mirror image without the edge, or its edge again (as NumPy's `pad`).
    public enum PadMode: Sendable, Equatable { case constant(Float), reflect, edge }
    /// What becomes of the numbers along the axes.
    public enum Reduction: String, Sendable { case mean, sum, max, min, product }
    /// An operation on two numbers.
    public enum Binary: String, Sendable { case add, subtract, multiply, divide, maximum, minimum, power }

    /// An operation on each number, as ONNX and PyTorch define it.
    public enum Unary: Sendable, Equatable {
        case relu, sigmoid, silu, hardSwish, tanh, exp, log, erf, squareRoot, reciprocal, negate, absolute
        case clip(Float, Float)
        case leakyReLU(Float)
        case hardSigmoid(alpha: Float, beta: Float)
        case elu(Float)
        case softplus, mish
        /// By erf, or by tanh as PyTorch's `approximate="tanh"`.
        case gelu(isTanh: Bool)
    }

    /// The name that `layers` shows.
    public var name: String {
        switch self {
        case .convolution(_, let groups): groups == 1 ? "convolution" : "grouped convolution"
        case .maxPool: "max pool"
        case .averagePool: "average pool"
        case .affine, .batchNorm: "batch norm"
        case .unary(let unary): "\(unary)".split(separator: "(").first.map(String.init) ?? "unary"
        case .binary(let binary): binary.rawValue
        case .reduce(let reduction, _): reduction.rawValue
        case .concatenate: "concatenate"
        case .slice, .gather: "slice"
        case .transpose: "transpose"
        case .reshape, .expand: "reshape"
        case .pad: "pad"
        case .matrixProduct: "matrix product"
        case .softmax: "softmax"
        case .layerNorm: "layer norm"
        case .localResponseNorm: "local response norm"
        }
    }
}
