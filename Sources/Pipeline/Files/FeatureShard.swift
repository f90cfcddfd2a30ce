import Engine
import Foundation
import HDF5
import Synchronization

/// The features of one run of images by one target layer, as kept between attempts of the features stage: `maps`,
/// `pooled` and `area` of the first layer, `maps.1` and so on of others.
struct FeatureShard: Sendable {
    /// `[kept images, d, h, w]`
    var maps: [Float]
    /// `[samples, width]`
    var pooled: [Float]
    /// `[samples]`, cells of each grid mask
    var areas: [Int32]

    init(maps: [Float], pooled: [Float], areas: [Int32]) {
        self.maps = maps
        self.pooled = pooled
        self.areas = areas
    }

    init(contentsOf path: String, layer: Int, precision: MapPrecision) throws {
        let file = try HDF5File.open(path), end = Self.ending(layer)
        maps =
            switch precision {
            case .float32: try file.read("maps" + end)
            case .float16: try file.read("maps" + end, as: Float16.self).map { Float($0) }
            }
        pooled = try file.read("pooled" + end)
        areas = try file.read("area" + end)
    }

    /// Keeps those of all target layers in the scratch, in one file. Maps take the precision they will have in the end.
    static func write(
        _ layers: [FeatureShard], to path: String, precision: MapPrecision, _ context: StageContext
    ) throws {
        try context.keep(path, faultPoint: "features.shard") { partial in
            let file = try HDF5File.create(partial)
            for (index, shard) in layers.enumerated() {
                let end = ending(index)
                switch precision {
                case .float32: try file.write("maps" + end, shard.maps)
                case .float16: try file.write("maps" + end, shard.maps.map { Float16($0) })
                }
                try file.write("pooled" + end, shard.pooled)
                try file.write("area" + end, shard.areas)
            }
            try file.close()
        }
    }

    private static func ending(_ layer: Int) -> String { layer == 0 ? "" : ".\(layer)" }
}

/// The shards of all target layers whose parts several threads compute.
final class PendingShard: Sendable {
    private let parts: Mutex<[[FeatureShard]?]>

    init(parts count: Int) { parts = Mutex(Array(repeating: nil, count: count)) }

    /// Adds a part, by target layer.
    /// - Returns: the whole shards once their last part is there.
    func add(_ part: [FeatureShard], at index: Int) -> [FeatureShard]? {
        parts.withLock { parts in
            parts[index] = part
            let whole = parts.compactMap { $0 }
            guard whole.count == parts.count else { return nil }
            parts = []
            return part.indices.map { layer in
                FeatureShard(
                    maps: whole.flatMap { $0[layer].maps }, pooled: whole.flatMap { $0[layer].pooled },
                    areas: whole.flatMap { $0[layer].areas })
            }
        }
    }
}
