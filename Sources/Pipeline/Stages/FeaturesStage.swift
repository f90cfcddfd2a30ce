import Engine
import Fingerprints
import Foundation
import HDF5
import Imaging
import Networks
import Tensors

/// Runs the backbone once an image: `features.h5` holds the maps that evaluation reads, `pooled.h5` a masked mean a sample.
///
/// `features.h5`: `/features` [N, d, h, w] (row i = image i; rows that are not evaluated take no space), attributes `backbone`,
/// `layer`. `pooled.h5`: `/pooled` [M, d] (or [M, d·h·w] with `flattenFeatures`), `/area` [M] int32 (cells of the grid mask).
struct FeaturesStage: Stage {
    static let featuresName = "features.h5", pooledName = "pooled.h5"
    /// Images a shard: what a killed run loses at most.
    static let shardSize = 64

    let name = "features"
    let revision = 1
    let isNumeric = true
    let outputs = [Self.featuresName, Self.pooledName]
    let model: Model
    let precision: Experiment.Precision
    let evaluateAll: Bool
    let flatten: Bool
    /// Deviation `probedBatchNorm`: training sees the backbone after one probe, evaluation after two.
    let probed: Bool

    var parameters: Value {
        [
            "backbone": model.parameters, "precision": .string(precision.rawValue), "evaluateAll": .bool(evaluateAll),
            "flattenFeatures": .bool(flatten), "probedBatchNorm": .bool(probed),
        ]
    }

    func run(_ context: StageContext) throws {
        let dataset = try DatasetFile(context.input("dataset"))
        let evaluated = Set(dataset.evaluatedRows(all: evaluateAll))
        let shards = stride(from: 0, to: dataset.imageCount, by: Self.shardSize).map { $0..<min($0 + Self.shardSize, dataset.imageCount) }
        let training = try model.backbone(context, probes: probed ? 1 : 0)
        let evaluation = probed ? try model.backbone(context, probes: 2) : training
        var computed = 0
        for (index, rows) in shards.enumerated() {
            let path = shardPath(context, index)
            if !FileManager.default.fileExists(atPath: path) {
                let shard = try extract(rows, dataset, training, evaluation, evaluated, threads: context.threads, check: context.checkCancelled)
                try shard.write(to: path, context)
                computed += rows.count
            }
            context.progress(rows.upperBound, of: dataset.imageCount, "images")
        }
        context.worked(try work(rows: computed))
        try assemble(shards, dataset, evaluated, training.shape, context)
    }

    private func shardPath(_ context: StageContext, _ index: Int) -> String { "\(context.scratch)/shard-\(index).h5" }

    /// Features of one shard, computed in parallel over its images; the layout is fixed, so the bits are too.
    private func extract(
        _ rows: Range<Int>, _ dataset: DatasetFile, _ training: Backbone, _ evaluation: Backbone, _ evaluated: Set<Int>,
        threads: Int, check: @escaping @Sendable () throws -> Void
    ) throws -> FeatureShard {
        let shape = training.shape
        let kept = rows.filter(evaluated.contains)
        let samples = dataset.samples(ofImage: rows.lowerBound).lowerBound..<dataset.samples(ofImage: rows.upperBound - 1).upperBound
        let width = flatten ? shape.count : shape.channels
        let shard = SharedShard(FeatureShard(maps: kept.count * shape.count, pooled: samples.count * width, areas: samples.count))
        try concurrently(rows.count, threads: threads) { offset in
            try check()
            let row = rows.lowerBound + offset
            let pixels = try dataset.readPixels(row)
            let own = dataset.samples(ofImage: row)
            let masks = try dataset.readMasks(own).map { $0.nearest(width: shape.width, height: shape.height) }
            var maps = [Float](repeating: 0, count: shape.count)
            if probed, evaluated.contains(row) {
                evaluation.features(pixels: pixels, into: &maps)
                shard.keep(maps, at: kept.firstIndex(of: row)! * shape.count)
                if !own.isEmpty { training.features(pixels: pixels, into: &maps) }
            } else {
                training.features(pixels: pixels, into: &maps)
                if let place = kept.firstIndex(of: row) { shard.keep(maps, at: place * shape.count) }
            }
            for (sample, mask) in zip(own, masks) {
                let (pooled, area) = pool(maps, mask, shape, flatten: flatten)
                shard.pool(pooled, area, at: sample - samples.lowerBound, width: width)
            }
        }
        return shard.value
    }

    /// Joins the shards into the two artifacts, one shard in memory at a time.
    private func assemble(
        _ shards: [Range<Int>], _ dataset: DatasetFile, _ evaluated: Set<Int>, _ shape: FeatureShape, _ context: StageContext
    ) throws {
        let width = flatten ? shape.count : shape.channels
        let features = try MapFile.Writer(
            path: context.output + "/" + Self.featuresName, images: dataset.imageCount, shape: shape, precision: precision,
            backbone: model.architecture.rawValue, layer: model.layer)
        let pooled = try HDF5File.create(context.output + "/" + Self.pooledName)
        let rows = try pooled.createDataset("pooled", Float.self, shape: [dataset.sampleCount, width], chunk: nil)
        var areas: [Int32] = []
        for (index, images) in shards.enumerated() {
            try context.checkCancelled()
            let shard = try FeatureShard(contentsOf: shardPath(context, index))
            if !shard.areas.isEmpty { try rows.write(rows: areas.count..<areas.count + shard.areas.count, shard.pooled) }
            areas += shard.areas
            for (place, row) in images.filter(evaluated.contains).enumerated() {
                try features.write(row, shard.maps[place * shape.count..<(place + 1) * shape.count])
            }
        }
        try pooled.write("area", areas)
        try pooled.close()
        try features.close()
    }
}

/// Masked features F ⊙ M, averaged over the grid (METHOD 5), or kept as a map (`flattenFeatures`).
/// - Returns: `[d]` or `[d·h·w]`, and the number of cells inside the mask.
func pool(_ maps: [Float], _ mask: Bitmap, _ shape: FeatureShape, flatten: Bool) -> ([Float], Int32) {
    let cells = shape.height * shape.width
    let inside = (0..<cells).filter { mask[$0 % shape.width, $0 / shape.width] }
    if flatten {
        var out = [Float](repeating: 0, count: shape.count)
        for channel in 0..<shape.channels { for cell in inside { out[channel * cells + cell] = maps[channel * cells + cell] } }
        return (out, Int32(inside.count))
    }
    var out = [Float](repeating: 0, count: shape.channels)
    for channel in 0..<shape.channels {
        var sum: Float = 0
        for cell in inside { sum += maps[channel * cells + cell] }
        out[channel] = sum / Float(cells)
    }
    return (out, Int32(inside.count))
}
