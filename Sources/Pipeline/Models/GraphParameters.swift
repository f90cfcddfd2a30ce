import Fingerprints
import Graphs
import Networks
import Tensors

extension Graph {
    /// Names and shapes of the parameters that layers need, by name.
    /// - Throws: `UnknownGraphLayer`.
    func parameterList(upTo layers: [String]) throws -> [(name: String, shape: [Int])] {
        let read = Set(nodes(upTo: Set(try layers.map { try layer(named: $0).value })).flatMap(\.inputs))
        return parameterList { read.contains($0) }
    }

    /// Of all values that the model gives.
    var parameterList: [(name: String, shape: [Int])] { parameterList { _ in true } }

    private func parameterList(_ isRead: (Int) -> Bool) -> [(name: String, shape: [Int])] {
        parameters.filter { isRead($0.key) }.sorted { $0.key < $1.key }.map {
            (name: $0.value, shape: values[$0.key].shape)
        }
    }
}

/// Initial weights of any graph, drawn from a seed by the distributions of PyTorch's own modules (`reset_parameters`):
/// matrices and kernels, and the biases beside them, U(−1/√fan_in, 1/√fan_in); norms 1 and 0. A tensor's numbers come
/// from a stream of its own name.
struct RandomGraphParameters: ParameterSource {
    let model: String
    let seed: UInt64
    /// Shapes by name: a bias has the fan-in of the weight beside it.
    private let shapes: [String: [Int]]

    init(_ graph: Graph, model: String, seed: UInt64) {
        self.model = model
        self.seed = seed
        shapes = Dictionary(graph.parameterList.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    }

    func tensor(_ name: String, shape: [Int]) -> Tensor {
        let count = shape.reduce(1, *)
        func constant(_ value: Float) -> Tensor { Tensor(shape: shape, data: [Float](repeating: value, count: count)) }
        let (module, field) =
            name.lastIndex(of: ".").map { (name[..<$0], name[name.index(after: $0)...]) } ?? ("", name[...])
        let weight = field == "weight" ? shape : shapes["\(module).weight"] ?? []
        switch field {
        case "running_var": return constant(1)
        case "weight" where shape.count == 1: return constant(1)
        case "weight", "bias", "in_proj_weight":
            let matrix = field == "in_proj_weight" ? shape : weight
            guard matrix.count > 1 else { return constant(0) }
            let bound = 1 / Double(max(matrix[1...].reduce(1, *), 1)).squareRoot()
            return drawn(name, shape) { $0.uniform(-bound, bound) }
        // torchvision's: a layer's scale in ConvNeXt, the table of positions of a ViT.
        case "layer_scale": return constant(1e-6)
        case "pos_embedding": return drawn(name, shape) { $0.normal() * 0.02 }
        default: return constant(0)
        }
    }

    private func drawn(_ name: String, _ shape: [Int], _ number: (inout RandomSource) -> Double) -> Tensor {
        var source = RandomSource(seed: seed, stream: "\(model) \(name)")
        return Tensor(shape: shape, data: (0..<shape.reduce(1, *)).map { _ in Float(number(&source)) })
    }
}

/// Of a graph that holds all its numbers.
struct NoParameters: ParameterSource {
    func tensor(_ name: String, shape: [Int]) throws -> Tensor {
        throw GraphError.inconsistent(node: name, "the model holds no numbers for this parameter")
    }
}
