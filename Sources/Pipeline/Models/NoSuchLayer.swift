import Fingerprints
import Graphs
import Networks

/// A name that is no target layer of a network, or could be several.
public struct NoSuchLayer: Error, CustomStringConvertible, Sendable, Equatable {
    /// The name, why it is no layer, and which may be meant or how to list all.
    public let description: String

    /// - Parameter error: what the graph said of the name.
    init(_ error: UnknownGraphLayer, in graph: Graph, of network: String) {
        func list(_ layers: [GraphLayer]) -> String {
            layers.map { "\($0.name) [\($0.shape.map(String.init).joined(separator: "×"))]" }.joined(separator: ", ")
        }
        let name = error.name, rest = "`lavise-pipeline layers \(network)` lists all"
        if error.isAmbiguous {
            description =
                "\"\(name)\" of \(network) gives \(error.candidates.count) values; say which: \(list(error.candidates))"
        } else if let value = graph.values.last(where: { $0.name == name || $0.module == name }) {
            description =
                "\"\(name)\" of \(network) has the shape \(value.shape), which is no map of height and width; \(rest)"
        } else if let near = nearest(to: name, among: graph.layerNames) {
            description = "\"\(name)\" is no layer of \(network); did you mean \"\(near)\"? \(rest)"
        } else if !error.candidates.isEmpty {
            description = "\"\(name)\" is no layer of \(network); similar are \(list(error.candidates)); \(rest)"
        } else {
            description =
                "\"\(name)\" is no layer of \(network)"
                + (graph.cut.map { ", which ends before its own end here: \($0)" } ?? "") + "; \(rest)"
        }
    }

    init(_ error: UnknownLayer) { description = error.description }
}
