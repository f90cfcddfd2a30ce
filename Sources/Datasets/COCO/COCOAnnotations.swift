/// What `instances_*.json` says of its images, and where in the file each annotation stands: outlines stay on disk
/// until they are needed (of train2017's 470 MB some 40 MB are held).
struct COCOAnnotations {
    struct Image {
        let id: Int64
        /// Below the image folder, or a longer path whose end lies there (see `COCOFileName`).
        let file: String
        /// nil where the file does not say.
        let size: Size?
    }

    struct Size: Equatable { let width: Int, height: Int }

    struct Annotation {
        let id: Int64
        let image: Int64
        let category: Int
        let place: JSONPlace
    }

    private static let lists = ["images", "annotations", "categories"]

    let path: String
    /// By id.
    private(set) var images: [Image] = []
    /// Names by category id; "" of one that has none.
    private(set) var categories: [Int: String] = [:]
    /// Those of images and categories that the file has; by image id, then id, then place in the file.
    private(set) var annotations: [Annotation] = []
    /// Annotations and images that cannot be used.
    private(set) var notes = AnnotationNotes()

    /// Of an image or a category that is listed again the first counts.
    /// - Throws: `DatasetError` for a file that cannot be read, is not COCO's JSON, or (by `rules`) has an annotation,
    ///   image or category that cannot be used.
    init(_ path: String, rules: DatasetRules) throws {
        self.path = path
        var notes = AnnotationNotes()
        var stream = try JSONElementStream(path), known: Set<Int64> = [], missing = Self.lists
        try stream.forEach(
            wanted: { key in
                missing.removeAll { $0 == key }
                return Self.lists.contains(key)
            },
            refused: { key, number, problem in
                guard Self.lists.contains(key) else { throw problem }
                let noun = key == "categories" ? "category" : String(key.dropLast())
                try rules.refuse("\(noun) number \(number): \(problem.reason)", in: path, &notes)
            }
        ) { key, number, value, place in
            switch key {
            case "images":
                let image = try Self.image(value)
                guard known.insert(image.id).inserted else {
                    throw JSONProblem("image \(image.id) is listed a second time; the first counts")
                }
                images.append(image)
            case "annotations":
                // Some exports give annotations no id, which has no use but in messages: their place in the list stands
                // for it.
                let id = Int64(value.optional("id") == nil ? number : try value.identifier("id"))
                do {
                    annotations.append(
                        Annotation(
                            id: id, image: Int64(try value.identifier("image_id")),
                            category: try value.identifier("category_id"), place: place))
                } catch let problem as JSONProblem {
                    try rules.refuse("annotation \(id): \(problem.reason)", in: path, &notes)
                }
            default:
                guard key == "categories" else { throw JSONProblem("expected an object, found a list") }
                let id = try value.identifier("id")
                guard categories[id] == nil else {
                    throw JSONProblem("category \(id) is listed a second time; the first counts")
                }
                categories[id] = try value.optional("name").flatMap { try $0.isNull ? nil : $0.string("name") } ?? ""
            }
        }
        guard missing.isEmpty else {
            let names = missing.map { "\"\($0)\"" }.joined(separator: ", ")
            throw DatasetError.empty(file: path, reason: "no list \(names): not annotations in COCO's format")
        }
        images.sort { $0.id < $1.id }
        annotations.sort { ($0.image, $0.id, $0.place.offset) < ($1.image, $1.id, $1.place.offset) }
        try dropStrays(rules, &notes)
        self.notes = notes
    }

    /// The rows of the images that have annotations, each with its annotations' range.
    var annotatedImages: [(row: Int, annotations: Range<Int>)] {
        var found: [(row: Int, annotations: Range<Int>)] = [], next = 0
        for row in images.indices {
            let first = next
            while next < annotations.count && annotations[next].image == images[row].id { next += 1 }
            if first < next { found.append((row, first..<next)) }
        }
        return found
    }

    private static func image(_ value: JSONValue) throws -> Image {
        let id = Int64(try value.identifier("id"))
        do {
            let file = try COCOFileName(value).path
            let sides = try (["width", "height"] as [StaticString]).map { side in
                try value.optional(side).flatMap { try $0.isNull ? nil : $0.integer(side) }
            }
            // 0 is what some exports write that did not look.
            guard let width = sides[0], let height = sides[1], width != 0, height != 0 else {
                return Image(id: id, file: file, size: nil)
            }
            guard width > 0, height > 0 else { throw JSONProblem("\(width)×\(height) pixels") }
            return Image(id: id, file: file, size: Size(width: width, height: height))
        } catch let problem as JSONProblem {
            throw JSONProblem("image \(id): \(problem.reason)")
        }
    }

    /// Drops the annotations of images or categories that the file lacks.
    private mutating func dropStrays(_ rules: DatasetRules, _ notes: inout AnnotationNotes) throws {
        var row = 0, kept: [Annotation] = []
        kept.reserveCapacity(annotations.count)
        for annotation in annotations {
            while row < images.count && images[row].id < annotation.image { row += 1 }
            if row == images.count || images[row].id != annotation.image {
                try rules.refuse(
                    "annotation \(annotation.id) is of image \(annotation.image), which \"images\" lacks", in: path,
                    &notes)
            } else if categories[annotation.category] == nil {
                let text =
                    "annotation \(annotation.id) is of category \(annotation.category), which \"categories\" lacks"
                try rules.refuse(text, in: path, &notes)
            } else {
                kept.append(annotation)
            }
        }
        annotations = kept
    }
}
