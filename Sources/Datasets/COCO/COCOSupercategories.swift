/// The supercategory that an annotation file in COCO's format gives each word of its categories' names: `dog` →
/// `animal`.
///
/// A word of several names has that of the category named by it alone, or else of the lowest id.
/// - Throws: `DatasetError` for a file that cannot be read or is not COCO's JSON.
public func supercategories(ofAnnotations path: String) throws -> [String: String] {
    var categories: [(id: Int, name: String, group: String)] = []
    var stream = try JSONElementStream(path)
    try stream.forEach(wanted: { $0 == "categories" }, refused: { _, _, problem in throw problem }) { _, _, value, _ in
        guard let group = try value.optional("supercategory")?.string("supercategory"), !group.isEmpty else { return }
        categories.append((try value.identifier("id"), try value.member("name").string("name"), group))
    }
    var groups: [String: String] = [:]
    for category in categories.sorted(by: { $0.id > $1.id }) {
        for word in category.name.split(separator: " ") { groups[String(word)] = category.group }
    }
    for category in categories { groups[category.name] = category.group }
    return groups
}
