import Tensors

/// A graph made ready to run up to some of its values, its parameters read.
///
/// A value that threads share. The bits depend on the image alone: every operation is computed on the calling thread in a fixed order.
public struct GraphProgram: Sendable {
    public let graph: Graph
    /// The places of the values that a run gives, in its order.
    public let targets: [Int]
    private let nodes: [Graph.Node]
    private let constants: [Int: Tensor]
    /// By node: values that no later node reads.
    private let spent: [[Int]]
    private let products = MatrixProducts()

    /// Reads the parameters that the targets need, and no others.
    /// - Parameters:
    ///   - targets: places of values; at least one.
    ///   - parameters: gives the tensor of that name and shape; asked for `graph.parameters` alone.
    /// - Throws: what `parameters` throws.
    public init(_ graph: Graph, targets: [Int], parameters: (_ name: String, _ shape: [Int]) throws -> Tensor) throws {
        self.graph = graph
        self.targets = targets
        var simplified = SimplifiedGraph(graph, targets: Set(targets))
        let read = Set(simplified.nodes.flatMap(\.inputs))
        for (place, name) in graph.parameters where read.contains(place) {
            simplified.constants[place] = try parameters(name, graph.values[place].shape)
        }
        try simplified.simplify(products)
        nodes = simplified.nodes
        constants = simplified.constants
        var last: [Int: Int] = [:]
        for (index, node) in nodes.enumerated() { for input in node.inputs { last[input] = index } }
        var spent = [[Int]](repeating: [], count: nodes.count)
        for (value, index) in last where !targets.contains(value) && simplified.constants[value] == nil { spent[index].append(value) }
        self.spent = spent
    }

    /// A graph up to one value.
    public init(_ graph: Graph, target: Int, parameters: (_ name: String, _ shape: [Int]) throws -> Tensor) throws {
        try self.init(graph, targets: [target], parameters: parameters)
    }

    /// A graph that holds all its parameters.
    public init(_ graph: Graph, target: Int) throws {
        try self.init(graph, target: target) { name, _ in
            throw GraphError.inconsistent(node: name, "the model holds no numbers for this parameter")
        }
    }

    /// The first target value for one image.
    /// - Parameter image: of the input's shape, normalised.
    /// - Throws: `GraphError.inconsistent` for an image of another shape.
    public func run(_ image: Tensor) throws -> Tensor { try runAll(image).first ?? image }

    /// All target values for one image.
    public func runAll(_ image: Tensor) throws -> [Tensor] {
        let input = graph.values[graph.input]
        guard image.shape == input.shape else {
            throw GraphError.inconsistent(node: input.name, "the image has the shape \(image.shape), the model takes \(input.shape)")
        }
        var values = [graph.input: image]
        for (node, spent) in zip(nodes, spent) {
            let inputs = node.inputs.compactMap { values[$0] ?? constants[$0] }
            for value in spent { values[value] = nil }
            values[node.output] = try node.operation.apply(inputs, products: products)
        }
        return targets.map { values[$0] ?? constants[$0] ?? image }
    }
}
