import Engine
import Foundation
import HDF5

/// The features of one run of images, as kept between attempts of the features stage.
struct FeatureShard: Sendable {
    /// `[kept images, d, h, w]`
    var maps: [Float]
    /// `[samples, width]`
    var pooled: [Float]
    /// `[samples]`, cells of each grid mask
    var areas: [Int32]

    init(maps: Int, pooled: Int, areas: Int) {
        self.maps = .init(repeating: 0, count: maps)
        self.pooled = .init(repeating: 0, count: pooled)
        self.areas = .init(repeating: 0, count: areas)
    }

    init(contentsOf path: String) throws {
        let file = try HDF5File.open(path)
        maps = try file.read("maps")
        pooled = try file.read("pooled")
        areas = try file.read("area")
    }

    /// Writes beside `path` and renames, so that a shard that exists is whole.
    func write(to path: String, _ context: StageContext) throws {
        let partial = path + ".partial"
        let file = try HDF5File.create(partial)
        try file.write("maps", maps)
        try file.write("pooled", pooled)
        try file.write("area", areas)
        try file.close()
        context.faultPoint("features.shard")
        guard rename(partial, path) == 0 else {
            throw ExperimentError("\(path): cannot be renamed into place: \(String(cString: strerror(errno)))")
        }
    }
}

/// A shard that several threads fill at disjoint places.
final class SharedShard: @unchecked Sendable {  // guarded by `lock`
    private let lock = NSLock()
    private var shard: FeatureShard

    init(_ shard: FeatureShard) { self.shard = shard }

    var value: FeatureShard { lock.withLock { shard } }

    func keep(_ maps: [Float], at offset: Int) {
        lock.withLock { shard.maps.replaceSubrange(offset..<offset + maps.count, with: maps) }
    }

    func pool(_ values: [Float], _ area: Int32, at row: Int, width: Int) {
        lock.withLock {
            shard.pooled.replaceSubrange(row * width..<(row + 1) * width, with: values)
            shard.areas[row] = area
        }
    }
}
