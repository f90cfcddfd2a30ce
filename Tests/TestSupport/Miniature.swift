import Files
import Fingerprints
import Foundation
import Imaging
import Transfer

/// Small versions of the real downloads, in the official layout: the same zip names and inner paths, and the real
/// manifest with the sizes and hashes of the small files wherever it has some.
public enum Miniature {
    /// COCO 2017 as `train2017.zip`, `val2017.zip` and `annotations_trainval2017.zip`, written to `output`.
    /// - Parameters:
    ///   - source: a folder with `train2017`, `val2017` and `annotations/instances_{train,val}2017.json`.
    ///   - real: the manifest of the real files.
    ///   - base: where the small ones will be found: a URL of a folder.
    /// - Throws: where the source lacks a file or the output cannot be written.
    public static func coco(from source: String, to output: String, like real: Manifest, base: String) throws
        -> Manifest
    {
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        let sets = ["train2017", "val2017"]
        for set in sets {
            let zip = try ZipWriter("\(output)/\(set).zip")
            try zip.addFolder(set)
            let files = try names(in: "\(source)/\(set)")
            for file in files {
                let path = "\(source)/\(set)/\(file)"
                // As 000000320612.jpg in the real archive, one image is a PNG whatever its name says.
                if file == files.last, set == "train2017", let image = try? decodeImage(path) {
                    try zip.add("\(set)/\(file)", try encodePNG(image), stored: true)
                } else {
                    try zip.add("\(set)/\(file)", file: path, stored: true)
                }
            }
            // In no annotation file; and in it, but with nothing annotated.
            try zip.add("\(set)/999999999999.jpg", Array("listed nowhere".utf8), stored: true)
            if let first = files.first {
                try zip.add("\(set)/\(unannotated.file)", file: "\(source)/\(set)/\(first)", stored: true)
            }
            try zip.close()
        }
        let zip = try ZipWriter("\(output)/annotations_trainval2017.zip")
        for name in sets.map({ "annotations/instances_\($0).json" }) {
            try zip.add(name, Array(quirks(of: try json("\(source)/\(name)")).json(pretty: false).utf8))
        }
        // The real one holds these as well.
        for name in sets.flatMap({ ["annotations/captions_\($0).json", "annotations/person_keypoints_\($0).json"] }) {
            try zip.add(name, Array("{}".utf8))
        }
        try zip.close()
        return try manifest(like: real, in: output, base: base)
    }

    /// The image that has an entry and no annotation, as a hundredth of the real ones; and the annotation that is a crowd.
    public static let unannotated = (id: 900_000_048, file: "900000000048.jpg"), crowd = 900_100_000_001

    /// The annotation file of COCO's with what the real one has beside ordinary objects.
    private static func quirks(of dataset: Value) -> Value {
        guard case .object(var members) = dataset, let images = dataset["images"]?.arrayValue,
            let annotations = dataset["annotations"]?.arrayValue,
            let image = images.min(by: { $0["id"]?.intValue ?? 0 < $1["id"]?.intValue ?? 0 }),
            let width = image["width"]?.intValue, let height = image["height"]?.intValue, let id = image["id"],
            let category = annotations.first(where: { $0["image_id"] == id })?["category_id"]
        else { return dataset }
        let empty: Value = [
            "id": .int(unannotated.id), "file_name": .string(unannotated.file), "width": .int(width),
            "height": .int(height),
        ]
        // The left half, column by column.
        let half = width / 2 * height
        let group: Value = [
            "id": .int(crowd), "image_id": id, "category_id": category, "iscrowd": 1, "area": .int(half),
            "bbox": [0, 0, .int(width / 2), .int(height)],
            "segmentation": [
                "counts": [0, .int(half), .int(width * height - half)], "size": [.int(height), .int(width)],
            ],
        ]
        members["images"] = .array(images + [empty])
        members["annotations"] = .array(annotations + [group])
        return .object(members)
    }

