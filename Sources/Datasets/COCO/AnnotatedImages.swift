/// How many images an annotation file in COCO's format has annotations of.
/// - Throws: `DatasetError` for a file that cannot be read or is no JSON.
public func annotatedImageCount(_ path: String) throws -> Int {
    var stream = try JSONElementStream(path), images: Set<Int> = []
    try stream.forEach(wanted: { $0 == "annotations" }, refused: { _, _, _ in }) { _, _, value, _ in
        images.insert(try value.identifier("image_id"))
    }
    return images.count
}
