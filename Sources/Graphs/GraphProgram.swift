import Tensors

/// A graph made ready to run up to one of its values.
///
/// A value that threads share. The bits depend on the image alone: every operation is computed on the calling thread in a fixed order.
public struct GraphProgram: Sendable {
    public let graph: Graph
    /// The place of the value that `run` gives.
    public let target: Int
    private let nodes: [Graph.Node]
    /// By node: values that no later node reads.
    private let spent: [[Int]]
    private let products = MatrixProducts()

    public init(_ graph: Graph, target: Int) {
        self.graph = graph
        self.target = target
        nodes = graph.nodes(upTo: target)
        var last: [Int: Int] = [:]
        for (index, node) in nodes.enumerated() { for input in node.inputs { last[input] = index } }
        var spent = [[Int]](repeating: [], count: nodes.count)
        for (value, index) in last where value != target && graph.constants[value] == nil { spent[index].append(value) }
        self.spent = spent
    }

    /// The target value for one image.
    /// - Parameter image: of the input's shape, normalised.
    /// - Throws: `GraphError.inconsistent` for an image of another shape.
    public func run(_ image: Tensor) throws -> Tensor {
        let input = graph.values[graph.input]
        guard image.shape == input.shape else {
            throw GraphError.inconsistent(node: input.name, "the image has the shape \(image.shape), the model takes \(input.shape)")
        }
        var values = [graph.input: image]
        for (node, spent) in zip(nodes, spent) {
            let inputs = node.inputs.compactMap { values[$0] ?? graph.constants[$0] }
            // Freed first: an operation that keeps its input's storage then changes it in place.
            for value in spent { values[value] = nil }
            values[node.output] = try node.operation.apply(inputs, products: products)
        }
        return values[target] ?? image
    }
}
