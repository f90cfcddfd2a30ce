import Fingerprints
import Graphs
import Networks

extension Experiment.TargetModel {
    static let keys = ["architecture", "model", "layer", "layers", "preprocess", "weights", "random", "precision"]

    /// - Throws: `TextError`.
    init(_ root: Fields, _ catalogue: Catalogue) throws {
        let fields = try root.object("backbone", known: Self.keys)
        network = try Self.network(fields, catalogue)
        let own = Preprocessing(of: network)
        if own == nil, !fields.has("preprocess") {
            throw fields.lacks(
                "preprocess",
                "how the model's pictures are made: {\"resize\", \"crop\", \"mean\", \"std\"}, as it was trained")
        }
        preprocessing = try Preprocessing(fields.object("preprocess", known: Preprocessing.keys), own: own)
        let side = preprocessing.crop.side
        (layer, layers) = try Self.layers(fields, network)
        if case .file = network {
            known = nil
        } else {
            do {
                known = try network.targetLayers(layers, side: side)
            } catch let error as NoSuchLayer {
                let key = fields.has("layers") ? "layers" : "layer"
                let place = (fields.node(key) ?? fields.node("architecture"))?.place ?? TextPlace(whole: "")
                throw TextError(place, "\"backbone.\(key)\": \(error)")
            }
        }
        precision = try fields.choice("precision", MapPrecision.self) ?? .float32
        let random = try fields.bool("random") ?? false
        let weights = try fields.object("weights", known: ["path", "manifest", "key", "prefix"])
        self.weights = random ? nil : try Pipeline.origin(weights, path: "path", example: "file")
        weightsKey = random ? nil : try weights.string("key")
        weightsPrefix = random ? nil : try weights.string("prefix")
        if case .file = network {
            if let key = ["weights", "random"].first(where: fields.has) {
                throw fields.error(key, "absent when \"model\" is given: its file holds the weights")
            }
            return
        }
        if random, fields.has("weights") { throw fields.error("weights", "absent when \"random\" is true") }
        if !random, self.weights == nil {
            throw fields.error(
                "weights", "{\"path\": …} or {\"manifest\": …} (or set \"random\": true for untrained weights)")
        }
    }

    private static func network(_ fields: Fields, _ catalogue: Catalogue) throws -> Network {
        if fields.has("model") {
            if fields.has("architecture") {
                throw fields.error("architecture", "absent when \"model\" names a model file")
            }
            let model = try fields.object("model", known: ["path"])
            let path = try model.required("path", "a model file: .onnx or .pt2", model.string)
            guard Graph.hasKnownEnding(path) else {
                throw model.error("path", "a file that ends with \(Graph.endings.joined(separator: " or "))")
            }
            return .file(path)
        }
        let names = Network.names(catalogue.architectures)
        let name = try fields.required(
            "architecture", "one of \(names.joined(separator: ", ")) (or give \"model\", a model file)", fields.string)
        guard let network = Network(name, architectures: catalogue.architectures) else {
            throw fields.choiceError("architecture", name, names)
        }
        return network
    }

    /// The row's layer, and all of the pass. The matrix has given each row of several layers its own.
    private static func layers(_ fields: Fields, _ network: Network) throws -> (String, [String]) {
        let layer = try fields.string("layer")
        if let layers = try fields.strings("layers") {
            guard !layers.isEmpty, Set(layers).count == layers.count, !layers.contains("") else {
                throw fields.error("layers", "a list of different layers")
            }
            return (layer ?? layers[0], layers)
        }
        if let layer { return (layer, [layer]) }
        if case .blocks(let architecture) = network, let last = architecture.layers.last { return (last, [last]) }
        throw fields.lacks("layer", "a name that `lavise-pipeline layers \(network.name)` prints")
    }

    /// Whether its weights are drawn from the seed.
    var isUntrained: Bool { if case .file = network { false } else { weights == nil } }

    /// The names of the network's layers; none of a model file.
    public var layerNames: [String] { (try? network.graph(side: preprocessing.crop.side, file: "").layerNames) ?? [] }

    /// Of the row's layer; nil for a model file.
    public var shape: FeatureShape? { known?.first { $0.name == layer }?.shape }

    /// Whether a graph computes the pass, and not an architecture's own kernels.
    var isGraph: Bool { !network.hasBlocks(for: layers, side: preprocessing.crop.side) }

    /// Whether `probedBatchNorm` can move its batch norms.
    var canBeProbed: Bool {
        if case .blocks(let architecture) = network, !isGraph { architecture.hasBatchNorm } else { false }
    }

    /// Whether the classifier looks at the mean over positions, as far as is known.
    var isPooledByClassifier: Bool {
        if case .blocks(let architecture) = network { architecture.isPooledByClassifier } else { true }
    }
}
