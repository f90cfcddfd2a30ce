import Datasets
import Foundation
import HDF5
import Imaging

/// Writes `dataset.h5` image by image; only indices stay in memory.
final class DatasetWriter: @unchecked Sendable {  // its owner writes from one thread at a time
    private let file: HDF5File
    private let pixels: HDF5Appender<UInt8>
    private let masks: HDF5Appender<UInt8>
    private var ids: [Int64] = []
    private var splits: [UInt8] = []
    private var views: [UInt8] = []
    private var sampleImages: [Int32] = []
    private var sampleSplits: [UInt8] = []
    private var offsets: [Int32] = [0]
    private var positives: [Int32] = []
    private var skippedFiles: [String] = []
    private var skippedReasons: [String] = []

    init(path: String) throws {
        let side = DatasetFile.side
        file = try HDF5File.create(path)
        pixels = try file.createAppender("images/pixels", UInt8.self, rowShape: [side, side, 3], rowsPerChunk: 1)
        masks = try file.createAppender("instances/mask224", UInt8.self, rowShape: [DatasetFile.maskBytes], rowsPerChunk: 8, deflate: 1)
    }

    var sampleCount: Int { sampleImages.count }

    func hasSamples(in split: Split) -> Bool { sampleSplits.contains(split.rawValue) }

    func append(_ image: PreparedImage, id: Int64, split: Split, view: Int) throws {
        let row = Int32(ids.count)
        try pixels.append(image.pixels)
        if !image.samples.isEmpty { try masks.append(image.samples.flatMap { $0.mask.packed }) }
        for sample in image.samples {
            sampleImages.append(row)
            positives += sample.concepts
            offsets.append(Int32(positives.count))
        }
        sampleSplits += (image.splits ?? image.samples.map { _ in split }).map(\.rawValue)
        ids.append(id)
        splits.append(split.rawValue)
        views.append(UInt8(view))
    }

    func skip(_ path: String, _ reason: String) {
        skippedFiles.append(URL(fileURLWithPath: path).lastPathComponent)
        skippedReasons.append(reason)
    }

    func finish(concepts: [String], seen: [Bool], unmatched: [UnmatchedName]) throws {
        try file.write("images/id", ids)
        try file.write("images/split", splits)
        try file.write("images/view", views)
        try file.write("instances/image", sampleImages)
        try file.write("instances/split", sampleSplits)
        try file.write("instances/offset", offsets)
        try file.write("instances/concepts", positives)
        try file.write("concepts/token", strings: concepts)
        try file.write("concepts/seen", seen.map { $0 ? 1 : 0 } as [UInt8])
        try UnmatchedNames.write(unmatched, to: file)
        try file.write("skipped/file", strings: skippedFiles)
        try file.write("skipped/reason", strings: skippedReasons)
        try file.close()
    }
}
