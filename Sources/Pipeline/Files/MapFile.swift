import HDF5
import LaViSE
import Networks

/// Feature maps of images on disk (`features.h5`): `/features` [N, d, h, w], float32 or float16, with the attributes
/// `backbone`, `layer`, `precision`, and `weightsKey`, `weightsPrefix` where there are such.
package struct MapFile: Sendable {
    /// Of what is read: the layer's channels, or the units that are directions of them.
    let shape: FeatureShape
    private let rows: Rows
    private let units: UnitDirections?
    private let channels: Int

    private enum Rows: Sendable { case float32(HDF5Dataset<Float>), float16(HDF5Dataset<Float16>) }

    /// - Parameter units: maps are those of directions, `[N, U, h, w]`, made as they are read.
    init(_ path: String, units: UnitDirections? = nil) throws {
        let file = try HDF5File.open(path)
        let dims = try file.shape(of: "features")
        guard dims.count == 4 else {
            throw ExperimentError("\(path): /features has \(dims.count) dimensions, expected [N, d, h, w]")
        }
        if let units, units.channels != dims[1] {
            throw ExperimentError(
                "evaluate.units: directions of \(units.channels) numbers, but the layer has \(dims[1]) channels")
        }
        self.units = units
        channels = dims[1]
        shape = FeatureShape(channels: units?.count ?? dims[1], height: dims[2], width: dims[3])
        rows =
            try file.stringAttribute("precision", on: "features") == MapPrecision.float16.rawValue
            ? .float16(file.dataset("features", Float16.self)) : .float32(file.dataset("features", Float.self))
    }

    /// The maps of one image, `[d, h, w]`.
    func read(_ row: Int, into maps: UnsafeMutablePointer<Float>) throws {
        guard let units else { return try readChannels(row, into: maps) }
        let positions = shape.height * shape.width
        var features = [Float](repeating: 0, count: channels * positions)
        try readChannels(row, into: &features)
        units.apply(features, positions: positions, into: maps)
    }

    private func readChannels(_ row: Int, into maps: UnsafeMutablePointer<Float>) throws {
        switch rows {
        case .float32(let dataset): try dataset.read(rows: row..<row + 1, into: maps)
        case .float16(let dataset):
            for (i, value) in try dataset.read(rows: row..<row + 1).enumerated() { maps[i] = Float(value) }
        }
    }

    struct Writer {
        private let file: HDF5File
        private let rows: Rows

        init(
            path: String, images: Int, shape: FeatureShape, precision: MapPrecision, backbone: String,
            layer: String,
            place: WeightsPlace?
        ) throws {
            file = try HDF5File.create(path)
            let dims = [images, shape.channels, shape.height, shape.width], chunk = [1] + dims.dropFirst()
            rows =
                switch precision {
                case .float32: .float32(try file.createDataset("features", Float.self, shape: dims, chunk: chunk))
                case .float16: .float16(try file.createDataset("features", Float16.self, shape: dims, chunk: chunk))
                }
            try file.setAttribute("backbone", on: "features", backbone)
            try file.setAttribute("layer", on: "features", layer)
            try file.setAttribute("precision", on: "features", precision.rawValue)
            guard let place, place.note != nil else { return }
            try file.setAttribute("weightsKey", on: "features", place.key)
            try file.setAttribute("weightsPrefix", on: "features", place.prefix)
        }

        func write(_ row: Int, _ maps: ArraySlice<Float>) throws {
            switch rows {
            case .float32(let dataset): try dataset.write(rows: row..<row + 1, Array(maps))
            case .float16(let dataset): try dataset.write(rows: row..<row + 1, maps.map { Float16($0) })
            }
        }

        func close() throws { try file.close() }
    }
}

/// The number type of feature maps on the disk; they are computed in single precision.
public enum MapPrecision: String, CaseIterable, Sendable, Encodable { case float32, float16 }
