/// A target model whose filters can be explained: a value, in a file of its own. `Architecture.all` lists them.
///
/// Two architectures are equal when they have one name.
public struct Architecture: Sendable {
    /// torchvision's name of the model, as experiments say it.
    public let name: String
    /// The target layers, from the input on: names of torchvision's modules.
    public let layers: [String]
    /// Whether the classifier looks at the mean over the last layer's positions (ResNets), or at every position
    /// (AlexNet).
    public let isPooledByClassifier: Bool
    private let blocksOfLayer: @Sendable (_ index: Int) -> [Block]

    /// - Parameter blocks: what the model computes from the image to the output of the target layer at an index of
    ///   `layers`.
    package init(
        _ name: String, layers: [String], isPooledByClassifier: Bool = true,
        blocks: @escaping @Sendable (_ index: Int) -> [Block]
    ) {
        self.name = name
        self.layers = layers
        self.isPooledByClassifier = isPooledByClassifier
        blocksOfLayer = blocks
    }

    /// Every architecture of this program, by name.
    public static let all: [Architecture] = [.alexnet, .resnet18, .resnet50]

    /// Whether batch norms stand behind its convolutions.
    public var hasBatchNorm: Bool {
        layers.indices.last.map { blocksOfLayer($0).flatMap(\.convolutions).contains { $0.batchNorm != nil } } ?? false
    }

    /// The shape of the target layer's output for one 224×224 image.
    /// - Throws: `UnknownLayer`.
    public func featureShape(layer: String) throws -> FeatureShape {
        try blocks(upTo: layer).reduce(.image) { $1.outputShape($0) }
    }

    /// What the model computes from the image to the target layer's output.
    /// - Throws: `UnknownLayer`.
    package func blocks(upTo layer: String) throws -> [Block] {
        guard let index = layers.firstIndex(of: layer) else { throw UnknownLayer(architecture: self, layer: layer) }
        return blocksOfLayer(index)
    }
}

extension Architecture: Hashable, CustomStringConvertible {
    /// By name alone.
    public static func == (a: Architecture, b: Architecture) -> Bool { a.name == b.name }

    /// The name alone.
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }

    /// The name, as experiments say it.
    public var description: String { name }
}

/// A layer that the architecture does not have.
public struct UnknownLayer: Error, CustomStringConvertible, Sendable, Equatable {
    /// The architecture that was asked.
    public let architecture: Architecture
    /// The name that it has no target layer of.
    public let layer: String

    /// - Parameter layer: the name that the architecture has no target layer of.
    public init(architecture: Architecture, layer: String) {
        self.architecture = architecture
        self.layer = layer
    }

    /// Names the layers that there are.
    public var description: String {
        "\(architecture) has no target layer \"\(layer)\": use one of \(architecture.layers.joined(separator: ", "))"
    }
}
