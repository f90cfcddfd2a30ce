import Graphs
import Networks

/// What is known of a target layer before any picture passes.
public struct TargetLayer: Sendable, Hashable {
    /// As the experiment names it.
    public let name: String
    /// `[d, h, w]` of one picture's maps.
    public let shape: FeatureShape
    /// Of one picture's pass up to it.
    public let multiplications: Double
}

extension Network {
    /// The target layers of those names, in their order.
    /// - Parameters:
    ///   - side: of the pictures.
    /// - Throws: `NoSuchLayer`, `GraphError`; for a model file, which is asked `in` its graph.
    func targetLayers(_ names: [String], side: Int) throws -> [TargetLayer] {
        if case .blocks(let architecture) = self {
            if hasBlocks(for: names, side: side) { return try names.map(architecture.targetLayer) }
            guard Graph.torchvisionModels.contains(architecture.name) else {
                let unknown = names.first { !architecture.layers.contains($0) } ?? names[0]
                throw NoSuchLayer(UnknownLayer(architecture: architecture, layer: unknown))
            }
        }
        return try targetLayers(names, in: graph(side: side, file: ""))
    }

    /// The same of a graph of this network.
    /// - Throws: `NoSuchLayer`.
    func targetLayers(_ names: [String], in graph: Graph) throws -> [TargetLayer] {
        try names.map { name in
            let layer = try layer(name, in: graph)
            return TargetLayer(
                name: name, shape: FeatureShape(layer.shape),
                multiplications: graph.multiplications(upTo: [layer.value]))
        }
    }
}

extension Network {
    /// - Throws: `NoSuchLayer`.
    func layer(_ layer: String, in graph: Graph) throws -> GraphLayer {
        do {
            return try graph.layer(named: layer)
        } catch let error as UnknownGraphLayer {
            throw NoSuchLayer(error, in: graph, of: name)
        }
    }
}

extension Architecture {
    fileprivate func targetLayer(_ name: String) throws -> TargetLayer {
        TargetLayer(
            name: name, shape: try featureShape(layer: name),
            multiplications: try convolutionLayers(upTo: name).reduce(0) { $0 + $1.flop / 2 })
    }
}

extension FeatureShape {
    /// - Parameter shape: `[d, h, w]`
    init(_ shape: [Int]) { self.init(channels: shape[0], height: shape[1], width: shape[2]) }
}
