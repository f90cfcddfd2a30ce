/// A target model of torchvision whose filters can be explained.
public enum Architecture: String, Sendable, CaseIterable, Codable {
    case alexnet, resnet18, resnet50

    /// The target layers, from the input on: names of torchvision's modules.
    public var layers: [String] {
        switch self {
        case .alexnet: ["features"]
        case .resnet18, .resnet50: ["layer1", "layer2", "layer3", "layer4"]
        }
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
        return switch self {
        case .alexnet: alexNetFeatures
        case .resnet18: resNet(stages: index + 1, depths: [2, 2, 2, 2], expansion: 1, block: basicBlock)
        case .resnet50: resNet(stages: index + 1, depths: [3, 4, 6, 3], expansion: 4, block: bottleneck)
        }
    }
}

/// A layer that the architecture does not have.
public struct UnknownLayer: Error, CustomStringConvertible, Sendable, Equatable {
    public let architecture: Architecture
    public let layer: String

    public var description: String {
        "\(architecture.rawValue) has no target layer \"\(layer)\": use one of \(architecture.layers.joined(separator: ", "))"
    }
}
