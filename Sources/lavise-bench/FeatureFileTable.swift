import Fingerprints
import Foundation
import HDF5
import Networks

/// How `features.h5` could be stored: seconds to write, to read rows in any order, and size, for 256 images' layer3
/// maps.
struct FeatureFileTable {
    static let images = 256, batch = 16

    private let maps: [Float]
    private let shape: FeatureShape

    init() throws {
        let backbone = try Backbone(
            .resnet18, layer: "layer3", parameters: RandomParameters(architecture: .resnet18, seed: 0))
        shape = backbone.shape
        var random = RandomSource(seed: 0, stream: "bench/hdf5")
        let pixels = (0..<Self.batch * FeatureShape.image.count).map {
            UInt8(truncatingIfNeeded: $0 / 672 + random.below(96))
        }
        var some = [Float](repeating: 0, count: Self.batch * backbone.shape.count)
        backbone.features(pixels: pixels, count: Self.batch, into: &some)
        maps = (0..<Self.images / Self.batch).flatMap { _ in some }
    }

    func measure() throws -> String {
        var text = """
            | number | layout | deflate | write MB/s of float32 | read rows in any order, MB/s | size |
            | --- | --- | --- | ---: | ---: | ---: |

            """
        let ways: [(rows: Int?, deflate: Int?)] = [(nil, nil), (1, nil), (8, nil), (1, 1), (1, 4), (8, 1)]
        for way in ways { text += try line(maps, "float32", way.rows, way.deflate) }
        let halves = maps.map { Float16($0) }
        for way in ways { text += try line(halves, "float16", way.rows, way.deflate) }
        return text
    }

    private func line<T: HDF5Scalar>(_ values: [T], _ type: String, _ rowsPerChunk: Int?, _ deflate: Int?) throws
        -> String
    {
        let path = NSTemporaryDirectory() + "/lavise-bench-\(getpid()).h5"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let dims = [Self.images, shape.channels, shape.height, shape.width]
        let written = try fastest(3) {
            try? FileManager.default.removeItem(atPath: path)
            let file = try HDF5File.create(path)
            let rows = try file.createDataset(
                "features", T.self, shape: dims, chunk: rowsPerChunk.map { [$0] + dims.dropFirst() }, deflate: deflate)
            try values.withUnsafeBufferPointer { values in
                for row in 0..<Self.images {
                    try rows.write(rows: row..<row + 1, from: values.baseAddress! + row * shape.count)
                }
            }
            try file.close()
        }
        var order = Array(0..<Self.images), random = RandomSource(seed: 0, stream: "bench/order")
        random.shuffle(&order)
        let read = try fastest(3) {
            let rows = try HDF5File.open(path).dataset("features", T.self)
            for row in order { _ = try rows.read(rows: row..<row + 1) }
        }
        let size = (try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        let megabytes = Double(maps.count * 4) / 1e6
        let layout = rowsPerChunk.map { "chunks of \($0) image\($0 == 1 ? "" : "s")" } ?? "contiguous"
        return
            "| \(type) | \(layout) | \(deflate.map { "shuffle, \($0)" } ?? "–") | \(number(megabytes / written, 0)) | "
            + "\(number(megabytes / read, 0)) | \(number(Double(size) / megabytes / 1e4, 0)) % |\n"
    }
}
