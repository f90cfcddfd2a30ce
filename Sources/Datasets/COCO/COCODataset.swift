import CJSON
import Files
import Fingerprints
import Glibc
import Imaging

/// A dataset in COCO's format (METHOD 2): polygons, uncompressed and compressed RLE.
public struct COCODataset: ReferenceDataset {
    /// Words of the categories' names that have a vector, each once, by Unicode code points.
    public let concepts: [String]
    /// By split, then id; images without annotations are dropped.
    public let images: [ReferenceImage]
    /// Categories with annotations of which no word has a vector.
    public let unmatched: [UnmatchedName]
    /// Categories with annotations that lost some of their words.
    public let partlyMatched: [UnmatchedName]
    /// Of the annotations that could not be used already when the files were read.
    public let notes: AnnotationNotes

    private let rules: DatasetRules
    private let parts: [Part]
    /// Of each image: its part, its row there and its annotations' range there.
    private let entries: [(part: Int, row: Int, annotations: Range<Int>)]

    /// One annotation file with the concepts of its categories.
    private struct Part {
        let annotations: COCOAnnotations
        let positives: [Int: [Int32]]
    }

    /// - Parameters:
    ///   - annotations: `instances_*.json` of each split; one without a split is cut into both by the seed, by image,
    ///     like Visual Genome: `rules.validationShare` of the images validate.
    ///   - imageFolders: where the images of each split are; `file_name` is relative to it.
    ///   - isPresent: whether there is an image at a path; asked for names with a folder in them.
    ///   - hasVector: whether a word has an embedding vector; other words of a category's name are dropped.
    ///   - rules: say how words are compared.
    /// - Throws: `DatasetError`, also when a split has no annotated image or no word of any category has a vector.
    public init(
        annotations files: [(Split?, String)], imageFolders: [(Split?, String)],
        isPresent: (String) -> Bool = { access($0, F_OK) == 0 }, hasVector: @escaping (String) -> Bool,
        rules: DatasetRules
    ) throws {
        let read = try files.sorted { ($0.0?.rawValue ?? 0) < ($1.0?.rawValue ?? 0) }.map {
            ($0.0, try COCOAnnotations($0.1, rules: rules))
        }
        let words = ConceptWords(matching: rules.words, names: rules.names, hasVector: hasVector)
        let named = read.map { _, part in
            part.categories.mapValues { words.concepts(of: $0, exact: Self.words(of: $0)) }
        }
        // By bytes: a `String` equals what only looks the same.
        let tokens = Dictionary(
            named.flatMap { $0.values.joined() }.map { (Word($0), $0) }, uniquingKeysWith: { first, _ in first })
        concepts = tokens.values.sortedByCodePoints()
        unmatched = Self.unmatched(read.map(\.1), named, words)
        partlyMatched = Self.partlyMatched(read.map(\.1), words)
        guard !concepts.isEmpty else {
            let found = unmatched.prefix(3).map { "'\($0.name)'" }.joined(separator: ", ")
            let match = unmatched.contains { $0.match != nil } ? "; with dataset.words=folded some have" : ""
            let unusable = read.compactMap { $1.notes.unusableText.map { " (\($0))" } }.joined()
            throw DatasetError.empty(
                file: files.map(\.1).joined(separator: ", "),
                reason: "no word of any category's name has a vector in the word embedding"
                    + (found.isEmpty ? "" : ": \(found)") + match + unusable)
        }
        let index = Dictionary(uniqueKeysWithValues: zip(concepts.map(Word.init), Int32(0)...))
        parts = zip(read, named).map { part, named in
            Part(annotations: part.1, positives: named.mapValues { $0.compactMap { index[Word($0)] } })
        }

        var notes = AnnotationNotes()
        var images: [ReferenceImage] = [], entries: [(part: Int, row: Int, annotations: Range<Int>)] = []
        for split in Split.allCases {
            for (number, (whole, part)) in read.enumerated() where whole == nil || whole == split {
                guard let folder = imageFolders.first(where: { $0.0 == whole })?.1 else {
                    throw DatasetError.empty(file: part.path, reason: "no image folder for the \(split) split")
                }
                let rows = part.annotatedImages, validating = whole == nil ? Self.validating(part, rules) : []
                let ofSplit = rows.filter { whole != nil || validating.contains($0.row) == (split == .validation) }
                for (row, range) in ofSplit.prefix(rules.limit ?? .max) {
                    let image = part.images[row]
                    images.append(
                        ReferenceImage(
                            id: image.id, split: split, file: COCOFileName.locate(image.file, in: folder, isPresent)))
                    entries.append((number, row, range))
                }
                guard !ofSplit.isEmpty else {
                    throw DatasetError.empty(
                        file: part.path,
                        reason: "no image of the \(split) split has an annotation"
                            + (part.notes.unusableText.map { " (\($0))" } ?? ""))
                }
            }
        }
        for (_, part) in read { notes.add(part.notes) }
        self.images = images
        self.entries = entries
        self.notes = notes
        self.rules = rules
    }

