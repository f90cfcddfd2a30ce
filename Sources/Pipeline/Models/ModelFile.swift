import Engine
import Foundation
import Graphs

/// A model file of the user's as a plan sees it: its layers, and what lies beside it.
struct ModelFile {
    private let network: Network
    private let path: String
    private let side: Int
    /// nil where the file is not there yet.
    private let graph: Graph?

    /// - Parameters:
    ///   - path: the file's own; `network` names it for errors.
    ///   - side: of the pictures.
    /// - Throws: `ExperimentError` where the file is there and cannot be used.
    init(_ network: Network, at path: String, side: Int) throws {
        self.network = network
        self.path = path
        self.side = side
        do {
            graph = access(path, F_OK) == 0 ? try Graph(modelFile: path, side: side) : nil
        } catch let error as GraphError {
            throw ExperimentError("\(path): \(error)")
        }
    }

    /// The file, and those beside it that hold its weights.
    var inputs: [Input] {
        let folder = (path as NSString).deletingLastPathComponent
        return [Port.model.from(.file(path))]
            + (graph?.siblings ?? []).enumerated().map { Input("model.data.\($0)", .file("\(folder)/\($1)")) }
    }

    /// The target layers; nil where the file is not there yet.
    /// - Throws: `ExperimentError` for a name that is none of its layers, or a filter that the layer does not have.
    func targetLayers(_ experiment: Experiment) throws -> [TargetLayer]? {
        guard let graph else { return nil }
        do {
            let layers = try network.targetLayers(experiment.backbone.layers, in: graph)
            let channels = layers.first { $0.name == experiment.backbone.layer }?.shape.channels ?? 0
            if let filter = experiment.evaluate.filters?.first(where: { $0 >= channels }) {
                throw ExperimentError(
                    "evaluate.filters: \(experiment.backbone.layer) of \(network.name) has filters 0 to \(channels - 1), not \(filter)"
                )
            }
            return layers
        } catch let error as NoSuchLayer {
            throw ExperimentError("backbone.layer: \(error)")
        }
    }
}
