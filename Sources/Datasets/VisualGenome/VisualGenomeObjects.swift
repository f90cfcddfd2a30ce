/// What `objects.json` says: the boxes of the concepts that have a word vector, 20 bytes each, whatever the file's size.
struct VisualGenomeObjects {
    struct Box {
        let concept: Int32
        /// Top left corner and size in pixels; may reach outside the image.
        let x: Int32, y: Int32, width: Int32, height: Int32
    }

    struct Image {
        let id: Int64
        let boxes: Range<Int>
    }

    let path: String
    /// By id.
    private(set) var images: [Image] = []
    /// In the file's order; one for every concept of an object.
    private(set) var boxes: [Box] = []
    /// Concepts by number, in order of appearance.
    private(set) var concepts: [String] = []
    /// Lemmas of synsets without a concept, with the number of objects.
    private(set) var unmatched: [UnmatchedName] = []

    /// - Throws: `DatasetError` for a file that cannot be read or is not Visual Genome's JSON.
    init(_ path: String, hasVector: @escaping (String) -> Bool, rules: DatasetRules) throws {
        self.path = path
        var stream = try JSONElementStream(path)
        let words = ConceptWords(matching: rules.words, names: rules.names, hasVector: hasVector)
        // By bytes: a `String` equals what only looks the same.
        var numbers: [[UInt8]: Int32] = [:], lemmas: [[UInt8]: [Int32]] = [:], left: [[UInt8]: (name: String, annotations: Int)] = [:]
        func number(_ word: String) -> Int32 {
            numbers[Array(word.utf8)] ?? {
                concepts.append(word)
                numbers[Array(word.utf8)] = Int32(concepts.count - 1)
                return Int32(concepts.count - 1)
            }()
        }
        try stream.forEach { key, value, _ in
            guard key.isEmpty else { throw JSONProblem("expected a list of images, found an object with \"\(key)\"") }
            let id = Int64(try value.member("image_id").integer("image_id")), first = boxes.count
            try Self.forEachObject(value.member("objects"), ofImage: id) { object in
                var ofObject: [Int32] = []
                try object.member("synsets").forEach("synsets") { synset in
                    let lemma = conceptOfSynset(try synset.string("synsets"), rules: rules), key = Array(lemma.utf8)
                    let found = lemmas[key] ?? words.concepts(of: lemma, exact: lemma.isEmpty ? [] : [lemma]).map(number)
                    lemmas[key] = found
                    if found.isEmpty { left[key, default: (lemma, 0)].annotations += 1 }
                    for number in found where isInstance(of: number, besides: ofObject, rules: rules) {
                        ofObject.append(number)
                    }
                }
                if ofObject.isEmpty { return }
                let x = try Self.pixels(object, "x"), y = try Self.pixels(object, "y")
                let width = try Self.pixels(object, "w"), height = try Self.pixels(object, "h")
                for concept in ofObject { boxes.append(Box(concept: concept, x: x, y: y, width: width, height: height)) }
            }
            images.append(Image(id: id, boxes: first..<boxes.count))
        }
        unmatched = left.values.map { words.unmatched($0.name, annotations: $0.annotations) }.inOrder()
        images.sort { $0.id < $1.id }
        for (previous, next) in zip(images, images.dropFirst()) where previous.id == next.id {
            throw DatasetError.inconsistent(file: path, reason: "image \(next.id) is listed twice")
        }
    }

    /// Calls `body` with every object of an image; what it throws gets the image and the object's place in the list.
    private static func forEachObject(_ objects: JSONValue, ofImage id: Int64, _ body: (JSONValue) throws -> Void) throws {
        var number = 0
        do {
            try objects.forEach("objects") {
                number += 1
                try body($0)
            }
        } catch let problem as JSONProblem {
            throw JSONProblem("image \(id)\(number == 0 ? "" : ", object \(number)"): \(problem.reason)")
        }
    }

    /// A coordinate; no image is larger than the bound.
    private static func pixels(_ object: JSONValue, _ key: StaticString) throws -> Int32 {
        Int32(max(-(1 << 28), min(1 << 28, try object.member(key).integer(key))))
    }
}

/// The concept of a synset's name: its lemma, the text before the first "." (METHOD 2).
func conceptOfSynset(_ synset: String, rules: DatasetRules) -> String {
    let lemma = String(synset.prefix { $0 != "." })
    return rules.firstWordOfSynset ? firstWordOfSynset(lemma) : lemma
}
