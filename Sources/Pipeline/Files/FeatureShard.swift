import Engine
import Foundation
import HDF5
import Synchronization

/// The features of one run of images, as kept between attempts of the features stage.
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

    init(contentsOf path: String, precision: Experiment.Precision) throws {
        let file = try HDF5File.open(path)
        maps = switch precision {
        case .float32: try file.read("maps")
        case .float16: try file.read("maps", as: Float16.self).map { Float($0) }
        }
        pooled = try file.read("pooled")
        areas = try file.read("area")
    }

    /// Keeps it in the scratch. Maps take the precision they will have in the end.
    func write(to path: String, precision: Experiment.Precision, _ context: StageContext) throws {
        try context.keep(path, faultPoint: "features.shard") { partial in
            let file = try HDF5File.create(partial)
            switch precision {
            case .float32: try file.write("maps", maps)
            case .float16: try file.write("maps", maps.map { Float16($0) })
            }
            try file.write("pooled", pooled)
            try file.write("area", areas)
            try file.close()
        }
    }
}

/// A shard whose parts several threads compute.
final class PendingShard: Sendable {
    private let parts: Mutex<[FeatureShard?]>

    init(parts count: Int) { parts = Mutex(Array(repeating: nil, count: count)) }

    /// Adds a part.
    /// - Returns: the whole shard once its last part is there.
    func add(_ part: FeatureShard, at index: Int) -> FeatureShard? {
        parts.withLock { parts in
            parts[index] = part
            let whole = parts.compactMap { $0 }
            guard whole.count == parts.count else { return nil }
            parts = []
            return FeatureShard(maps: whole.flatMap(\.maps), pooled: whole.flatMap(\.pooled), areas: whole.flatMap(\.areas))
        }
    }
}
