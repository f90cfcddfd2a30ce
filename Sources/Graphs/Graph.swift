import Tensors

/// What a network computes, as a list of operations on values of fixed shapes; the batch is one image.
///
/// Nodes stand in an order in which each reads only what the graph's input, its constants or earlier nodes give.
public struct Graph: Sendable {
    /// A tensor of the graph: its input, a parameter, or what a node computes.
    public struct Value: Sendable, Equatable {
        /// As the model's file names it; empty for what lies inside one of its operations.
        public internal(set) var name: String
        /// Row-major; the first axis is the batch of one.
        public let shape: [Int]
        /// Path of the module that computes it, as PyTorch names modules (`layer1.0.conv1`); nil where the file does
        /// not say.
        public let module: String?
    }

    /// An operation on values; the places of inputs and outputs among `values`.
    public struct Node: Sendable, Equatable {
        /// What is computed.
        public let operation: Operation
        /// Places of what it reads among `values`, in the operation's order.
        public let inputs: [Int]
        /// The place of what it computes among `values`.
        public let output: Int
    }

    /// All tensors: input, constants, parameters, and what nodes compute.
    public internal(set) var values: [Value] = []
    /// Tensors that the model's file holds, by the place of their value.
    public internal(set) var constants: [Int: Tensor] = [:]
    /// Names of parameters that come from elsewhere, by the place of their value.
    public internal(set) var parameters: [Int: String] = [:]
    /// In an order in which they can be computed.
    public internal(set) var nodes: [Node] = []
    /// The place of the image, `[1, 3, h, w]`.
    public internal(set) var input = 0
    /// Places of what the model gives.
    public internal(set) var outputs: [Int] = []
    /// Names of files beside the model's own that hold its numbers, sorted.
    public internal(set) var siblings: [String] = []
    /// Maps of tokens, by their place: the place of the value whose tokens they show.
    var grids: [Int: Int] = [:]
    /// By module: places of what it gives as it took it (dropout, pooling to the size that there is), which leaves no
    /// node.
    var passed: [String: Set<Int>] = [:]
    /// Why the graph ends before the model does, for an image of another size than the model's own.
    public internal(set) var cut: GraphError?

    init() {}

    /// The nodes that values depend on, in order.
    public func nodes(upTo targets: Set<Int>) -> [Node] {
        var needed = targets
        var kept: [Node] = []
        for node in nodes.reversed() where needed.contains(node.output) {
            kept.append(node)
            needed.formUnion(node.inputs)
        }
        return kept.reversed()
    }

    /// Multiplications of one image up to values, by the plain formulas.
    public func multiplications(upTo targets: Set<Int>) -> Double {
        nodes(upTo: targets).reduce(0.0) { sum, node in
            sum
                + node.operation.multiplications(
                    node.inputs.map { values[$0].shape }, output: values[node.output].shape)
        }
    }
}
