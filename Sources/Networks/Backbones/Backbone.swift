import Tensors

/// A target model up to and including its target layer: METHOD's Feat.
///
/// A value that threads share: the packed weights are written once, each call takes a workspace of its own. A call runs on
/// the calling thread alone, and the bits of an image's features depend on nothing but that image: not on its neighbours,
/// the thread or the processor's instruction set.
public struct Backbone: Sendable {
    /// Images a call for the best speed: the last layers take so many at once.
    public static let batch = PackedNetwork.batch

    public let architecture: Architecture
    public let layer: String
    /// The shape of the target layer's output for one image.
    public let shape: FeatureShape
    private let network: PackedNetwork

    /// Reads the parameters up to the target layer, and no others.
    /// - Parameter probes: METHOD's deviation `probedBatchNorm`: how many all-zero images passed in training mode before.
    /// - Throws: `UnknownLayer`, `BackboneError`, or what `parameters` throws for a missing tensor.
    public init(_ architecture: Architecture, layer: String, parameters: any ParameterSource, probes: Int = 0) throws {
        let folded = try FoldedNetwork(architecture, layer: layer, parameters: parameters, probes: probes)
        self.init(architecture, layer: layer, folded)
    }

    package init(_ architecture: Architecture, layer: String, _ folded: FoldedNetwork, instructions: InstructionSet = .best) {
        self.architecture = architecture
        self.layer = layer
        shape = folded.shape
        network = PackedNetwork(folded, instructions: instructions)
    }

    /// The target layer's output for `count` crops.
    /// - Parameters:
    ///   - pixels: `[count, 224, 224, 3]`, RGB.
    ///   - output: receives `[count, d, h', w']`.
    public func features(pixels: UnsafePointer<UInt8>, count: Int = 1, into output: UnsafeMutablePointer<Float>) {
        network.features(count: count, into: output) { index, image in
            Self.normalise(pixels: pixels + index * FeatureShape.image.count, into: image)
        }
    }

    /// The target layer's output for `count` normalised images.
    /// - Parameters:
    ///   - image: `[count, 3, 224, 224]`, normalised (METHOD 1.4).
    ///   - output: receives `[count, d, h', w']`.
    public func features(image: UnsafePointer<Float>, count: Int = 1, into output: UnsafeMutablePointer<Float>) {
        network.features(count: count, into: output) { index, copy in
            copy.update(from: image + index * FeatureShape.image.count, count: FeatureShape.image.count)
        }
    }
}
