import Tensors

/// Units of a layer that are directions of its channels, F_w = Σ_k w_k F_k (METHOD 11): probes, or the dictionary of a
/// sparse autoencoder, an NMF or a PCA.
public struct UnitDirections: Sendable {
    /// U units over d channels.
    public let count: Int, channels: Int
    /// `[U, d]`
    public let weights: [Float]
    private let products = MatrixProducts()

    /// - Throws: `EvaluationError` when there are no units, or a weight is not finite.
    public init(weights: [Float], channels: Int) throws {
        guard channels > 0, !weights.isEmpty, weights.count % channels == 0 else {
            throw EvaluationError.wrongShape("\(weights.count) numbers are no directions of \(channels) channels")
        }
        guard weights.allSatisfy(\.isFinite) else { throw EvaluationError.notFinite("a direction") }
        self.weights = weights
        self.channels = channels
        count = weights.count / channels
    }

    /// The units' maps `[U, h·w]` of an image's feature `[d, h·w]`.
    public func maps(of feature: [Float], positions: Int) -> [Float] {
        var units = [Float](repeating: 0, count: count * positions)
        apply(feature, positions: positions, into: &units)
        return units
    }

    /// Writes the units' maps `[U, h·w]` of an image's feature `[d, h·w]`.
    public func apply(_ maps: UnsafePointer<Float>, positions: Int, into units: UnsafeMutablePointer<Float>) {
        weights.withUnsafeBufferPointer { weights in
            guard let base = weights.baseAddress else { return }
            products.multiply(
                MatrixView(base, rowStride: channels), MatrixView(maps, rowStride: positions), rows: count,
                columns: positions,
                terms: channels, into: units, rowStride: positions)
        }
    }
}

/// Images with the maps of directions behind those of their channels. Methods see both, the explainer the channels
/// alone.
public struct DirectedImages: EvaluationData {
    private let base: any EvaluationData
    private let directions: UnitDirections
    private let isFlat: Bool

    /// - Parameter isFlat: the explainer takes whole maps (deviation `flattenFeatures`).
    /// - Throws: `EvaluationError` for directions of another number of channels.
    public init(_ base: any EvaluationData, _ directions: UnitDirections, isFlat: Bool) throws {
        guard directions.channels == base.channels else {
            throw EvaluationError.wrongShape(
                "the directions have \(directions.channels) numbers each, but the layer has \(base.channels) channels")
        }
        self.base = base
        self.directions = directions
        self.isFlat = isFlat
    }

    /// The units as channels.
    public var units: Range<Int> { base.channels..<channels }

    /// Those of the base.
    public var imageCount: Int { base.imageCount }
    /// Those of the base, in pixels.
    public var side: Int { base.side }
    /// The base's channels, then the units.
    public var channels: Int { base.channels + directions.count }
    /// That of the base.
    public var mapHeight: Int { base.mapHeight }
    /// That of the base.
    public var mapWidth: Int { base.mapWidth }

    /// Writes the feature of an image, `[d + U, h, w]`: the base's channels, then the units' maps.
    /// - Throws: what the base throws.
    public func maps(_ image: Int, into out: UnsafeMutablePointer<Float>) throws {
        try base.maps(image, into: out)
        directions.apply(out, positions: positions, into: out + base.channels * positions)
    }

    /// The base's image.
    /// - Throws: what the base throws.
    public func image(_ image: Int, into out: UnsafeMutablePointer<Float>) throws { try base.image(image, into: out) }

    /// The base's samples.
    /// - Throws: what the base throws.
    public func truth(_ image: Int) throws -> [TruthSample] { try base.truth(image) }

    /// The base's, as many a call.
    public var imagesAtOnce: Int { base.imagesAtOnce }

    /// The base's features `[count, d, h, w]` of masked images, each with the units' maps behind it:
    /// `[count, d + U, h, w]`.
    /// - Throws: what the base throws.
    public func features(of images: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) throws {
        let own = FloatStorage(count: count * base.channels * positions)
        try base.features(of: images, count: count, into: own.address)
        for image in 0..<count {
            let target = out + image * channels * positions, size = base.channels * positions
            target.update(from: own.address + image * size, count: size)
            directions.apply(target, positions: positions, into: target + size)
        }
    }

    /// The base's explainer, asked without what is pooled of the units.
    public func explain(_ inputs: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) {
        let numbers = isFlat ? positions : 1, width = channels * numbers, own = base.channels * numbers
        var kept = [Float](repeating: 0, count: count * own)
        for row in 0..<count {
            kept.withUnsafeMutableBufferPointer {
                $0.baseAddress?.advanced(by: row * own).update(from: inputs + row * width, count: own)
            }
        }
        base.explain(kept, count: count, into: out)
    }
}

extension MapSummary {
    /// The same of units that were looked at as channels from `first` on, by their own numbers.
    public func numbered(from first: Int) -> MapSummary {
        var own = self
        own.filters = filters.map { $0 - first }
        return own
    }
}
