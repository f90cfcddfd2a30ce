import Tensors

extension Operation {
    /// The operation computed plainly: what faster ways are tested with, what folds constants, and what computes
    /// operations that have no faster way. The bits depend on the inputs alone.
    ///
    /// - Parameter inputs: of shapes for which `outputShape` gives one.
    func apply(_ inputs: [Tensor], products: GraphProducts) throws -> Tensor {
        let shape = try outputShape(inputs.map(\.shape))
        try elements(shape)
        let x = inputs[0]
        switch self {
        case .convolution(let window, let groups):
            return convolved(
                x, weights: inputs[1], bias: inputs.count > 2 ? inputs[2].data : nil, window, groups: groups,
                shape: shape, products)
        case .maxPool(let window): return pooled(x, window, shape: shape) { _ in .max }
        case .averagePool(let window, let countsPadding):
            return pooled(x, window, shape: shape) { .mean(over: countsPadding ? $0 : nil) }
        case .affine(let scale, let shift):
            let places = shape[2...].reduce(1, *)
            var output = x
            for place in x.data.indices {
                let channel = place / places % scale.count
                output.data[place] = Float(Double(x.data[place]) * scale[channel] + shift[channel])
            }
            return output
        case .batchNorm(let epsilon):
            return try Operation.affine(batchNorm: inputs.dropFirst().map(\.data), epsilon: epsilon).apply(
                [x], products: products)
        case .unary(let unary):
            var output = x
            unary.apply(to: &output.data)
            return output
        case .binary(let binary): return combined(inputs[0], inputs[1], binary, shape: shape)
        case .reduce(let reduction, let axes): return reduced(x, reduction, axes: axes, shape: shape)
        case .concatenate(let axis): return concatenated(inputs, axis: axis, shape: shape)
        case .slice(let axis, let start, let count, let step):
            return gathered(x, axis: axis, indices: (0..<count).map { start + $0 * step }, shape: shape)
        case .gather(let axis, let indices): return gathered(x, axis: axis, indices: indices, shape: shape)
        case .transpose(let order): return StridedView(of: x.shape).transposed(order).read(x.data)
        case .reshape: return Tensor(shape: shape, data: x.data)
        case .expand: return expanded(x, shape: shape)
        case .pad(let before, _, let mode): return padded(x, before: before, mode: mode, shape: shape)
        case .matrixProduct: return multiplied(x, inputs[1], shape: shape, products)
        case .softmax(let axis): return softmaxed(x, axis: axis)
        case .layerNorm(let axes, let epsilon):
            return normalised(
                x, axes: axes, epsilon: epsilon, weight: inputs.count > 1 ? inputs[1].data : nil,
                bias: inputs.count > 2 ? inputs[2].data : nil)
        case .localResponseNorm(let size, let alpha, let beta, let bias):
            return locallyNormalised(x, size: size, alpha: alpha, beta: beta, bias: bias)
        }
    }
}

extension Operation {
    /// The factors and shifts of a batch norm, in double.
    /// - Parameter parameters: weight, bias, mean and variance.
    static func affine(batchNorm parameters: [[Float]], epsilon: Double) -> Operation {
        let numbers = parameters.map { $0.map { Double($0) } }
        let scale = zip(numbers[0], numbers[3]).map { $0 / ($1 + epsilon).squareRoot() }
        return .affine(scale: scale, shift: scale.indices.map { numbers[1][$0] - numbers[2][$0] * scale[$0] })
    }
}

extension Operation.Unary {
    func apply(to data: inout [Float]) {
        func each(_ function: (Float) -> Float) { for index in data.indices { data[index] = function(data[index]) } }
        func double(_ function: (Double) -> Double) { each { Float(function(Double($0))) } }
        switch self {
        case .relu: each { max($0, 0) }
        case .clip(let low, let high): each { min(max($0, low), high) }
        case .leakyReLU(let slope): each { $0 < 0 ? $0 * slope : $0 }
        case .hardSigmoid(let alpha, let beta): each { min(max(alpha * $0 + beta, 0), 1) }
        case .hardSwish: each { $0 * min(max($0 + 3, 0), 6) / 6 }
        case .sigmoid: double(Elementary.sigmoid)
        case .silu: double { $0 * Elementary.sigmoid($0) }
        case .tanh: double(Elementary.tanh)
        case .exp: double(Elementary.exp)
        case .log: double(Elementary.log)
        case .erf: double(Elementary.erf)
        case .squareRoot: each { $0.squareRoot() }
        case .reciprocal: each { 1 / $0 }
        case .negate: each { -$0 }
        case .absolute: each(abs)
        case .elu(let alpha): double { $0 < 0 ? Double(alpha) * (Elementary.exp($0) - 1) : $0 }
        case .softplus: double { max($0, 0) + Elementary.log(1 + Elementary.exp(-abs($0))) }
        case .mish: double { $0 * Elementary.tanh(max($0, 0) + Elementary.log(1 + Elementary.exp(-abs($0)))) }
        case .gelu(isTanh: false): double { 0.5 * $0 * (1 + Elementary.erf($0 * 0.7071067811865476)) }
        case .gelu(isTanh: true):
            double { 0.5 * $0 * (1 + Elementary.tanh(0.7978845608028654 * ($0 + 0.044715 * $0 * $0 * $0))) }
        }
    }
}
