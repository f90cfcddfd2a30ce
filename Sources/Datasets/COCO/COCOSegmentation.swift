import CJSON
import Imaging

/// The mask of an annotation as pycocotools' `annToMask`, seen through a sampling of the image.
/// - Throws: `JSONProblem`.
func segmentation(of annotation: JSONValue, image: COCOAnnotations.Image, sampling: NearestSampling) throws -> Bitmap {
    let value = try annotation.member("segmentation")
    if value.isArray {
        var mask = Bitmap(width: sampling.columns.count, height: sampling.rows.count)
        for outline in try outlines(value, image: image) { mask.formUnion(outline.sampled(sampling)) }
        return mask
    }
    return try runs(value, image: image).sampled(sampling)
}

private func outlines(_ value: JSONValue, image: COCOAnnotations.Image) throws -> [RunLengthMask] {
    var polygons: [[Double]] = []
    try value.forEach("segmentation") { polygon in
        var numbers: [Double] = []
        try polygon.forEach("segmentation") { numbers.append(try $0.number("segmentation")) }
        polygons.append(numbers)
    }
    guard let first = polygons.first else { throw JSONProblem("\"segmentation\" without a polygon") }
    // So does pycocotools, which decides by the first polygon.
    guard first.count > 4 else { throw JSONProblem("\"segmentation\" begins with a polygon of \(first.count) numbers (at least 6 make one)") }
    return try polygons.map { try RunLengthMask(polygon: $0, width: image.width, height: image.height) }
}

private func runs(_ value: JSONValue, image: COCOAnnotations.Image) throws -> RunLengthMask {
    let counts = try value.member("counts")
    var size: [Int] = []
    try value.member("size").forEach("size") { size.append(try $0.integer("size")) }
    guard size == [image.height, image.width] else {
        throw JSONProblem("RLE of size \(size) in an image of height \(image.height) and width \(image.width)")
    }
    if counts.isString {
        return try counts.withString("counts") { try RunLengthMask(compressed: $0, width: image.width, height: image.height) }
    }
    var lengths: [Int] = []
    try counts.forEach("counts") { lengths.append(try $0.integer("counts")) }
    return try RunLengthMask(counts: lengths, width: image.width, height: image.height)
}
