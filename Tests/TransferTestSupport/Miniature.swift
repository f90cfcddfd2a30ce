import Fingerprints
import Foundation
import Transfer

/// Small versions of the real downloads, in the official layout: the same zip names and inner paths, with the images of a
/// COCO-style folder, and a manifest with the hashes of the small zips.
public enum Miniature {
    /// COCO 2017 as `train2017.zip`, `val2017.zip` and `annotations_trainval2017.zip`, written to `output`.
    /// - Parameters:
    ///   - source: a folder with `train2017`, `val2017` and `annotations/instances_{train,val}2017.json`.
    ///   - base: where the zips will be found: a URL of a folder.
    public static func coco(from source: String, to output: String, base: String) throws -> Manifest {
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        let sets = ["train2017", "val2017"]
        for set in sets {
            let zip = try ZipWriter("\(output)/\(set).zip")
            try zip.addFolder(set)
            for file in try names(in: "\(source)/\(set)") { try zip.add("\(set)/\(file)", file: "\(source)/\(set)/\(file)", stored: true) }
            try zip.close()
        }
        let annotations = sets.map { "annotations/instances_\($0).json" }
        let zip = try ZipWriter("\(output)/annotations_trainval2017.zip")
        for name in annotations { try zip.add(name, file: "\(source)/\(name)") }
        try zip.close()
        let members = try annotations.map { name in
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(source)/\(name)")))
            return Extraction(.member(name), to: name, bytes: bytes.count, sha256: Digest(hashing: bytes))
        }
        let files = [("annotations_trainval2017.zip", members), ("val2017.zip", [Extraction(.folder("val2017"), to: "val2017")])]
            + [("train2017.zip", [Extraction(.folder("train2017"), to: "train2017")])]
        return try manifest("coco2017", files, in: output, base: base, license: "CC BY 4.0")
    }

    /// Visual Genome as `images.zip`, `images2.zip` and `objects.json.zip`, written to `output`: every COCO instance of
    /// `source` becomes an object with its box and its category's name as synset.
    public static func visualGenome(from source: String, to output: String, base: String) throws -> Manifest {
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        var entries: [Value] = []
        let halves = [("train2017", "images.zip", "VG_100K_2"), ("val2017", "images2.zip", "VG_100K")]
        for (set, zipName, folder) in halves {
            let dataset = try Value(json: [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(source)/annotations/instances_\(set).json"))))
            let zip = try ZipWriter("\(output)/\(zipName)")
            try zip.addFolder(folder)
            for image in try images(of: dataset) {
                try zip.add("\(folder)/\(image.id).jpg", file: "\(source)/\(set)/\(image.file)", stored: true)
                entries.append(["image_id": .int(image.id), "objects": .array(image.objects)])
            }
            try zip.close()
        }
        let zip = try ZipWriter("\(output)/objects.json.zip")
        try zip.add("objects.json", Array(Value.array(entries).json(pretty: false).utf8))
        try zip.close()
        let everything = [Extraction(.folder(""), to: "")]
        let files = [("objects.json.zip", [Extraction(.member("objects.json"), to: "objects.json")]), ("images2.zip", everything), ("images.zip", everything)]
        return try manifest("visual_genome", files, in: output, base: base, license: "CC BY 4.0")
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
            guard let image = annotation["image_id"]?.intValue, let id = annotation["id"]?.intValue, let box = annotation["bbox"]?.arrayValue,
                let synset = annotation["category_id"]?.intValue.flatMap({ synsets[$0] })
            else { continue }
            let sides = box.map { Value.int(Int(($0.doubleValue ?? 0).rounded())) }
            guard sides.count == 4 else { continue }
            objects[image, default: []].append([
                "object_id": .int(id), "x": sides[0], "y": sides[1], "w": sides[2], "h": sides[3], "merged_object_ids": [],
                "names": [.string(String(synset.dropLast(5)).replacingOccurrences(of: "_", with: " "))], "synsets": [.string(synset)],
            ])
        }
        return (dataset["images"]?.arrayValue ?? []).compactMap { image in
            guard let id = image["id"]?.intValue, let file = image["file_name"]?.stringValue else { return nil }
            return (id, file, objects[id] ?? [])
        }.sorted { $0.0 < $1.0 }
    }

    private static func manifest(
        _ name: String, _ files: [(name: String, extract: [Extraction])], in folder: String, base: String, license: String
    ) throws -> Manifest {
        Manifest(name: name, files: try files.map { file in
            let path = "\(folder)/\(file.name)"
            let bytes = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
            return ManifestFile(
                name: file.name, urls: ["\(base)/\(file.name)"], bytes: bytes, checksum: .sha256(try Digest(contentsOf: path)), license: license,
                extract: file.extract)
        })
    }
}
