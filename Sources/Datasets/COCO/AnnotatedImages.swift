/// How many images an annotation file in COCO's format has annotations of.
/// - Throws: `DatasetError` for a file that cannot be read or is no JSON.
public func annotatedImageCount(_ path: String) throws -> Int {
    var stream = try JSONElementStream(path), images: Set<Int> = []
    try stream.forEach(wanted: { $0 == "annotations" }, refused: { _, _, _ in }) { _, _, value, _ in
        images.insert(try value.identifier("image_id"))
    }
    return images.count
}

/// The file names, without folders, of the images that an annotation file in COCO's format lists.
/// - Throws: `DatasetError` for a file that cannot be read or is no JSON.
public func imageNames(ofCOCO path: String) throws -> Set<String> {
    var stream = try JSONElementStream(path), names: Set<String> = []
    try stream.forEach(wanted: { $0 == "images" }, refused: { _, _, _ in }) { _, _, value, _ in
        names.formUnion(try COCOFileName(value).names)
    }
    return names
}
