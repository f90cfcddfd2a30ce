import Tensors

/// A target model up to and including its target layer: METHOD's Feat.
///
/// A value that threads share: the packed weights are written once, each call takes a workspace of its own. A call runs
/// on the calling thread alone, and the bits of an image's features depend on nothing but that image: not on its
/// neighbours, the thread or the processor's instruction set.
public struct Backbone: Sendable {
    /// Images a call for the best speed: the last layers take so many at once.
    public static let batch = PackedNetwork.batch

    /// Images that the target layer takes together: 1 where its map is large, `batch` where it is small.
    public var imagesAtOnce: Int { network.imagesAtOnce }

    /// The target model that it computes.
    public let architecture: Architecture
    /// The target layer: the last that it computes.
    public let layer: String
    /// The shape of the target layer's output for one image.
    public let shape: FeatureShape
    private let normalisation: Normalisation
    private let network: PackedNetwork
    /// Of every layer that `layerFeatures` gives, how many blocks lead to it, and its shape.
    private let taps: [(blocks: Int, shape: FeatureShape)]

    /// Reads the parameters up to the target layer, and no others.
    /// - Parameters:
    ///   - layer: the target layer.
    ///   - layers: what `layerFeatures` gives, in the order of computation, the target layer last; by default that
    ///     alone.
    ///   - probes: METHOD's deviation `probedBatchNorm`: how many all-zero images passed in training mode before.
    /// - Throws: `UnknownLayer`, `BackboneError`, or what `parameters` throws for a missing tensor.
    public init(
        _ architecture: Architecture, layer: String, layers: [String]? = nil, normalisation: Normalisation = .imageNet,
        parameters: any ParameterSource, probes: Int = 0
    ) throws {
        let folded = try FoldedNetwork(architecture, layer: layer, parameters: parameters, probes: probes)
        let taps = try (layers ?? [layer]).map {
            (blocks: try architecture.blocks(upTo: $0).count, shape: try architecture.featureShape(layer: $0))
        }
        self.init(architecture, layer: layer, folded, taps: taps, normalisation: normalisation)
    }

    package init(
        _ architecture: Architecture, layer: String, _ folded: FoldedNetwork,
        taps: [(blocks: Int, shape: FeatureShape)] = [],
        normalisation: Normalisation = .imageNet, instructions: InstructionSet = .best
    ) {
        self.architecture = architecture
        self.layer = layer
        self.normalisation = normalisation
        self.taps = taps
        shape = folded.shape
        network = PackedNetwork(folded, cuts: Set(taps.map(\.blocks)), instructions: instructions)
    }

    /// The shapes of the outputs of `layers`.
    public var shapes: [FeatureShape] { taps.map(\.shape) }

    /// The outputs of all `layers` by one pass: `[count, d, h', w']` each, with the bits of that layer alone.
    /// - Parameter pixels: `[count, 224, 224, 3]`, RGB.
    public func layerFeatures(pixels: UnsafePointer<UInt8>, count: Int) -> [ArraySlice<Float>] {
        var starts = [0]
        for tap in taps { starts.append(starts[starts.count - 1] + count * tap.shape.count) }
        let maps = [Float](unsafeUninitializedCapacity: starts[taps.count]) { buffer, filled in
            filled = starts[taps.count]
            guard let base = buffer.baseAddress else { return }
            network.features(
                count: count, zeroPixels: .computed, into: base + starts[taps.count - 1],
                tap: { blocks, image, maps in
                    guard let tap = taps.firstIndex(where: { $0.blocks == blocks }) else { return }
                    let shape = taps[tap].shape
                    maps.unblock(
                        channels: shape.channels, pixels: shape.height * shape.width,
                        into: base + starts[tap] + image * shape.count)
                }
            ) { index, image in
                normalise(pixels + index * FeatureShape.image.count, into: image)
                return UnsafePointer(image)
            }
        }
        return taps.indices.map { maps[starts[$0]..<starts[$0 + 1]] }
    }

    private func normalise(_ pixels: UnsafePointer<UInt8>, into image: UnsafeMutablePointer<Float>) {
        normalisation.apply(pixels, places: FeatureShape.image.height * FeatureShape.image.width, into: image)
    }

    /// The target layer's output for `count` crops.
    /// - Parameters:
    ///   - pixels: `[count, 224, 224, 3]`, RGB.
    ///   - output: receives `[count, d, h', w']`.
    public func features(pixels: UnsafePointer<UInt8>, count: Int = 1, into output: UnsafeMutablePointer<Float>) {
        network.features(count: count, zeroPixels: .computed, into: output) { index, image in
            normalise(pixels + index * FeatureShape.image.count, into: image)
            return UnsafePointer(image)
        }
    }

    /// The target layer's output for `count` normalised images.
    ///
    /// What depends on zero pixels alone is taken from the all-zero image's maps, as far as that changes no bit.
    /// - Parameters:
    ///   - image: `[count, 3, 224, 224]`, normalised (METHOD 1.4).
    ///   - output: receives `[count, d, h', w']`.
    public func features(image: UnsafePointer<Float>, count: Int = 1, into output: UnsafeMutablePointer<Float>) {
        features(image, count, .skippedBitForBit, output)
    }

    /// The target layer's output for `count` images that are zero but for a small part (METHOD 6.3, `image`).
    ///
    /// Computes what the part reaches, and takes the rest from the all-zero image's maps. The bits depend on the image
    /// alone here too, but a number may be rounded differently than by `features(image:)`, which computes more.
    /// - Parameters:
    ///   - maskedImages: `[count, 3, 224, 224]`, normalised, then masked.
    ///   - output: receives `[count, d, h', w']`.
    public func features(
        maskedImages: UnsafePointer<Float>, count: Int = 1, into output: UnsafeMutablePointer<Float>
    ) {
        features(maskedImages, count, .skipped, output)
    }

    /// `features(maskedImages:)` with whole rectangles computed: what it is compared with.
    package func aroundFeatures(
        maskedImages: UnsafePointer<Float>, count: Int = 1, into output: UnsafeMutablePointer<Float>
    ) {
        features(maskedImages, count, .skippedAround, output)
    }

    /// `features(image:)` computed in full: what it is compared with.
    package func wholeFeatures(image: UnsafePointer<Float>, count: Int = 1, into output: UnsafeMutablePointer<Float>) {
        features(image, count, .computed, output)
    }

    private func features(
        _ images: UnsafePointer<Float>, _ count: Int, _ zeroPixels: ZeroPixels, _ output: UnsafeMutablePointer<Float>
    ) {
        network.features(count: count, zeroPixels: zeroPixels, into: output) { index, _ in
            images + index * FeatureShape.image.count
        }
    }
}
