/// What `instances_*.json` says of its images, and where in the file each annotation stands: outlines stay on disk
/// until they are needed (of train2017's 470 MB some 40 MB are held).
struct COCOAnnotations {
    struct Image {
        let id: Int64
        let file: String
        let width: Int, height: Int
    }

    struct Annotation {
        let id: Int64
        let image: Int64
        let category: Int
        let place: JSONPlace
    }

    let path: String
    /// By id.
    private(set) var images: [Image] = []
    /// Names by category id.
    private(set) var categories: [Int: String] = [:]
    /// By image id, then id, then place in the file.
    private(set) var annotations: [Annotation] = []

    /// - Throws: `DatasetError` for a file that cannot be read, is not COCO's JSON or contradicts itself.
    init(_ path: String) throws {
        self.path = path
        var stream = try JSONElementStream(path)
        try stream.forEach(wanted: { ["images", "annotations", "categories"].contains($0) }) { key, value, place in
            switch key {
            case "images": images.append(try Self.image(value))
            case "annotations":
                annotations.append(Annotation(id: Int64(try value.member("id").integer("id")),
                                              image: Int64(try value.member("image_id").integer("image_id")),
                                              category: try value.member("category_id").integer("category_id"), place: place))
            default:
                let id = try value.member("id").integer("id")
                guard categories.updateValue(try value.member("name").string("name"), forKey: id) == nil else {
                    throw JSONProblem("category \(id) a second time")
                }
            }
        }
        images.sort { $0.id < $1.id }
        annotations.sort { ($0.image, $0.id, $0.place.offset) < ($1.image, $1.id, $1.place.offset) }
        try check()
    }

    private static func image(_ value: JSONValue) throws -> Image {
        let image = Image(id: Int64(try value.member("id").integer("id")), file: try value.member("file_name").string("file_name"),
                          width: try value.member("width").integer("width"), height: try value.member("height").integer("height"))
        guard image.width > 0, image.height > 0 else { throw JSONProblem("image \(image.id) of \(image.width)×\(image.height) pixels") }
        guard !image.file.hasPrefix("/"), !image.file.split(separator: "/").contains("..") else {
            throw JSONProblem("image \(image.id): \"file_name\" leads out of the image folder: \(image.file)")
        }
        return image
    }

    private func check() throws {
        for (previous, next) in zip(images, images.dropFirst()) where previous.id == next.id {
            throw DatasetError.inconsistent(file: path, reason: "image \(next.id) is listed twice")
        }
        var row = 0
        for annotation in annotations {
            while row < images.count && images[row].id < annotation.image { row += 1 }
            guard row < images.count, images[row].id == annotation.image else {
                throw DatasetError.inconsistent(file: path, reason: "annotation \(annotation.id) is of image \(annotation.image), which \"images\" lacks")
            }
            guard categories[annotation.category] != nil else {
                throw DatasetError.inconsistent(file: path, reason: "annotation \(annotation.id) is of category \(annotation.category), which \"categories\" lacks")
            }
        }
    }
}
