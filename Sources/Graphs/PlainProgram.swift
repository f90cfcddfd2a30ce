import Tensors

/// A simplified graph computed plainly, operation by operation, an image at a time.
struct PlainProgram: Sendable {
    private let graph: SimplifiedGraph
    private let targets: [Int]
    /// By node: values that no later node reads.
    private let spent: [[Int]]
    private let products = GraphProducts.openBLAS

    init(_ graph: SimplifiedGraph, targets: [Int]) {
        self.graph = graph
        self.targets = targets
        var last: [Int: Int] = [:]
        for (index, node) in graph.nodes.enumerated() { for input in node.inputs { last[input] = index } }
        var spent = [[Int]](repeating: [], count: graph.nodes.count)
        for (value, index) in last where !targets.contains(value) && graph.constants[value] == nil {
            spent[index].append(value)
        }
        self.spent = spent
    }

    func run(_ image: Tensor) throws -> [Tensor] {
        var values = [graph.input: image]
        for (node, spent) in zip(graph.nodes, spent) {
            let inputs = node.inputs.compactMap { values[$0] ?? graph.constants[$0] }
            for value in spent { values[value] = nil }
            values[node.output] = try node.operation.apply(inputs, products: products)
        }
        return targets.map { values[$0] ?? graph.constants[$0] ?? image }
    }
}
