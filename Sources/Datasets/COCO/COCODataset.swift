import CJSON
import Imaging

/// A dataset in COCO's format (METHOD 2): polygons, uncompressed and compressed RLE.
public struct COCODataset: ReferenceDataset {
    public let concepts: [String]
    public let images: [ReferenceImage]
    /// Categories with annotations of which no word has a vector.
    public let unmatched: [UnmatchedName]

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
    ///   - annotations: `instances_*.json` of each split.
    ///   - imageFolders: where the images of each split are; `file_name` is relative to it.
    ///   - hasVector: whether a word has an embedding vector; other words of a category's name are dropped.
    ///   - rules: say how words are compared.
    /// - Throws: `DatasetError`, also when a split has no annotated image or no word of any category has a vector.
    public init(annotations files: [(Split, String)], imageFolders: [(Split, String)], hasVector: @escaping (String) -> Bool,
                rules: DatasetRules) throws {
        let read = try files.sorted { $0.0.rawValue < $1.0.rawValue }.map { ($0.0, try COCOAnnotations($0.1)) }
        let words = ConceptWords(matching: rules.words, names: rules.names, hasVector: hasVector)
        let named = read.map { _, part in
            part.categories.mapValues { words.concepts(of: $0, exact: $0.split(separator: " ").map(String.init)) }
        }
        // By bytes: a `String` equals what only looks the same.
        let tokens = Dictionary(named.flatMap { $0.values.joined() }.map { (Array($0.utf8), $0) }, uniquingKeysWith: { first, _ in first })
        concepts = tokens.values.sortedByCodePoints()
        unmatched = Self.unmatched(read.map(\.1), named, words)
        guard !concepts.isEmpty else {
            let found = unmatched.prefix(3).map { "'\($0.name)'" }.joined(separator: ", ")
            let match = unmatched.contains { $0.match != nil } ? "; with dataset.words=folded some have" : ""
            throw DatasetError.empty(
                file: files.map(\.1).joined(separator: ", "),
                reason: "no word of any category's name (\(found)) has a vector in the word embedding\(match)")
        }
        let index = Dictionary(uniqueKeysWithValues: zip(concepts.map { Array($0.utf8) }, Int32(0)...))
        parts = zip(read, named).map { part, named in
            Part(annotations: part.1, positives: named.mapValues { $0.compactMap { index[Array($0.utf8)] } })
        }

        var images: [ReferenceImage] = [], entries: [(part: Int, row: Int, annotations: Range<Int>)] = []
        for (number, (split, part)) in read.enumerated() {
            guard let folder = imageFolders.first(where: { $0.0 == split })?.1 else {
                throw DatasetError.empty(file: part.path, reason: "no image folder for the \(split) split")
            }
            var next = 0, kept = 0
            for (row, image) in part.images.enumerated() {
                let first = next
                while next < part.annotations.count && part.annotations[next].image == image.id { next += 1 }
                if first == next || kept == rules.limit ?? .max { continue }
                kept += 1
                images.append(ReferenceImage(id: image.id, split: split, file: folder + "/" + image.file))
                entries.append((number, row, first..<next))
            }
            guard kept > 0 else { throw DatasetError.empty(file: part.path, reason: "no image of the \(split) split has an annotation") }
        }
        self.images = images
        self.entries = entries
        self.rules = rules
    }

    /// Categories without concepts, with their annotations in all parts.
    private static func unmatched(_ parts: [COCOAnnotations], _ named: [[Int: [String]]], _ words: ConceptWords) -> [UnmatchedName] {
        var counts: [[UInt8]: (name: String, annotations: Int)] = [:]
        for (part, named) in zip(parts, named) {
            for annotation in part.annotations where named[annotation.category]?.isEmpty ?? false {
                guard let name = part.categories[annotation.category] else { continue }
                counts[Array(name.utf8), default: (name, 0)].annotations += 1
            }
        }
        return counts.values.map { words.unmatched($0.name, annotations: $0.annotations) }.inOrder()
    }

    public func samples(ofImage row: Int, width: Int, height: Int, view: CropView?) throws -> [Sample] {
        let entry = entries[row], part = parts[entry.part]
        let path = part.annotations.path, image = part.annotations.images[entry.row]
        guard (width, height) == (image.width, image.height) else {
            throw DatasetError.inconsistent(file: images[row].file, reason: "\(width)×\(height) pixels, but \(path) says \(image.width)×\(image.height)")
        }
        let sampling = NearestSampling(viewOfMask(view, rules: rules), width: width, height: height)
        let file = try InputFile(path)
        var instances: [Sample] = []
        for annotation in part.annotations.annotations[entry.annotations] {
            guard let concepts = part.positives[annotation.category], !concepts.isEmpty else { continue }
            do {
                let mask = try file.withJSON(at: annotation.place) { try segmentation(of: $0, image: image, sampling: sampling) }
                instances.append(Sample(concepts: concepts, mask: mask))
            } catch let problem as JSONProblem {
                throw DatasetError.inconsistent(file: path, reason: "annotation \(annotation.id) of image \(image.id): \(problem.reason)")
            }
        }
        return Datasets.samples(of: instances, rules: rules)
    }
}

extension InputFile {
    /// Parses the JSON value that stands at `place`.
    fileprivate borrowing func withJSON<T>(at place: JSONPlace, _ body: (JSONValue) throws -> T) throws -> T {
        let text = UnsafeMutableRawBufferPointer.allocate(byteCount: place.count + Int(CJSON_PADDING), alignment: 64)
        defer { text.deallocate() }
        guard try read(at: place.offset, into: text.baseAddress!, count: place.count) == place.count else {
            throw JSONProblem("the file became shorter while it was in use")
        }
        let parser = try JSONParser()
        return try body(parser.parse(UnsafeRawBufferPointer(rebasing: text[..<place.count])))
    }
}
