import Glibc
import Imaging

/// Visual Genome (METHOD 2): boxes of `objects.json`, concepts from synsets.
///
/// The order of the rules: concepts of synsets; those without a vector dropped; images split;
/// concepts that occur less than `minimumCount` times in training dropped; images without boxes dropped.
public struct VisualGenomeDataset: ReferenceDataset {
    /// Lemmas that have a vector and occur `minimumCount` times or more in training, by Unicode code points.
    public let concepts: [String]
    /// By split, then id; images without a box that has a concept are dropped.
    public let images: [ReferenceImage]
    /// Lemmas of synsets that have no vector.
    public let unmatched: [UnmatchedName]
    /// Lemmas that lost some of their words.
    public let partlyMatched: [UnmatchedName]
    /// Of the objects that could not be used, or have no synset, when the file was read.
    public let notes: AnnotationNotes

    private let rules: DatasetRules
    private let path: String
    /// Boxes of the concepts kept, image after image.
    private let boxes: [VisualGenomeObjects.Box]
    /// Of each image in `images`.
    private let ranges: [Range<Int>]
    /// Of each image in `images`, by deviation `splitByInstance`; nil: samples go where their image goes.
    private let sampleSplits: [[Split]]?

    /// - Parameters:
    ///   - objects: path of `objects.json`.
    ///   - imageFolders: where `<image_id>.jpg` may be, usually `VG_100K` and `VG_100K_2`.
    ///   - isPresent: whether there is an image at a path.
    ///   - hasVector: whether a word has an embedding vector.
    /// - Throws: `DatasetError`, also when no concept or a split without images is left.
    public init(
        objects path: String, imageFolders: [String], isPresent: (String) -> Bool = { access($0, F_OK) == 0 },
        hasVector: @escaping (String) -> Bool, rules: DatasetRules
    ) throws {
        let objects = try VisualGenomeObjects(path, hasVector: hasVector, rules: rules)
        let splits = Datasets.splits(ofImages: objects, rules: rules)
        let counts = occurrences(of: objects, splits: splits, rules: rules)
        let kept = objects.concepts.indices.filter { counts[$0] >= rules.minimumCount }
        concepts = kept.map { objects.concepts[$0] }.sortedByCodePoints()
        guard !concepts.isEmpty else {
            throw DatasetError.empty(
                file: path,
                reason: "no concept has a word vector and occurs \(rules.minimumCount) times or more"
                    + (objects.notes.unusableText.map { " (\($0))" } ?? ""))
        }
        (unmatched, partlyMatched) = (objects.unmatched, objects.partlyMatched)
        let index = Dictionary(uniqueKeysWithValues: zip(concepts.map(Word.init), Int32(0)...))
        let renamed = objects.concepts.indices.map {
            counts[$0] >= rules.minimumCount ? index[Word(objects.concepts[$0])]! : -1
        }

        var images: [ReferenceImage] = [], boxes: [VisualGenomeObjects.Box] = [], ranges: [Range<Int>] = []
        for split in Split.allCases {
            var ofSplit = 0
            for (number, image) in objects.images.enumerated()
            where splits[number] == split && ofSplit < rules.limit ?? .max {
                let first = boxes.count
                for position in image.boxes {
                    let box = objects.boxes[position], concept = renamed[Int(box.concept)]
                    if concept >= 0 {
                        boxes.append(
                            .init(
                                concept: concept, object: box.object, x: box.x, y: box.y, width: box.width,
                                height: box.height))
                    }
                }
                if boxes.count == first { continue }
                ofSplit += 1
                ranges.append(first..<boxes.count)
                images.append(
                    ReferenceImage(id: image.id, split: split, file: Self.file(image.id, in: imageFolders, isPresent)))
            }
            guard ofSplit > 0 else {
                throw DatasetError.empty(file: path, reason: "no image with a box is left for the \(split) split")
            }
        }
        self.path = path
        self.images = images
        self.boxes = boxes
        self.ranges = ranges
        self.rules = rules
        sampleSplits =
            rules.splitByInstance
            ? splitByInstance(
                ranges.map { range in
                    rules.mergeInstances ? Set(boxes[range].map(\.concept)).count : range.count
                }, rules: rules) : nil
        notes = objects.notes
    }

    /// Of the deviation `splitByInstance`; nil without it.
    public func sampleSplits(ofImage row: Int) -> [Split]? { sampleSplits?[row] }

    /// The folder that has the image; the first one for an image that none has, so that reading it names a file.
    private static func file(_ id: Int64, in folders: [String], _ isPresent: (String) -> Bool) -> String {
        let name = name(id), paths = folders.map { "\($0)/\(name)" }
        return paths.first(where: isPresent) ?? paths.first ?? name
    }

    fileprivate static func name(_ id: Int64) -> String { "\(id).jpg" }

    /// The samples of one image: its boxes filled (METHOD 2).
    /// - Throws: `DatasetError`, by `rules`, for a box outside the image; whatever else is wrong with an object was found
    ///   when the file was read.
    public func annotations(ofImage row: Int, width: Int, height: Int, view: CropView?) throws -> ImageAnnotations {
        let canvas = canvasOfBoxes(width: width, height: height, rules: rules)
        let sampling = NearestSampling(
            viewOfMask(view, rules: rules), width: canvas.width, height: canvas.height, rule: rules.crop)
        var instances: [Sample] = [], notes = AnnotationNotes()
        for box in boxes[ranges[row]] {
            // Its mask is empty, which keeps it from training; the deviation has empty ones of its own.
            if !rules.transposedBoxMask, !box.reaches(into: canvas) {
                let object = box.object == 0 ? "an object" : "object \(box.object)"
                try rules.refuse(
                    "\(object) of image \(images[row].id): a box of \(box.width)×\(box.height) pixels at (\(box.x), \(box.y)), "
                        + "outside the image's \(width)×\(height)", in: path, &notes)
            }
            instances.append(
                Sample(
                    concepts: [box.concept],
                    mask: boxMask(box, on: canvas, sampling: sampling, isSliced: rules.transposedBoxMask)))
        }
        return ImageAnnotations(samples: Datasets.samples(of: instances, rules: rules), notes: notes)
    }
}

/// The file names of the images that Visual Genome's `objects.json` lists.
/// - Throws: `DatasetError` for a file that cannot be read or is no JSON.
public func imageNames(ofVisualGenome path: String) throws -> Set<String> {
    var stream = try JSONElementStream(path), names: Set<String> = []
    try stream.forEach(refused: { _, _, _ in }) { _, _, image, _ in
        names.insert(VisualGenomeDataset.name(try VisualGenomeObjects.id(ofImage: image)))
    }
    return names
}
