import Graphs
import Networks

/// The network that an experiment explains, without its weights.
public enum Network: Sendable, Hashable {
    /// A list of blocks of this program's, whose target layers have kernels of their own; its other layers are those of
    /// torchvision's graph of that name.
    case blocks(Architecture)
    /// A graph of torchvision's, by its name.
    case torchvision(String)
    /// A model file of the user's, which brings its weights; relative paths start at the data folder.
    case file(String)

    /// Of an architecture: its name; of a file: its last component.
    public var name: String {
        switch self {
        case .blocks(let architecture): architecture.name
        case .torchvision(let name): name
        case .file(let path): path.split(separator: "/").last.map(String.init) ?? path
        }
    }

    /// The names of all networks that need no file: the architectures, then torchvision's others.
    static func names(_ architectures: [Architecture]) -> [String] {
        let own = architectures.map(\.name)
        return own + Graph.torchvisionModels.filter { !own.contains($0) }
    }

    /// The network of a name; nil for an unknown one.
    init?(_ name: String, architectures: [Architecture]) {
        if let architecture = architectures.first(where: { $0.name == name }) {
            self = .blocks(architecture)
        } else if Graph.torchvisionModels.contains(name) {
            self = .torchvision(name)
        } else {
            return nil
        }
    }

    /// The graph for pictures of `side` pixels a side.
    /// - Parameters:
    ///   - file: path of a model file; not asked for otherwise.
    ///   - shapes: of torchvision's parameters that have others, by their names.
    /// - Throws: `GraphError`, `UnknownModel`; what `file` throws.
    func graph(side: Int, file: @autoclosure () throws -> String, shapes: [String: [Int]] = [:]) throws -> Graph {
        switch self {
        case .blocks(let architecture): try Graph(torchvision: architecture.name, side: side, shapes: shapes)
        case .torchvision(let name): try Graph(torchvision: name, side: side, shapes: shapes)
        case .file: try Graph(modelFile: file(), side: side)
        }
    }

    /// Whether target layers have kernels of their own on pictures of that size, so that no graph is needed.
    func hasBlocks(for layers: [String], side: Int) -> Bool {
        guard case .blocks(let architecture) = self, side == FeatureShape.image.height else { return false }
        return layers.allSatisfy(architecture.layers.contains)
    }
}

extension Graph {
    /// How names of model files end.
    static let endings = [".onnx", ".pt2"]

    static func hasKnownEnding(_ path: String) -> Bool { endings.contains { path.lowercased().hasSuffix($0) } }

    /// A model file, by its ending, for pictures of its own size; of 224×224 where it takes any.
    /// - Throws: `GraphError`.
    init(modelFile path: String) throws {
        let isProgram = path.lowercased().hasSuffix(".pt2")
        self = isProgram ? try Graph(pt2: path) : try Graph(onnx: path)
    }

    /// A model file, by its ending.
    /// - Throws: `GraphError`, also where the model takes pictures of another size.
    init(modelFile path: String, side: Int) throws {
        let isProgram = path.lowercased().hasSuffix(".pt2")
        self = isProgram ? try Graph(pt2: path, size: (side, side)) : try Graph(onnx: path, size: (side, side))
        let shape = values[input].shape
        guard shape == [1, 3, side, side] else {
            throw GraphError.inconsistent(
                node: values[input].name,
                "the model takes pictures of \(shape[2])×\(shape[3]) pixels, but backbone.preprocess.crop is \(side)")
        }
    }
}
