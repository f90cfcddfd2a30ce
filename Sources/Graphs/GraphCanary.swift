import Tensors

/// What a small graph gives on this machine that has every kind of operation which kernels compute, of sizes that reach the edges of their tiles:
/// machines on which it is the same compute graphs alike.
/// - Throws: `GraphError`.
public func graphCanary(_ kernels: GraphKernels = .best) throws -> [Float] {
    var canary = Canary()
    do {
        let targets = try canary.build()
        let graph = canary.builder.graph, places = targets.compactMap { if case .value(let place) = $0 { place } else { nil } }
        let program = try GraphProgram(graph, targets: places, kernels: kernels) { name, _ in throw UnknownModel(name: name) }
        return try program.runAll(Tensor(shape: graph.values[graph.input].shape, data: canary.draw(graph.values[graph.input].shape))).flatMap(\.data)
    } catch let mismatch as ShapeMismatch {
        throw GraphError.inconsistent(node: "canary", mismatch.problem)
    }
}

private struct Canary {
    typealias Term = GraphBuilder.Term
    var builder = GraphBuilder()
    private var state: UInt64 = 1

    /// Numbers in [−1, 1) that never change.
    mutating func draw(_ shape: [Int]) -> [Float] {
        (0..<shape.reduce(1, *)).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(state >> 40) / 0x1p23 - 1
        }
    }

    private mutating func constant(_ shape: [Int]) throws -> Term { .constant(try Constant(shape: shape, .floats(draw(shape)))) }

    private mutating func convolved(
        _ x: Term, _ outputs: Int, kernel: [Int], stride: [Int] = [1, 1], dilation: [Int] = [1, 1], groups: Int = 1
    ) throws -> Term {
        let pads = (0..<2).map { dilation[$0] * (kernel[$0] - 1) / 2 }
        let window = Window(kernel: kernel, stride: stride, dilation: dilation, before: pads, after: pads)
        let weights = try constant([outputs, builder.shape(x)[1] / groups] + kernel), bias = try constant([outputs])
        return try builder.emit(.convolution(window, groups: groups), [x, weights, bias])
    }

    mutating func build() throws -> [Term] {
        let image = try builder.addInput(name: "image", shape: [1, 3, 19, 23])
        var targets: [Term] = []
        var x = try convolved(image, 40, kernel: [5, 5], stride: [2, 2])
        x = try builder.emit(.unary(.silu), [x])
        let long = try convolved(x, 24, kernel: [1, 7]), wide = try convolved(x, 24, kernel: [3, 3], dilation: [2, 2])
        let deep = try convolved(x, 40, kernel: [3, 5], groups: 40), grouped = try convolved(x, 60, kernel: [3, 3], groups: 10)
        targets += [x, long, wide, deep, grouped, try convolved(grouped, 33, kernel: [3, 3])]
        let functions: [Operation.Unary] = [
            .clip(0, 6), .leakyReLU(0.1), .hardSigmoid(alpha: 0.2, beta: 0.5), .hardSwish, .sigmoid, .tanh, .gelu(isTanh: false), .gelu(isTanh: true),
        ]
        for function in functions { targets.append(try builder.emit(.unary(function), [long])) }
        let window = Window(kernel: [3, 2], stride: [2, 1], dilation: [1, 1], before: [1, 0], after: [1, 0])
        targets += [try builder.emit(.maxPool(window), [deep]), try builder.emit(.averagePool(window, countsPadding: true), [deep])]
        let mean = try builder.emit(.reduce(.mean, axes: [2, 3]), [deep]), gated = try builder.emit(.binary(.multiply), [deep, mean])
        let joined = try builder.emit(.concatenate(axis: 1), [gated, long, wide])
        targets += [mean, joined, try builder.emit(.affine(scale: draw([88]).map(Double.init), shift: draw([88]).map(Double.init)), [joined])]
        let rows = try builder.emit(.transpose([0, 2, 3, 1]), [joined])
        let norm = try builder.emit(.layerNorm(axes: 1, epsilon: 1e-5), [rows, try constant([88]), try constant([88])])
        let tokens = try builder.linear(try builder.reshape(norm, [1, 120, 88]), weights: try constant([33, 88]), bias: try constant([33]))
        return targets + [norm, tokens, try builder.attention(tokens, tokens, tokens, mask: nil, scale: nil)]
    }
}
