import Datasets
import Foundation
import HDF5
import Imaging

/// Reads the preprocessed file (`dataset.h5`): images as crops, samples as masks with their concepts.
///
/// `/images/{id [N] int64, split [N] uint8, view [N] uint8, pixels [N,s,s,3] uint8}`,
/// `/instances/{image [M] int32, split [M] uint8, offset [M+1] int32, concepts int32, mask224 [M,6272] uint8 (packed bits, most significant first; of
/// crops of another side s `mask299` and so on)}`, `/concepts/{token [C],
/// draw [C] int32}`, `/images/file` (of a target), `/skipped/{file, reason}`, `/annotations/{notes [4] int64, first}`,
/// `/unmatched` and `/partly` (`UnmatchedNames`).
package struct DatasetFile: Sendable {
    package static let name = "dataset.h5"

    /// Pixels a side of the crops.
    let side: Int
    let concepts: [String]
    package let ids: [Int64]
    /// Of every image row: what evaluation looks at.
    let splits: [Split]
    /// 0 the standard crop; 1…V a random crop for training.
    let views: [UInt8]
    let hasViews: Bool
    /// Paths of a target's pictures in its folder; nil for a reference dataset.
    package let files: [String]?
    package let skipped: [String]
    /// Names without a concept.
    let unmatched: [UnmatchedName]
    /// Names that lost some of their words.
    let partlyMatched: [UnmatchedName]
    /// The rank of every concept in the draw of the seen ones.
    let draw: [Int32]
    let notes: DatasetNotes
    /// Image row of every sample; ascending.
    let sampleImages: [Int32]
    /// Of every sample: what trains on it.
    let sampleSplits: [Split]
    private let offsets: [Int32]
    private let positives: [Int32]
    private let pixels: HDF5Dataset<UInt8>
    private let masks: HDF5Dataset<UInt8>
    /// First sample of every image row, and one past the last.
    private let firstSample: [Int]

    package init(_ path: String) throws {
        let file = try HDF5File.open(path)
        concepts = try file.readStrings("concepts/token")
        ids = try file.read("images/id")
        splits = try file.read("images/split", as: UInt8.self).map { $0 == 0 ? .train : .validation }
        sampleSplits = try file.read("instances/split", as: UInt8.self).map { $0 == 0 ? .train : .validation }
        views = try file.read("images/view")
        hasViews = views.contains { $0 > 0 }
        files = file.contains("images/file") ? try file.readStrings("images/file") : nil
        skipped = try file.readStrings("skipped/file")
        unmatched = try UnmatchedNames.read(from: file)
        partlyMatched = try UnmatchedNames.read(from: file, group: UnmatchedNames.partly)
        draw = try file.read("concepts/draw")
        notes = try DatasetNotes(file)
        sampleImages = try file.read("instances/image")
        offsets = try file.read("instances/offset")
        positives = try file.read("instances/concepts")
        let shape = try file.shape(of: "images/pixels")
        guard shape.count == 4, shape[1] == shape[2], shape[1] > 0 else {
            throw ExperimentError("\(path): /images/pixels has the shape \(shape), expected [N, s, s, 3]")
        }
        side = shape[1]
        pixels = try file.dataset("images/pixels", UInt8.self)
        masks = try file.dataset(Self.maskName(side: side), UInt8.self)
        var first = [Int](repeating: 0, count: ids.count + 1)
        for image in sampleImages { first[Int(image) + 1] += 1 }
        for row in 1..<first.count { first[row] += first[row - 1] }
        firstSample = first
    }

    package var imageCount: Int { ids.count }

    /// What people know an image by: its path in a target, or its id.
    func name(_ row: Int) -> String { files.map { $0[row] } ?? String(ids[row]) }
    var sampleCount: Int { sampleImages.count }

    func samples(ofImage row: Int) -> Range<Int> { firstSample[row]..<firstSample[row + 1] }

    func concepts(ofSample sample: Int) -> ArraySlice<Int32> {
        positives[Int(offsets[sample])..<Int(offsets[sample + 1])]
    }

    /// Where the masks of crops of that side stand, and their bytes.
    static func maskName(side: Int) -> String { "instances/mask\(side)" }
    static func maskBytes(side: Int) -> Int { (side * side + 7) / 8 }

    /// The crop of one image, `[s, s, 3]`.
    package func readPixels(_ row: Int) throws -> [UInt8] { try pixels.read(rows: row..<row + 1) }

    /// The masks of samples on the crop.
    func readMasks(_ samples: Range<Int>) throws -> [Bitmap] {
        guard !samples.isEmpty else { return [] }
        let bytes = try masks.read(rows: samples), size = Self.maskBytes(side: side)
        return (0..<samples.count).map {
            Bitmap(packed: Array(bytes[$0 * size..<($0 + 1) * size]), width: side, height: side)
        }
    }

    /// Rows that evaluation looks at: standard crops of the validation images, or of all.
    package func evaluatedRows(all: Bool) -> [Int] {
        (0..<imageCount).filter { views[$0] == 0 && (all || splits[$0] == .validation) }
    }

    /// Whether training reads a sample: of training samples the random crops, where there are any.
    func isTrained(_ sample: Int, views hasViews: Bool) -> Bool {
        (views[Int(sampleImages[sample])] > 0) == (hasViews && sampleSplits[sample] == .train)
    }
}

/// What `dataset.h5` says of annotations that are not as METHOD has them: see `AnnotationNotes`.
struct DatasetNotes: Sendable {
    let unusable: Int, boxes: Int, skippedParts: Int, withoutSynset: Int
    /// The first unusable ones.
    let first: [String]

    init(_ file: HDF5File) throws {
        let counts = try file.read("annotations/notes", as: Int64.self).map(Int.init)
        guard counts.count == 4 else {
            throw ExperimentError("dataset.h5: /annotations/notes has \(counts.count) numbers (expected 4)")
        }
        (unusable, boxes, skippedParts, withoutSynset) = (counts[0], counts[1], counts[2], counts[3])
        first = try file.readStrings("annotations/first")
    }

    /// One line for each kind that occurred.
    var footnotes: [String] {
        var lines: [String] = []
        if let text = AnnotationNotes.unusableText(unusable, first) { lines.append(text) }
        if boxes > 0 { lines.append("\(boxes) annotations have no outline: their box is the mask") }
        if skippedParts > 0 {
            lines.append("\(skippedParts) parts of outlines have fewer than three points and were left out")
        }
        if withoutSynset > 0 { lines.append("\(withoutSynset) objects have no synset, and so no concept") }
        return lines
    }
}

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
    func finish(
        concepts: [String], draw: [Int32], notes: AnnotationNotes, unmatched: [UnmatchedName],
        partlyMatched: [UnmatchedName] = []
    ) throws {
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
        try UnmatchedNames.write(partlyMatched, to: file, group: UnmatchedNames.partly)
        try file.write("skipped/file", strings: skipped.map(\.file))
        try file.write("skipped/reason", strings: skipped.map(\.reason))
        let counts = [notes.unusable, notes.boxes, notes.skippedParts, notes.withoutSynset]
        try file.write("annotations/notes", counts.map(Int64.init))
        try file.write("annotations/first", strings: notes.first)
        try file.close()
    }
}
