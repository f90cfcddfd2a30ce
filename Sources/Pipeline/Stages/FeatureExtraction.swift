import Imaging
import Networks

/// From the rows of a dataset to what the features stage keeps of them.
struct FeatureExtraction: Sendable {
    let dataset: DatasetFile
    /// The model as training sees it, and as evaluation does.
    let training: any FeatureSource
    let evaluation: any FeatureSource
    /// Whether they differ (`probedBatchNorm`).
    let probed: Bool
    /// Rows whose maps are kept.
    let evaluated: Set<Int>
    let flatten: Bool

    /// Of the target layers.
    var shapes: [FeatureShape] { training.shapes }

    /// Numbers pooled for a sample of a layer.
    func width(_ shape: FeatureShape) -> Int { flatten ? shape.count : shape.channels }

    /// Features of consecutive rows by target layer, on the calling thread; together they pass the model's last layers
    /// fastest.
    ///
    /// Samples of rows that training does not read, standard crops where there are random ones, are left zero.
    func features(of rows: Range<Int>) throws -> [FeatureShard] {
        let kept = rows.filter(evaluated.contains)
        let trained = rows.filter(isTrained)
        let seen = try Maps(
            probed ? trained : rows.filter { kept.contains($0) || trained.contains($0) }, training, dataset)
        let looked = probed ? try Maps(kept, evaluation, dataset) : seen
        let masks = try rows.map { try dataset.readMasks(dataset.samples(ofImage: $0)) }
        return shapes.enumerated().map { layer, shape in
            var shard = FeatureShard(maps: [], pooled: [], areas: [])
            for row in kept { if let maps = looked.of(row, layer) { shard.maps += maps } }
            for (row, masks) in zip(rows, masks) {
                let maps = trained.contains(row) ? seen.of(row, layer) : nil
                for mask in masks {
                    let grid = mask.nearest(width: shape.width, height: shape.height)
                    let inside = (0..<shape.height * shape.width).filter { grid[$0 % shape.width, $0 / shape.width] }
                    shard.areas.append(Int32(inside.count))
                    shard.pooled += maps.map { pool($0, inside, shape) } ?? [Float](repeating: 0, count: width(shape))
                }
            }
            return shard
        }
    }

    private func isTrained(_ row: Int) -> Bool {
        dataset.samples(ofImage: row).contains { dataset.isTrained($0, views: dataset.hasViews) }
    }

    /// The maps of some rows by one pass.
    private struct Maps {
        private let places: [Int: Int]
        private let shapes: [FeatureShape]
        private let layers: [ArraySlice<Float>]

        init(_ rows: [Int], _ source: any FeatureSource, _ dataset: DatasetFile) throws {
            places = Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1, $0) })
            shapes = source.shapes
            layers = try source.features(pixels: rows.flatMap(dataset.readPixels), count: rows.count)
        }

        /// `[d, h, w]`; nil for a row that did not pass.
        func of(_ row: Int, _ layer: Int) -> ArraySlice<Float>? {
            places[row].map { place in
                let maps = layers[layer], size = shapes[layer].count
                return maps[maps.startIndex + place * size..<maps.startIndex + (place + 1) * size]
            }
        }
    }

    /// Masked features F ⊙ M, averaged over the grid (METHOD 5), or kept as a map (`flattenFeatures`): `[width]`.
    /// - Parameter inside: the cells of the mask.
    private func pool(_ maps: ArraySlice<Float>, _ inside: [Int], _ shape: FeatureShape) -> [Float] {
        let cells = shape.height * shape.width
        var out = [Float](repeating: 0, count: width(shape))
        maps.withUnsafeBufferPointer { maps in
            for channel in 0..<shape.channels {
                if flatten {
                    for cell in inside { out[channel * cells + cell] = maps[channel * cells + cell] }
                } else {
                    var sum: Float = 0
                    for cell in inside { sum += maps[channel * cells + cell] }
                    out[channel] = sum / Float(cells)
                }
            }
        }
        return out
    }
}
