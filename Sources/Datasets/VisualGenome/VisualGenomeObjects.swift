/// What `objects.json` says (METHOD 2), read as a stream: of the file's 400 MB some 60 MB are kept.
struct VisualGenomeObjects {
    struct Image {
        let id: Int64
        /// Its rows of `instances`.
        let instances: Range<Int>
    }

    /// One synset of one object whose concept has a vector.
    struct Instance {
        /// Index into `words`.
        let word: Int32
        let box: Box
    }

    /// By id; all images of the file.
    private(set) var images: [Image] = []
    /// In the file's order.
    private(set) var instances: [Instance] = []
    /// The concepts that have vectors, in the order of their first instance.
    private(set) var words: [String] = []
    private var wordNumbers: [String: Int32] = [:]
    /// Of a concept without a vector.
    private static let dropped: Int32 = -1

    /// - Throws: `DatasetError` for a file that cannot be read or is not Visual Genome's JSON, with the byte of the image.
    init(_ path: String, hasVector: (String) -> Bool, rules: DatasetRules) throws {
        var stream = try JSONElementStream(path)
        try stream.forEach { key, image, _ in
            guard key.isEmpty else { throw JSONProblem("expected a list of images, found an object with \"\(key)\"") }
            try add(image, hasVector, rules)
        }
        wordNumbers = [:]
        images.sort { $0.id < $1.id }
        for (previous, next) in zip(images, images.dropFirst()) where previous.id == next.id {
            throw DatasetError.inconsistent(file: path, reason: "image \(next.id) is listed twice")
        }
    }

    private mutating func add(_ image: JSONValue, _ hasVector: (String) -> Bool, _ rules: DatasetRules) throws {
        let id = Int64(try image.member("image_id").integer("image_id")), first = instances.count
        var position = 0
        do {
            try image.member("objects").forEach("objects") { object in
                let box = try Box(object)
                try object.member("synsets").forEach("synsets") { synset in
                    let word = try synset.withString("synsets") { number(ofSynset: $0, hasVector, rules) }
                    if word != Self.dropped { instances.append(Instance(word: word, box: box)) }
                }
                position += 1
            }
        } catch let problem as JSONProblem {
            throw JSONProblem("image \(id), object \(position) of its list: \(problem.reason)")
        }
        images.append(Image(id: id, instances: first..<instances.count))
    }

    /// The word of a synset: of `street_sign.n.01` its lemma, `street_sign`.
    private mutating func number(ofSynset synset: UnsafeRawBufferPointer, _ hasVector: (String) -> Bool, _ rules: DatasetRules) -> Int32 {
        var lemma = synset.prefix { $0 != UInt8(ascii: ".") }
        if rules.firstWordOfSynset { lemma = firstWordOfSynset(lemma) }
        let word = String(decoding: UnsafeRawBufferPointer(rebasing: lemma), as: UTF8.self)
        if let known = wordNumbers[word] { return known }
        let number = hasVector(word) ? Int32(words.count) : Self.dropped
        if number != Self.dropped { words.append(word) }
        wordNumbers[word] = number
        return number
    }
}
