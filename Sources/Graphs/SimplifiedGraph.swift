import Tensors

/// What target values need of a graph, with fewer nodes: what depends on no image is computed once, and batch norms
/// become part of the convolutions before them.
struct SimplifiedGraph {
    var nodes: [Graph.Node]
    var constants: [Int: Tensor]
    let targets: Set<Int>
    let input: Int
    /// By value of the graph.
    let shapes: [Int: [Int]]
    private var nextValue: Int

    init(_ graph: Graph, targets: Set<Int>) {
        nodes = graph.nodes(upTo: targets)
        constants = graph.constants
        self.targets = targets
        input = graph.input
        shapes = Dictionary(uniqueKeysWithValues: graph.values.enumerated().map { ($0.offset, $0.element.shape) })
        nextValue = graph.values.count
    }

    mutating func simplify(_ products: GraphProducts) throws {
        try foldConstants(products)
        foldBatchNorms()
        foldAffines()
        recognise()
    }

    private mutating func foldConstants(_ products: GraphProducts) throws {
        var kept: [Graph.Node] = []
        for node in nodes {
            let inputs = node.inputs.compactMap { constants[$0] }
            if inputs.count == node.inputs.count {
                constants[node.output] = try node.operation.apply(inputs, products: products)
            } else {
                kept.append(node)
            }
        }
        nodes = kept
    }

    private mutating func foldBatchNorms() {
        for index in nodes.indices {
            let node = nodes[index], parameters = node.inputs.dropFirst().compactMap { constants[$0]?.data }
            guard case .batchNorm(let epsilon) = node.operation, parameters.count == 4 else { continue }
            nodes[index] = Graph.Node(
                operation: .affine(batchNorm: parameters, epsilon: epsilon), inputs: [node.inputs[0]],
                output: node.output)
        }
    }

    /// A convolution that one affine alone reads takes it up: in double, rounded once.
    private mutating func foldAffines() {
        var readers: [Int: Int] = [:]
        for node in nodes { for input in node.inputs { readers[input, default: 0] += 1 } }
        var producers: [Int: Int] = [:]
        var removed: Set<Int> = []
        for index in nodes.indices {
            producers[nodes[index].output] = index
            guard case .affine(let scale, let shift) = nodes[index].operation,
                let source = producers[nodes[index].inputs[0]],
                case .convolution = nodes[source].operation, readers[nodes[source].output] == 1,
                !targets.contains(nodes[source].output),
                let weights = constants[nodes[source].inputs[1]]
            else { continue }
            let convolution = nodes[source], size = weights.count / max(scale.count, 1)
            var folded = weights
            for place in folded.data.indices {
                folded.data[place] = Float(Double(weights.data[place]) * scale[place / size])
            }
            var bias = shift
            if convolution.inputs.count > 2 {
                guard let own = constants[convolution.inputs[2]] else { continue }
                for channel in bias.indices { bias[channel] += Double(own.data[channel]) * scale[channel] }
            }
            let places = [add(folded), add(Tensor(shape: [bias.count], data: bias.map { Float($0) }))]
            nodes[index] = Graph.Node(
                operation: convolution.operation, inputs: [convolution.inputs[0]] + places, output: nodes[index].output)
            removed.insert(source)
        }
        nodes = nodes.enumerated().filter { !removed.contains($0.offset) }.map(\.element)
    }

    private mutating func add(_ constant: Tensor) -> Int {
        defer { nextValue += 1 }
        constants[nextValue] = constant
        return nextValue
    }
}
