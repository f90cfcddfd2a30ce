import Imaging

/// Visual Genome (METHOD 2): boxes of objects whose synsets name the concepts.
///
/// Words without a vector are dropped, then those that occur in fewer than `rules.minimumCount` training images, then images
/// without instances. `rules.validationShare` of the file's images, drawn from `rules.seed`, validate. With
/// `rules.splitByInstance` an image can be two rows, one a split, each with its own instances.
/// `rules.limit` takes images away last, so it changes neither the concepts nor the split.
public struct VisualGenomeDataset: ReferenceDataset {
    public let concepts: [String]
    public let images: [ReferenceImage]

    private let rules: DatasetRules
    /// Of all images, one after another; `concept` of `instances[i]` is an index into `concepts`.
    private let instances: [(concept: Int32, box: Box)]
    /// Of image r: `instances[offsets[r]..<offsets[r + 1]]`.
    private let offsets: [Int]

    /// - Parameters:
    ///   - objects: `objects.json`; it is read once, as a stream.
    ///   - imageFolders: where the files `<image_id>.jpg` are; the first folder that has an image counts.
    ///   - hasVector: whether a concept has an embedding vector.
    /// - Throws: `DatasetError`, also when no concept is left, and when no folder has the file of an image that is.
    public init(objects path: String, imageFolders: [String], hasVector: (String) -> Bool, rules: DatasetRules) throws {
        guard (0...1).contains(rules.validationShare) else {
            throw DatasetError.empty(file: path, reason: "a validation share of \(rules.validationShare); it is from 0 to 1")
        }
        let objects = try VisualGenomeObjects(path, hasVector: hasVector, rules: rules)
        guard !objects.words.isEmpty else {
            throw DatasetError.empty(file: path, reason: "no synset of any object has a vector in the word embedding")
        }
        let validates = objects.validating(rules)
        let counts = objects.occurrences(validates: validates, rules: rules)
        concepts = objects.words.indices.filter { counts[$0] >= rules.minimumCount }.map { objects.words[$0] }.sortedByCodePoints()
        guard !concepts.isEmpty else {
            throw DatasetError.empty(file: path, reason: "no concept occurs \(rules.minimumCount) times (at most \(counts.max() ?? 0)); lower minimumCount")
        }
        let index = Dictionary(uniqueKeysWithValues: zip(concepts, Int32(0)...))
        let conceptOf = objects.words.map { index[$0] }

        var rows: [(id: Int64, split: Split)] = [], instances: [(concept: Int32, box: Box)] = [], offsets = [0]
        for split in [Split.train, .validation] {
            var kept = 0
            for image in objects.images where kept < rules.limit ?? .max {
                for i in image.instances where validates[i] == (split == .validation) {
                    if let concept = conceptOf[Int(objects.instances[i].word)] { instances.append((concept, objects.instances[i].box)) }
                }
                if instances.count == offsets[offsets.count - 1] { continue }
                kept += 1
                rows.append((image.id, split))
                offsets.append(instances.count)
            }
        }
        images = try Self.withFiles(rows, imageFolders, path)
        self.instances = instances
        self.offsets = offsets
        self.rules = rules
    }

    private static func withFiles(_ rows: [(id: Int64, split: Split)], _ folders: [String], _ path: String) throws -> [ReferenceImage] {
        let files = try NumberedImages(in: folders)
        let images = rows.compactMap { row in files.path(row.id).map { ReferenceImage(id: row.id, split: row.split, file: $0) } }
        if images.count == rows.count { return images }
        let missing = rows.map(\.id).filter { files.path($0) == nil }
        let others = missing.count > 1 ? " (nor \(missing.count - 1) more)" : ""
        throw DatasetError.inconsistent(file: path, reason: "image \(missing[0]): \(NumberedImages.name(missing[0])) is not in \(folders.joined(separator: ", "))\(others); fetch it or take it out of the list")
    }

    public func samples(ofImage row: Int, width: Int, height: Int, view: CropView?) throws -> [Sample] {
        let canvas = canvasOfBoxes(width: width, height: height, rules: rules)
        let view = viewOfMask(view, rules: rules)
        let sampling = view?.sampling ?? NearestSampling(centreCropOfWidth: canvas.width, height: canvas.height)
        let own = instances[offsets[row]..<offsets[row + 1]].map { Sample(concepts: [$0.concept], mask: $0.box.mask(on: canvas, sampling)) }
        return Datasets.samples(of: own, rules: rules)
    }
}
