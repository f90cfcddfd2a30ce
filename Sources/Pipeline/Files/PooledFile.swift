import HDF5
import Networks

/// A pooled masked feature for every sample (`pooled.h5`): `/pooled` [M, d] (or [M, d·h·w] with `flattenFeatures`),
/// `/area` [M] int32, cells of the grid mask.
struct PooledFile: Sendable {
    let width: Int
    /// Cells of every sample's grid mask; 0: cropped away.
    let areas: [Int32]
    fileprivate let rows: HDF5Dataset<Float>

    init(_ path: String) throws {
        let file = try HDF5File.open(path)
        rows = try file.dataset("pooled", Float.self)
        width = rows.shape[1]
        areas = try file.read("area")
    }

    /// Writes samples in their order.
    struct Writer {
        private let file: HDF5File
        private let rows: HDF5Dataset<Float>
        private var areas: [Int32] = []

        init(path: String, samples: Int, width: Int) throws {
            file = try HDF5File.create(path)
            rows = try file.createDataset("pooled", Float.self, shape: [samples, width], chunk: nil)
        }

        /// - Parameters:
        ///   - pooled: `[areas.count, width]`
        mutating func append(_ pooled: [Float], areas more: [Int32]) throws {
            if !more.isEmpty { try rows.write(rows: areas.count..<areas.count + more.count, pooled) }
            areas += more
        }

        func close() throws {
            try file.write("area", areas)
            try file.close()
        }
    }
}

/// The samples of one split as training reads them: rows of `pooled.h5`, positives among the seen concepts.
struct PooledRows: SampleSource {
    private let pooled: PooledFile
    private let dataset: DatasetFile
    private let samples: [Int32]
    /// Index of every concept among the seen ones, -1 for unseen ones.
    private let seenIndex: [Int32]
    private let scale: Float

    /// Keeps the samples that pass `filter` and have a seen concept.
    init(_ pooled: PooledFile, _ dataset: DatasetFile, seen: [Bool], scale: Float, filter: (Int) -> Bool) {
        self.pooled = pooled
        self.dataset = dataset
        self.scale = scale
        var next: Int32 = 0
        let seenIndex: [Int32] = seen.map { isSeen in
            defer { if isSeen { next += 1 } }
            return isSeen ? next : -1
        }
        self.seenIndex = seenIndex
        samples = (0..<dataset.sampleCount).filter { sample in
            filter(sample) && dataset.concepts(ofSample: sample).contains { seenIndex[Int($0)] >= 0 }
        }.map { Int32($0) }
    }

    var count: Int { samples.count }
    var width: Int { pooled.width }

    func read(_ chosen: ArraySlice<Int>, into out: UnsafeMutablePointer<Float>) throws {
        for (place, row) in chosen.enumerated() {
            let sample = Int(samples[row])
            try pooled.rows.read(rows: sample..<sample + 1, into: out + place * width)
            rescale(out + place * width)
        }
    }

    func readAtHand(_ chosen: ArraySlice<Int>, into out: UnsafeMutablePointer<Float>) -> [Int] {
        var missing: [Int] = []
        for (place, row) in chosen.enumerated() {
            if pooled.rows.readAtHand(row: Int(samples[row]), into: out + place * width) {
                rescale(out + place * width)
            } else {
                missing.append(place)
            }
        }
        return missing
    }

    func expect(_ row: Int) { pooled.rows.expect(row: Int(samples[row])) }

    private func rescale(_ row: UnsafeMutablePointer<Float>) {
        if scale != 1 { for i in 0..<width { row[i] *= scale } }
    }

    func positives(_ row: Int) -> [Int32] {
        dataset.concepts(ofSample: Int(samples[row])).map { seenIndex[Int($0)] }.filter { $0 >= 0 }
    }
}
