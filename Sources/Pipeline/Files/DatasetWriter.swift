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
    private(set) var skipped: [(file: String, reason: String)] = []
    /// nil where images are known by their ids alone.
    private var names: [String]?
    /// Of the standard crops written so far.
    private var notes = AnnotationNotes()
    /// Names of the images whose files want them turned; not written.
    private(set) var turned: [String] = []

    /// - Parameters:
    ///   - side: pixels a side of the crops.
    ///   - keepsNames: whether the images' paths are written, too: those that a user knows pictures by.
    init(path: String, side: Int, keepsNames: Bool = false) throws {
        names = keepsNames ? [] : nil
        file = try HDF5File.create(path)
        pixels = try file.createAppender("images/pixels", UInt8.self, rowShape: [side, side, 3], rowsPerChunk: 1)
        masks = try file.createAppender(
            DatasetFile.maskName(side: side), UInt8.self, rowShape: [DatasetFile.maskBytes(side: side)],
            rowsPerChunk: 8, deflate: 1)
    }

    var sampleCount: Int { sampleImages.count }

    func hasSamples(in split: Split) -> Bool { sampleSplits.contains(split.rawValue) }

    func append(_ image: PreparedImage, of reference: ReferenceImage, view: Int) throws {
        let row = Int32(ids.count)
        try pixels.append(image.pixels)
        let samples = image.annotations.samples
        if !samples.isEmpty { try masks.append(samples.flatMap { $0.mask.packed }) }
        for sample in samples {
            sampleImages.append(row)
            positives += sample.concepts
            offsets.append(Int32(positives.count))
        }
        sampleSplits += (image.splits ?? samples.map { _ in reference.split }).map(\.rawValue)
        if view == 0 { notes.add(image.annotations.notes) }
        if image.isTurned, view == 0 { turned.append(Self.name(reference.file)) }
        ids.append(reference.id)
        names?.append(reference.file)
        splits.append(reference.split.rawValue)
        views.append(UInt8(view))
    }

    /// What is to be said of all annotations: what their files said, then what the images did.
    func notes(_ ofFiles: AnnotationNotes) -> AnnotationNotes {
        var all = ofFiles
        all.add(notes)
        return all
    }

    func skip(_ path: String, _ reason: String) {
        skipped.append((names == nil ? Self.name(path) : path, reason))
    }

    private static func name(_ path: String) -> String { URL(fileURLWithPath: path).lastPathComponent }

    /// - Parameter draw: the rank of every concept in the draw of the seen ones.
    func finish(concepts: [String], draw: [Int32], notes: AnnotationNotes, unmatched: [UnmatchedName]) throws {
        try file.write("images/id", ids)
        try file.write("images/split", splits)
        try file.write("images/view", views)
        if let names { try file.write("images/file", strings: names) }
        try file.write("instances/image", sampleImages)
        try file.write("instances/split", sampleSplits)
        try file.write("instances/offset", offsets)
        try file.write("instances/concepts", positives)
        try file.write("concepts/token", strings: concepts)
        try file.write("concepts/draw", draw)
        try UnmatchedNames.write(unmatched, to: file)
        try file.write("skipped/file", strings: skipped.map(\.file))
        try file.write("skipped/reason", strings: skipped.map(\.reason))
        let counts = [notes.unusable, notes.boxes, notes.skippedParts, notes.withoutSynset]
        try file.write("annotations/notes", counts.map(Int64.init))
        try file.write("annotations/first", strings: notes.first)
        try file.close()
    }
}
