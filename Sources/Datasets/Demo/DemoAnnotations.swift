import Fingerprints

/// The COCO annotation file of one split: https://cocodataset.org/#format-data.
struct DemoAnnotations {
    private var images: [Value] = []
    private var annotations: [Value] = []

    mutating func append(_ scene: DemoScene, id: Int, file: String) {
        images.append([
            "id": .int(id), "file_name": .string(file), "width": .int(scene.width), "height": .int(scene.height),
            "license": 1,
        ])
        for index in scene.objects.indices { annotations.append(annotation(scene, index, image: id)) }
    }

    /// The whole file.
    var json: String {
        let categories = DemoKind.all.enumerated().map { index, kind -> Value in
            ["id": .int(index + 1), "name": .string(kind.name), "supercategory": "drawing"]
        }
        let file: Value = [
            "info": [
                "description": "Scenes drawn from a seed", "version": "1", "year": 2025,
                "contributor": "lavise-pipeline",
            ],
            "licenses": [["id": 1, "name": "CC0 1.0", "url": "https://creativecommons.org/publicdomain/zero/1.0/"]],
            "images": .array(images), "annotations": .array(annotations), "categories": .array(categories),
        ]
        return file.json(pretty: false) + "\n"
    }

    /// A group is a crowd with uncompressed run lengths; what is partly hidden has compressed ones; the rest are
    /// polygons.
    private func annotation(_ scene: DemoScene, _ index: Int, image: Int) -> Value {
        let object = scene.objects[index]
        let segmentation: Value, bounds: (low: Point, high: Point), area: Double
        if object.isGroup || object.visible < object.covered {
            let mask = RunLengths(scene, index)
            let size: Value = [.int(scene.height), .int(scene.width)]
            let counts: Value = object.isGroup ? .array(mask.counts.map { .int($0) }) : .string(mask.compressed)
            segmentation = ["size": size, "counts": counts]
            bounds = mask.bounds
            area = Double(object.visible)
        } else {
            let polygons = object.polygons.map { polygon in
                clipped(polygon, width: Double(scene.width), height: Double(scene.height)).map {
                    ($0 * 100).rounded(.toNearestOrEven) / 100
                }
            }
            segmentation = .array(polygons.map { .array($0.flatMap { [.double($0.x), .double($0.y)] }) })
            let corners = polygons.joined()
            bounds = corners.reduce((Point(repeating: .infinity), Point(repeating: -.infinity))) {
                (pointwiseMin($0.0, $1), pointwiseMax($0.1, $1))
            }
            area = polygons.reduce(0) { $0 + Datasets.area($1) }
        }
        func number(_ value: Double) -> Value { .double((value * 100).rounded() / 100) }
        return [
            "id": .int(image * 100 + index), "image_id": .int(image), "category_id": .int(object.kind + 1),
            "segmentation": segmentation, "area": number(area), "iscrowd": object.isGroup ? 1 : 0,
            "bbox": .array(
                [bounds.low.x, bounds.low.y, bounds.high.x - bounds.low.x, bounds.high.y - bounds.low.y].map(number)),
        ]
    }
}

/// The visible part of an object as COCO's run lengths: down the columns, background first.
struct RunLengths {
    private(set) var counts: [Int] = []
    /// The corner of the first and that after the last pixel.
    private(set) var bounds = (low: Point(repeating: .infinity), high: Point(repeating: -.infinity))

    init(_ scene: DemoScene, _ object: Int) {
        var inside = false, run = 0
        for x in 0..<scene.width {
            for y in 0..<scene.height {
                let shown = scene.shows(object, x: x, y: y)
                if shown {
                    let pixel = Point(Double(x), Double(y))
                    bounds = (pointwiseMin(bounds.low, pixel), pointwiseMax(bounds.high, pixel + 1))
                }
                if shown != inside {
                    counts.append(run)
                    (inside, run) = (shown, 0)
                }
                run += 1
            }
        }
        counts.append(run)
    }

    /// As `rleToString` of COCO's maskApi.c: from the third count on the difference to the one two before, five bits a
    /// character with a continuation bit, plus 48.
    var compressed: String {
        var text = ""
        for (index, count) in counts.enumerated() {
            var rest = index > 2 ? count - counts[index - 2] : count
            while true {
                let bits = rest & 31
                rest >>= 5
                let isLast = bits & 16 != 0 ? rest == -1 : rest == 0
                text.unicodeScalars.append(Unicode.Scalar(UInt8(bits + (isLast ? 0 : 32) + 48)))
                if isLast { break }
            }
        }
        return text
    }
}
