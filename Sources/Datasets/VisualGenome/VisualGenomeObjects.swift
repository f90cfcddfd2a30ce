/// What `objects.json` says: the boxes of the concepts that have a word vector, 24 bytes each, whatever the file's
/// size.
struct VisualGenomeObjects {
    struct Box {
        let concept: Int32
        /// `object_id`, for messages; 0 where it has none.
        let object: Int32
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

    /// Objects and images that cannot be used, and objects without a synset.
    private(set) var notes = AnnotationNotes()
    /// Lemmas of synsets without a concept, with the number of objects.
    private(set) var unmatched: [UnmatchedName] = []
    /// Lemmas of which some words have no vector, with the number of objects.
    private(set) var partlyMatched: [UnmatchedName] = []
    // By bytes: a `String` equals what only looks the same.
    private var numbers: [Word: Int32] = [:], lemmas: [Word: (concepts: [Int32], isPartial: Bool)] = [:]
    private var left: [Word: Int] = [:], partial: [Word: Int] = [:]

    /// - Throws: `DatasetError` for a file that cannot be read, is not Visual Genome's JSON, or (by `rules`) has
    ///   an object that cannot be used or an image a second time, of which the first counts.
    init(_ path: String, hasVector: @escaping (String) -> Bool, rules: DatasetRules) throws {
        self.path = path
        var notes = AnnotationNotes()
        var stream = try JSONElementStream(path), known: Set<Int64> = []
        let words = ConceptWords(matching: rules.words, names: rules.names, hasVector: hasVector)
        try stream.forEach(refused: { key, number, problem in
            guard key.isEmpty else { throw problem }
            try rules.refuse("image number \(number): \(problem.reason)", in: path, &notes)
        }) { key, _, value, _ in
            guard key.isEmpty else { throw JSONProblem("expected a list of images, found an object with \"\(key)\"") }
            let id = try Self.id(ofImage: value), first = boxes.count
            guard known.insert(id).inserted else {
                throw JSONProblem("image \(id) is listed a second time; the first counts")
            }
            var number = 0
            do {
                try value.member("objects").forEach("objects") { object in
                    number += 1
                    do { try add(object, words, rules, &notes) } catch let problem as JSONProblem {
                        let name =
                            (try? object.identifier("object_id")).map { "object \($0)" } ?? "object number \(number)"
                        try rules.refuse("\(name) of image \(id): \(problem.reason)", in: path, &notes)
                    }
                }
            } catch let problem as JSONProblem {
                try rules.refuse("image \(id): \(problem.reason)", in: path, &notes)
            }
            images.append(Image(id: id, boxes: first..<boxes.count))
        }
        unmatched = left.map { words.unmatched($0.text, annotations: $1) }.inOrder()
        partlyMatched = partial.compactMap { words.partly($0.text, exact: [$0.text], annotations: $1) }.inOrder()
        images.sort { $0.id < $1.id }
        self.notes = notes
    }

    /// - Throws: `JSONProblem`.
    static func id(ofImage value: JSONValue) throws -> Int64 {
        Int64(try value.identifier(value.optional("image_id") == nil ? "id" : "image_id"))
    }

    /// The boxes of an object: one for each of its concepts.
    private mutating func add(
        _ object: JSONValue, _ words: ConceptWords, _ rules: DatasetRules, _ notes: inout AnnotationNotes
    ) throws {
        var ofObject: [Int32] = [], hasSynset = false
        if let synsets = object.optional("synsets"), !synsets.isNull {
            try synsets.forEach("synsets") { synset in
                let lemma = conceptOfSynset(try synset.string("synsets"), rules: rules), key = Word(lemma)
                guard !lemma.isEmpty else { return }
                hasSynset = true
                let exact = [lemma]
                let found =
                    lemmas[key] ?? (
                        words.concepts(of: lemma, exact: exact).map { number($0) },
                        words.partly(lemma, exact: exact, annotations: 0) != nil
                    )
                lemmas[key] = found
                if found.concepts.isEmpty { left[key, default: 0] += 1 }
                if found.isPartial { partial[key, default: 0] += 1 }
                for number in found.concepts where isInstance(of: number, besides: ofObject, rules: rules) {
                    ofObject.append(number)
                }
            }
        }
        if !hasSynset { notes.withoutSynset += 1 }
        if ofObject.isEmpty { return }
        let (x, width) = try Self.side(object, "x", "w"), (y, height) = try Self.side(object, "y", "h")
        guard width > 0, height > 0 else {
            let size = try (object.member("w").number("w"), object.member("h").number("h"))
            throw JSONProblem(
                "a box of \(size.0)×\(size.1) pixels" + (size.0 > 0 && size.1 > 0 ? ", which covers none" : ""))
        }
        let id = (try? object.identifier("object_id")).flatMap(Int32.init(exactly:)) ?? 0
        for concept in ofObject {
            boxes.append(Box(concept: concept, object: id, x: x, y: y, width: width, height: height))
        }
    }

    private mutating func number(_ word: String) -> Int32 {
        let key = Word(word)
        if let known = numbers[key] { return known }
        concepts.append(word)
        numbers[key] = Int32(concepts.count - 1)
        return Int32(concepts.count - 1)
    }

    /// First pixel and number of pixels of a box's side: those whose centre lies in it. No image is larger than the
    /// bound.
    private static func side(_ object: JSONValue, _ start: StaticString, _ length: StaticString) throws -> (
        Int32, Int32
    ) {
        func pixel(_ value: Double) -> Int32 { Int32(max(-0x1p28, min(0x1p28, (value - 0.5).rounded(.up)))) }
        let from = try object.member(start).number(start), first = pixel(from)
        return (first, pixel(from + (try object.member(length).number(length))) - first)
    }
}

/// The concept of a synset's name: its lemma, the text before the first "." (METHOD 2).
func conceptOfSynset(_ synset: String, rules: DatasetRules) -> String {
    let lemma = String(synset.prefix { $0 != "." })
    return rules.firstWordOfSynset ? firstWordOfSynset(lemma) : lemma
}
