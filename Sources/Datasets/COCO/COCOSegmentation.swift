import CJSON
import Imaging

/// The mask of an annotation, seen through a sampling of the image: its outline as pycocotools rasterises it, or,
/// without one, its box.
/// - Throws: `JSONProblem` when it has neither, or no pixel of the image is in it.
func segmentation(
    of annotation: JSONValue, size: COCOAnnotations.Size, sampling: NearestSampling, notes: inout AnnotationNotes
) throws -> Bitmap {
    if let value = annotation.optional("segmentation"), try !value.isEmpty {
        if value.isObject { return try mask(of: [runs(value, size: size)], "an outline", size, sampling) }
        let (polygons, skipped) = try polygons(value)
        if !polygons.isEmpty {
            let parts = try polygons.map { try RunLengthMask(polygon: $0, width: size.width, height: size.height) }
            let mask = try mask(of: parts, noun("an outline", polygons.joined()), size, sampling)
            notes.skippedParts += skipped
            return mask
        }
    }
    let corners = try box(of: annotation)
    let box = try RunLengthMask(polygon: corners, width: size.width, height: size.height)
    let mask = try mask(of: [box], noun("a box", corners), size, sampling)
    notes.boxes += 1
    return mask
}

/// What an error calls an outline or a box. Some exports give fractions of the image's sides.
private func noun(_ noun: String, _ numbers: some Sequence<Double>) -> String {
    numbers.allSatisfy { 0...1 ~= $0 } ? "\(noun) with numbers from 0 to 1, where pixels are expected," : noun
}

/// - Parameter noun: what the parts make up, for the error.
private func mask(
    of parts: [RunLengthMask], _ noun: String, _ size: COCOAnnotations.Size, _ sampling: NearestSampling
) throws -> Bitmap {
    guard parts.contains(where: { !$0.isEmpty }) else {
        throw JSONProblem("\(noun) that covers none of the image's \(size.width)×\(size.height) pixels")
    }
    var mask = Bitmap(width: sampling.columns.count, height: sampling.rows.count)
    for part in parts { mask.formUnion(part.sampled(sampling)) }
    return mask
}

/// The parts of an outline that are polygons (three points or more), and how many are not.
private func polygons(_ value: JSONValue) throws -> (polygons: [[Double]], skipped: Int) {
    var parts: [[Double]] = [], alone: [Double] = []
    try value.forEach("segmentation") { part in
        // Some exports write one polygon's numbers without a list around them.
        guard part.isArray || part.isNull else { return alone.append(try part.number("segmentation")) }
        parts.append(part.isNull ? [] : try numbers(part))
    }
    // Others a list of points, [x, y] each.
    if parts.count >= 3, parts.allSatisfy({ $0.count == 2 }) { return ([Array(parts.joined())], 0) }
    let polygons = parts.filter { $0.count >= 6 }
    return (alone.count >= 6 ? polygons + [alone] : polygons, parts.count - polygons.count)
}

/// The numbers of a part of an outline, of points in lists of their own too.
private func numbers(_ part: JSONValue) throws -> [Double] {
    var numbers: [Double] = []
    try part.forEach("segmentation") { item in
        guard item.isArray else { return numbers.append(try item.number("segmentation")) }
        let before = numbers.count
        try item.forEach("segmentation") { numbers.append(try $0.number("segmentation")) }
        guard numbers.count == before + 2 else { throw JSONProblem("\"segmentation\": expected points of two numbers") }
    }
    return numbers
}

/// The corners of an annotation's box, in the order in which pycocotools draws them.
private func box(of annotation: JSONValue) throws -> [Double] {
    var sides: [Double] = []
    if let value = annotation.optional("bbox"), value.isArray {
        try value.forEach("bbox") { sides.append(try $0.number("bbox")) }
    }
    guard sides.count == 4 else {
        throw JSONProblem("neither an outline (\"segmentation\") nor a box (\"bbox\") of four numbers")
    }
    let (x, y, width, height) = (sides[0], sides[1], sides[2], sides[3])
    guard width > 0, height > 0 else { throw JSONProblem("no outline, and a box of \(width)×\(height) pixels") }
    return [x, y, x, y + height, x + width, y + height, x + width, y]
}

private func runs(_ value: JSONValue, size: COCOAnnotations.Size) throws -> RunLengthMask {
    let counts = try value.member("counts")
    var sides: [Int] = []
    try value.member("size").forEach("size") { sides.append(try $0.integer("size")) }
    guard sides == [size.height, size.width] else {
        throw JSONProblem("RLE of size \(sides) in an image of height \(size.height) and width \(size.width)")
    }
    if counts.isString {
        return try counts.withString("counts") {
            try RunLengthMask(compressed: $0, width: size.width, height: size.height)
        }
    }
    var lengths: [Int] = []
    try counts.forEach("counts") { lengths.append(try $0.integer("counts")) }
    return try RunLengthMask(counts: lengths, width: size.width, height: size.height)
}