    private static func json(_ path: String) throws -> Value {
        try Value(json: [UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
    }

    /// Visual Genome as `images.zip`, `images2.zip` and `objects.json.zip`, written to `output`: every COCO instance of
    /// `source` becomes an object with its box and its category's name as synset. Parameters as above.
    /// - Throws: where the source lacks a file or the output cannot be written.
    public static func visualGenome(from source: String, to output: String, like real: Manifest, base: String) throws
        -> Manifest
    {
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        var entries: [Value] = []
        let halves = [("train2017", "images.zip", "VG_100K"), ("val2017", "images2.zip", "VG_100K_2")]
        for (set, zipName, folder) in halves {
            let dataset = try json("\(source)/annotations/instances_\(set).json")
            let zip = try ZipWriter("\(output)/\(zipName)")
            try zip.addFolder(folder)
            for image in try images(of: dataset) {
                try zip.add("\(folder)/\(image.id).jpg", file: "\(source)/\(set)/\(image.file)", stored: true)
                entries.append(["image_id": .int(image.id), "objects": .array(image.objects)])
            }
            if folder == "VG_100K", let first = try images(of: dataset).first {
                entries += try addQuirks(to: zip, like: first.objects, file: "\(source)/\(set)/\(first.file)")
            }
            try zip.close()
        }
        let zip = try ZipWriter("\(output)/objects.json.zip")
        try zip.add("objects.json", Array(Value.array(entries).json(pretty: false).utf8))
        try zip.close()
        return try manifest(like: real, in: output, base: base)
    }

    /// Images that do not decode and that are empty in the real archive, under its ids and 90,000,000, and below them
    /// the file's other oddities.
    private static func addQuirks(to zip: ZipWriter, like objects: [Value], file: String) throws -> [Value] {
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
        for (id, bytes) in [
            (90_001_592, Array(whole.prefix(whole.count / 2))), (90_004_616, []), (90_000_001, whole),
            (90_000_002, whole), (90_000_003, whole),
        ] {
            try zip.add("VG_100K/\(id).jpg", bytes, stored: true)
        }
        func object(_ id: Int, _ x: Value, synsets: [Value]?) -> Value {
            var members: [String: Value] = [
                "object_id": .int(id), "x": x, "y": -3, "w": 12, "h": 14, "merged_object_ids": [], "names": ["thing"],
            ]
            members["synsets"] = synsets.map { .array($0) }
            return .object(members)
        }
        let odd = [
            object(1, 3, synsets: []), object(2, 100_000, synsets: ["person.n.01"]), object(4, 3, synsets: nil),
            object(3, -6, synsets: ["street_sign.n.01", "person.n.01"]), object(5, 1.5, synsets: ["person.n.01"]),
        ]
        // 90,000,002 has no objects, 90,000,003 no entry.
        return [
            ["image_id": 90_001_592, "objects": .array(objects)], ["image_id": 90_004_616, "objects": .array(objects)],
            ["image_id": 90_000_001, "objects": .array(objects + odd)], ["image_id": 90_000_002, "objects": []],
        ]
    }

    /// GloVe 6B as `glove.6B.zip` with the vectors of the text file `source` as its 300-dimensional ones. Parameters as
    /// above.
    /// - Throws: where the source lacks a file or the output cannot be written.
    public static func glove(from source: String, to output: String, like real: Manifest, base: String) throws
        -> Manifest
    {
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        let zip = try ZipWriter("\(output)/glove.6B.zip")
        for width in [50, 100, 200] { try zip.add("glove.6B.\(width)d.txt", Array("the 0.5\n".utf8)) }
        try zip.add("glove.6B.300d.txt", file: source, stored: true)
        try zip.close()
        return try manifest(like: real, in: output, base: base)
    }

    /// An untrained ResNet-18 of the real size under the real one's name. Parameters as above.
    /// - Throws: where the output cannot be written.
    public static func resNet18(to output: String, like real: Manifest, base: String) throws -> Manifest {
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        for file in real.files { try TorchFile.resNet18(seed: 18).write(to: "\(output)/\(file.name)") }
        return try manifest(like: real, in: output, base: base)
    }

    /// The first `images` annotated images of each split of a COCO-style folder, as another such folder.
    /// - Throws: where the source lacks a file or the output cannot be written.
    public static func subset(of source: String, to output: String, images count: Int) throws {
        let files = FileManager.default
        try files.createDirectory(atPath: "\(output)/annotations", withIntermediateDirectories: true)
        for set in ["train2017", "val2017"] {
            let name = "annotations/instances_\(set).json"
            let dataset = try json("\(source)/\(name)")
            let annotations = dataset["annotations"]?.arrayValue ?? []
            let annotated = Set(annotations.compactMap { $0["image_id"]?.intValue })
            let images = (dataset["images"]?.arrayValue ?? []).filter {
                $0["id"]?.intValue.map(annotated.contains) ?? false
            }.prefix(count)
            let kept = Set(images.compactMap { $0["id"]?.intValue })
            try files.createDirectory(atPath: "\(output)/\(set)", withIntermediateDirectories: true)
            for file in images.compactMap({ $0["file_name"]?.stringValue }) {
                try files.copyItem(atPath: "\(source)/\(set)/\(file)", toPath: "\(output)/\(set)/\(file)")
            }
            let part: Value = [
                "images": .array(Array(images)), "categories": dataset["categories"] ?? [],
                "annotations": .array(annotations.filter { $0["image_id"]?.intValue.map(kept.contains) ?? false }),
            ]
            try Data(part.json(pretty: false).utf8).write(to: URL(fileURLWithPath: "\(output)/\(name)"))
        }
    }

    private static func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    private static func images(of dataset: Value) throws -> [(id: Int, file: String, objects: [Value])] {
        var synsets: [Int: String] = [:]
        for category in dataset["categories"]?.arrayValue ?? [] {
            guard let id = category["id"]?.intValue, let name = category["name"]?.stringValue else { continue }
            synsets[id] = name.replacingOccurrences(of: " ", with: "_") + ".n.01"
        }
        var objects: [Int: [Value]] = [:]
        for annotation in dataset["annotations"]?.arrayValue ?? [] {
            guard let image = annotation["image_id"]?.intValue, let id = annotation["id"]?.intValue,
                let box = annotation["bbox"]?.arrayValue,
                let synset = annotation["category_id"]?.intValue.flatMap({ synsets[$0] })
            else { continue }
            let sides = box.map { Value.int(Int(($0.doubleValue ?? 0).rounded())) }
            guard sides.count == 4 else { continue }
            objects[image, default: []].append([
                "object_id": .int(id), "x": sides[0], "y": sides[1], "w": sides[2], "h": sides[3],
                "merged_object_ids": [],
                "names": [.string(String(synset.dropLast(5)).replacingOccurrences(of: "_", with: " "))],
                "synsets": [.string(synset)],
            ])
        }
        return (dataset["images"]?.arrayValue ?? []).compactMap { image in
            guard let id = image["id"]?.intValue, let file = image["file_name"]?.stringValue else { return nil }
            return (id, file, objects[id] ?? [])
        }.sorted { $0.0 < $1.0 }
    }

    /// `real` with the sizes and hashes of the files in `folder`, where it has any, to be fetched from below `base`.
    /// - Throws: where the folder lacks a file.
    public static func manifest(like real: Manifest, in folder: String, base: String) throws -> Manifest {
        Manifest(
            name: real.name,
            files: try real.files.map { file in
                let path = "\(folder)/\(file.name)"
                let bytes = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
                return ManifestFile(
                    name: file.name, urls: ["\(base)/\(file.name)"], bytes: file.bytes == nil ? nil : bytes,
                    checksum: try file.checksum.map { _ in .sha256(try Digest(contentsOf: path)) },
                    license: file.license,
                    extract: try file.extract.map { try rule(like: $0, from: path) })
            }, keepArchives: real.keepArchives)
    }

    private static func rule(like real: Extraction, from archive: String) throws -> Extraction {
        guard case .member(let name) = real.selection, real.bytes != nil || real.sha256 != nil else { return real }
        let content = try ZipArchive(archive).read(name)
        return Extraction(
            real.selection, to: real.to, bytes: real.bytes == nil ? nil : content.count,
            sha256: real.sha256 == nil ? nil : Digest(hashing: content))
    }
}
