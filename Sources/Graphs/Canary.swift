import Tensors

extension Graph {
    /// What a small graph of every operation returns on this machine, its values one by one and as one program: equal
    /// numbers, equal bits of every graph.
    /// - Throws: `GraphError`; never with this program's own operations.
    package static func canary() throws -> [Float] {
        var builder = CanaryBuilder()
        let last = try builder.build()
        let single = try GraphProgram(builder.graph, targets: builder.graph.nodes.map(\.output)) { name, _ in
            throw GraphError.inconsistent(node: name, "a canary has no parameters")
        }
        let fused = try GraphProgram(builder.graph, target: last)
        return try single.runAll(builder.image).flatMap(\.data) + fused.run(builder.image).data
    }
}

/// A graph of every operation, with numbers that never change.
private struct CanaryBuilder {
    private(set) var graph = Graph()
    let image: Tensor
    private var state: UInt64 = 1

    init() {
        let count = 3 * 13 * 11
        image = Tensor(shape: [1, 3, 13, 11], data: (0..<count).map { Float($0 * 37 % count) / Float(count) - 0.5 })
        graph.values.append(Graph.Value(name: "image", shape: image.shape, module: nil))
    }

    /// - Returns: the place of the value that depends on all others.
    mutating func build() throws -> Int {
        func window(_ kernel: [Int], stride: Int = 1, dilation: Int = 1, padding: Int = 0) -> Window {
            Window(
                kernel: kernel, stride: [stride, stride], dilation: [dilation, dilation], before: [padding, padding],
                after: [padding, padding])
        }
        var x = try apply(
            .convolution(window([3, 3], padding: 1), groups: 1), 0, constant([16, 3, 3, 3]), constant([16]))
        x = try apply(.affine(scale: numbers(16), shift: numbers(16)), x)
        x = try apply(.unary(.relu), x)
        let entry = x
        x = try apply(.convolution(window([3, 3], padding: 1), groups: 16), x, constant([16, 1, 3, 3]))
        x = try apply(.unary(.clip(0, 6)), x)
        x = try apply(.convolution(window([1, 1]), groups: 1), x, constant([32, 16, 1, 1]), constant([32]))
        x = try apply(.unary(.silu), x)
        x = try apply(.convolution(window([1, 3], dilation: 2, padding: 2), groups: 4), x, constant([16, 8, 1, 3]))
        x = try apply(.slice(axis: 2, start: 2, count: 13, step: 1), x)
        x = try apply(.slice(axis: 3, start: 0, count: 11, step: 1), x)
        x = try apply(.binary(.add), x, entry)
        for unary: Operation.Unary in [
            .sigmoid, .hardSwish, .tanh, .exp, .erf, .absolute, .squareRoot, .gelu(isTanh: false), .gelu(isTanh: true),
            .leakyReLU(0.1),
            .hardSigmoid(alpha: 0.2, beta: 0.5), .elu(1), .softplus, .mish, .negate, .reciprocal,
        ] { x = try apply(.unary(unary), x) }
        for binary: Operation.Binary in [.subtract, .multiply, .divide, .maximum, .minimum] {
            x = try apply(.binary(binary), x, constant([1, 16, 1, 1]))
        }
        let pooled = try apply(.maxPool(window([3, 3], stride: 2, padding: 1)), x)
        let mean = try apply(.averagePool(window([3, 3], stride: 2, padding: 1), countsPadding: false), x)
        x = try apply(.concatenate(axis: 1), pooled, mean)
        x = try apply(.localResponseNorm(size: 5, alpha: 1e-4, beta: 0.75, bias: 1), x)
        let gate = try apply(.unary(.log), apply(.unary(.softplus), apply(.reduce(.mean, axes: [2, 3]), x)))
        x = try apply(.binary(.multiply), x, gate)
        let shape = graph.values[x].shape
        x = try apply(.transpose([0, 2, 1]), apply(.reshape([1, shape[1], shape[2] * shape[3]]), x))
        x = try apply(.layerNorm(axes: 1, epsilon: 1e-5), x, constant([shape[1]]), constant([shape[1]]))
        let products = try apply(.matrixProduct, x, constant([shape[1], 40]))
        return try apply(.softmax(axis: 2), products)
    }

    private mutating func numbers(_ count: Int) -> [Double] {
        (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 40) / 0x1p23 - 1
        }
    }

    private mutating func constant(_ shape: [Int]) -> Int {
        graph.values.append(Graph.Value(name: "", shape: shape, module: nil))
        let data = numbers(shape.reduce(1, *)).map { Float($0) }
        graph.constants[graph.values.count - 1] = Tensor(shape: shape, data: data)
        return graph.values.count - 1
    }

    private mutating func apply(_ operation: Operation, _ inputs: Int...) throws -> Int {
        let shape = try operation.outputShape(inputs.map { graph.values[$0].shape })
        graph.values.append(Graph.Value(name: "\(graph.values.count)", shape: shape, module: nil))
        graph.nodes.append(Graph.Node(operation: operation, inputs: inputs, output: graph.values.count - 1))
        return graph.values.count - 1
    }
}
