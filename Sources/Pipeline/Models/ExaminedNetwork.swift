import Fingerprints
import Foundation
import Graphs
import Imaging
import Networks
import Tensors

/// A network as `layers` shows it: one of torchvision's, a model file, or an experiment's.
public struct ExaminedNetwork: Sendable {
    /// What was asked for.
    public let name: String
    private let network: Network
    private let graph: Graph
    /// nil for a model file, which does not say how its pictures are made.
    private let preprocessing: Preprocessing?
    /// An experiment's own; nil where no experiment was asked for.
    private let own: Experiment.TargetModel?
    private let seed: UInt64
    private let places: Places
    private let file: String

    /// A layer that can be explained.
    public struct Layer: Sendable, Equatable {
        /// The name to use as `backbone.layer`.
        public let name: String
        /// Paths of modules by which it can be named too.
        public let aliases: [String]
        /// What computes it, for people: `convolution`, `relu`, …
        public let kind: String
        /// `[d, h, w]`
        public let shape: [Int]
        /// Of one picture's pass up to it.
        public let multiplications: Double
    }

    /// Networks that need no file.
    public static var names: [String] { Network.names(Architecture.all) }

    /// Whether a file is a model by its name.
    public static func isModelFile(_ path: String) -> Bool { Graph.hasKnownEnding(path) }

    /// - Parameters:
    ///   - name: an architecture, a model file or an experiment.
    ///   - preprocess: JSON as in an experiment's `backbone.preprocess`; nil: as the network or the experiment has it.
    /// - Throws: `ExperimentError`, `GraphError`.
    public init(_ name: String, preprocess: String? = nil, project: Project) throws {
        self.name = name
        places = project.places
        if let network = Network(name, architectures: Architecture.all) {
            (self.network, own, seed, file) = (network, nil, 0, "")
        } else if Graph.hasKnownEnding(name) {
            (network, own, seed, file) = (.file(name), nil, 0, places.argumentPath(name))
        } else {
            let experiment = try Self.experiment(name, project)
            (network, own, seed) = (experiment.backbone.network, experiment.backbone, experiment.seed)
            if case .file(let path) = experiment.backbone.network { file = places.dataPath(path) } else { file = "" }
        }
        let known = own?.preprocessing ?? Preprocessing(of: network)
        preprocessing = try preprocess.map { try Self.preprocessing($0, own: known) } ?? known
        do {
            if case .file = network, preprocessing == nil {
                graph = try Graph(modelFile: file)
            } else {
                graph = try network.graph(side: (preprocessing ?? .standard).crop.side, file: file)
            }
        } catch let error as GraphError {
            throw ExperimentError("\(name): \(error)")
        }
    }

    private static func experiment(_ name: String, _ project: Project) throws -> Experiment {
        let known = (try? project.places.experimentNames()) ?? []
        guard known.contains(name) || name.hasSuffix(".json") else {
            let hint =
                nearest(to: name, among: Network.names(Architecture.all) + known).map { "did you mean \"\($0)\"?" }
                ?? "known are \(Network.names(Architecture.all).joined(separator: ", "))"
            throw ExperimentError(
                "\(name) is no architecture, no experiment and no model file (\(Graph.endings.joined(separator: ", "))); \(hint)"
            )
        }
        return try project.experiment(name).variants[0].experiment
    }

    private static func preprocessing(_ json: String, own: Preprocessing?) throws -> Preprocessing {
        do {
            let node = try JSONNode(json: Array(json.utf8), source: "--preprocess")
            return try Preprocessing(Fields(node, known: Preprocessing.keys, what: "--preprocess"), own: own)
        } catch let error as TextError {
            throw ExperimentError(error)
        }
    }

    /// Every layer, in the order of computation.
    public var layers: [Layer] {
        let layers = graph.layers()
        return zip(layers, graph.aliases(of: layers)).map { layer, aliases in
            Layer(
                name: layer.name, aliases: aliases, kind: layer.kind, shape: layer.shape,
                multiplications: graph.multiplications(upTo: [layer.value]))
        }
    }

    /// What follows the last layer, where the network does not end by itself.
    public var cut: String? { graph.cut.map { "\($0)" } }
}

/// What a network says of a picture: the highest of its last numbers.
public struct PictureVerdict: Sendable {
    /// Path of the picture.
    public let picture: String
    /// The highest answers, the highest first.
    public let highest: [Answer]