    /// The rows of the images that validate where the seed cuts one file: of all its images, shuffled, the first
    /// annotated ones.
    private static func validating(_ part: COCOAnnotations, _ rules: DatasetRules) -> Set<Int> {
        var random = RandomSource(seed: rules.seed, stream: "coco/split")
        var order = Array(part.images.indices)
        random.shuffle(&order)
        let annotated = Set(part.annotatedImages.map(\.row))
        order.removeAll { !annotated.contains($0) }
        return Set(order.prefix(Int((Double(order.count) * rules.validationShare).rounded())))
    }

    private static func words(of name: String) -> [String] { name.split(separator: " ").map(String.init) }

    /// Categories that lost some of their words, with their annotations in all parts.
    private static func partlyMatched(_ parts: [COCOAnnotations], _ words: ConceptWords) -> [UnmatchedName] {
        var counts: [Word: Int] = [:]
        for part in parts {
            let partly = part.categories.filter { words.partly($1, exact: Self.words(of: $1), annotations: 0) != nil }
            for annotation in part.annotations {
                if let name = partly[annotation.category] { counts[Word(name), default: 0] += 1 }
            }
        }
        return counts.compactMap { words.partly($0.text, exact: Self.words(of: $0.text), annotations: $1) }.inOrder()
    }

    /// Categories without concepts, with their annotations in all parts.
    private static func unmatched(_ parts: [COCOAnnotations], _ named: [[Int: [String]]], _ words: ConceptWords)
        -> [UnmatchedName]
    {
        var counts: [Word: (name: String, annotations: Int)] = [:]
        for (part, named) in zip(parts, named) {
            for annotation in part.annotations where named[annotation.category]?.isEmpty ?? false {
                guard let own = part.categories[annotation.category] else { continue }
                let name = own.isEmpty ? "category \(annotation.category), which has no name" : own
                counts[Word(name), default: (name, 0)].annotations += 1
            }
        }
        return counts.values.map { name, annotations in
            let isNamed = parts.contains { $0.categories.values.contains(name) }
            return isNamed
                ? words.unmatched(name, annotations: annotations)
                : UnmatchedName(name: name, annotations: annotations, match: nil)
        }.inOrder()
    }

    /// The samples of one image, their outlines and runs made masks in the view (METHOD 2).
    /// - Throws: `DatasetError` for an annotation file that can no longer be read, and, by `rules`, for an annotation
    ///   that cannot be used.
    public func annotations(ofImage row: Int, width: Int, height: Int, view: CropView?) throws -> ImageAnnotations {
        let entry = entries[row], part = parts[entry.part], path = part.annotations.path
        let image = part.annotations.images[entry.row], size = COCOAnnotations.Size(width: width, height: height)
        let sampling = NearestSampling(viewOfMask(view, rules: rules), width: width, height: height, rule: rules.crop)
        let file = try inputFile(path)
        var instances: [Sample] = [], notes = AnnotationNotes()
        for annotation in part.annotations.annotations[entry.annotations] {
            guard let concepts = part.positives[annotation.category], !concepts.isEmpty else { continue }
            do {
                if let declared = image.size, declared != size {
                    let isTurned = (declared.width, declared.height) == (height, width)
                    throw JSONProblem(
                        "the file has \(width)×\(height) pixels, but \"images\" says \(declared.width)×\(declared.height)"
                            + (isTurned
                                ? ": drawn on the picture as EXIF turns it, perhaps; then turn the file first" : ""))
                }
                let mask = try file.withJSON(at: annotation.place) {
                    try segmentation(of: $0, size: size, sampling: sampling, notes: &notes)
                }
                instances.append(Sample(concepts: concepts, mask: mask))
            } catch let problem as JSONProblem {
                try rules.refuse(
                    "annotation \(annotation.id) of image \(image.id): \(problem.reason)", in: path, &notes)
            }
        }
        return ImageAnnotations(samples: Datasets.samples(of: instances, rules: rules), notes: notes)
    }
}

extension PlainFile {
    /// Parses the JSON value that stands at `place`.
    fileprivate func withJSON<T>(at place: JSONPlace, _ body: (JSONValue) throws -> T) throws -> T {
        let text = UnsafeMutableRawBufferPointer.allocate(byteCount: place.count + Int(CJSON_PADDING), alignment: 64)
        defer { text.deallocate() }
        let got: Int
        do {
            got = try read(into: UnsafeMutableRawBufferPointer(rebasing: text[..<place.count]), at: place.offset)
        } catch {
            throw DatasetError(error)
        }
        guard got == place.count else { throw JSONProblem("the file became shorter while it was in use") }
        let parser = try JSONParser()
        return try body(parser.parse(UnsafeRawBufferPointer(rebasing: text[..<place.count])))
    }
}
