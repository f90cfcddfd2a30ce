import Imaging
import Networks

/// From the rows of a dataset to what the features stage keeps of them.
struct FeatureExtraction: Sendable {
    let dataset: DatasetFile
    /// The backbone as training sees it, and as evaluation does.
    let training: Backbone
    let evaluation: Backbone
    /// Whether they differ (`probedBatchNorm`).
    let probed: Bool
    /// Rows whose maps are kept.
    let evaluated: Set<Int>
    let flatten: Bool

    var shape: FeatureShape { training.shape }
    /// Numbers pooled for a sample.
    var width: Int { flatten ? shape.count : shape.channels }

    /// Features of consecutive rows, on the calling thread; together they pass the backbone's last layers fastest.
    ///
    /// Samples of rows that training does not read, standard crops where there are random ones, are left zero.
    func features(of rows: Range<Int>) throws -> FeatureShard {
        let kept = rows.filter(evaluated.contains)
        let trained = rows.filter(isTrained)
        let seen = try maps(probed ? trained : rows.filter { kept.contains($0) || trained.contains($0) }, training)
        let looked = probed ? try maps(kept, evaluation) : seen
        var shard = FeatureShard(maps: [], pooled: [], areas: [])
        for row in kept { if let maps = looked[row] { shard.maps += maps } }
        for row in rows {
            let maps = trained.contains(row) ? seen[row] : nil
            for mask in try dataset.readMasks(dataset.samples(ofImage: row)) {
                let grid = mask.nearest(width: shape.width, height: shape.height)
                let inside = (0..<shape.height * shape.width).filter { grid[$0 % shape.width, $0 / shape.width] }
                shard.areas.append(Int32(inside.count))
                shard.pooled += maps.map { pool($0, inside) } ?? [Float](repeating: 0, count: width)
            }
        }
        return shard
    }

    private func isTrained(_ row: Int) -> Bool {
        dataset.samples(ofImage: row).contains { dataset.isTrained($0, views: dataset.hasViews) }
    }

    private func maps(_ rows: [Int], _ backbone: Backbone) throws -> [Int: ArraySlice<Float>] {
        let pixels = try rows.flatMap(dataset.readPixels), size = backbone.shape.count
        var maps = [Float](repeating: 0, count: rows.count * size)
        backbone.features(pixels: pixels, count: rows.count, into: &maps)
        return Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1, maps[$0 * size..<($0 + 1) * size]) })
    }

    /// Masked features F ⊙ M, averaged over the grid (METHOD 5), or kept as a map (`flattenFeatures`): `[width]`.
    /// - Parameter inside: the cells of the mask.
    private func pool(_ maps: ArraySlice<Float>, _ inside: [Int]) -> [Float] {
        let cells = shape.height * shape.width
        var out = [Float](repeating: 0, count: width)
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