    /// One of the network's last numbers.
    public struct Answer: Sendable {
        /// A class, or of a network without a classifier a channel.
        public let index: Int
        /// ImageNet's, of a network with its thousand classes.
        public let name: String?
        /// The last layer's number, or a channel's mean.
        public let value: Double
        /// The softmax over all classes; nil for channels.
        public let share: Double?
    }
}

extension ExaminedNetwork {
    /// What the network says of pictures.
    /// - Parameters:
    ///   - weights: path of a checkpoint; nil: the experiment's own, or those in the model file.
    ///   - count: how many answers a picture.
    /// - Throws: `ExperimentError`, `CheckpointError`, `GraphError`, `ImagingError`.
    public func check(_ pictures: [String], weights: String?, count: Int = 5) throws -> [PictureVerdict] {
        guard let preprocessing else {
            throw ExperimentError(
                "--check: \(name) does not say how its pictures are made; say it, as the model was trained: "
                    + #"--preprocess '{"resize": 256, "crop": 224, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}'"#
            )
        }
        let side = preprocessing.crop.side, parameters = try parameters(weights),
            graph = try graph(of: parameters, side: side)
        guard let output = graph.outputs.first, graph.cut == nil else {
            throw ExperimentError("--check: \(name) ends before its last layer" + (graph.cut.map { ": \($0)" } ?? ""))
        }
        let program = try GraphProgram(graph, target: output) { try parameters.tensor($0, shape: $1) }
        return try pictures.map { path in
            let picture = try decodeUprightImage(places.argumentPath(path)).centreCrop(preprocessing.crop)
            var image = Tensor(zeros: [1, 3, side, side])
            preprocessing.normalisation.apply(picture.pixels, places: side * side, into: &image.data)
            return PictureVerdict(picture: path, highest: Self.highest(try program.run(image), count))
        }
    }

    /// The graph with as many classes as weights have: fine-tuned networks seldom have ImageNet's thousand.
    private func graph(of parameters: any ParameterSource, side: Int) throws -> Graph {
        guard let checkpoint = parameters as? Checkpoint, let output = graph.outputs.first,
            graph.values[output].shape.count > 1
        else { return graph }
        let classes = graph.values[output].shape[1]
        let shapes = graph.parameters.reduce(into: [String: [Int]]()) { shapes, entry in
            let shape = graph.values[entry.key].shape
            guard shape.first == classes, let own = checkpoint.shape(of: entry.value), own != shape,
                own.dropFirst() == shape.dropFirst()
            else { return }
            shapes[entry.value] = own
        }
        return shapes.isEmpty ? graph : try network.graph(side: side, file: file, shapes: shapes)
    }

    private func parameters(_ weights: String?) throws -> any ParameterSource {
        if case .file = network { return NoParameters() }
        let path: String
        if let weights {
            path = places.argumentPath(weights)
        } else {
            switch own?.weights {
            case .path(let own)?: path = places.dataPath(own)
            case .manifest(let manifest)?:
                throw ExperimentError(
                    "--check: the weights are those of \(manifest); name the file: --weights FILE.pth")
            case nil: throw ExperimentError("--check: \(name) needs its weights: --weights FILE.pth")
            }
        }
        let wanted = graph.parameterList.map(\.name)
        return try Checkpoint(
            contentsOf: path, wanted: wanted, known: Set(wanted), of: network.name, layer: "its end",
            key: own?.weightsKey,
            prefix: own?.weightsPrefix)
    }

    private static func highest(_ output: Tensor, _ count: Int) -> [PictureVerdict.Answer] {
        let classes = output.shape.count == 2 || output.shape.dropFirst(2).allSatisfy { $0 == 1 }
        let width = output.shape.count > 1 ? output.shape[1] : 1, each = max(output.count / max(width, 1), 1)
        let values = (0..<width).map { channel in
            output.data[channel * each..<(channel + 1) * each].reduce(0.0) { $0 + Double($1) } / Double(each)
        }
        let top = values.max() ?? 0, sum = values.reduce(0.0) { $0 + exp($1 - top) }
        return values.indices.sorted { (-values[$0], $0) < (-values[$1], $1) }.prefix(count).map { index in
            PictureVerdict.Answer(
                index: index, name: classes && width == imageNetClasses.count ? imageNetClasses[index] : nil,
                value: values[index],
                share: classes ? exp(values[index] - top) / sum : nil)
        }
    }
}
