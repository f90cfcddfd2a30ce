import Files
import Fingerprints
import Foundation
import Testing
import Transfer
import TestSupport

/// The small COCO and Visual Genome in the official layout, from zips to folders, and the fuzzing of the readers.
@Suite struct MiniatureTests {
    private let folder: TemporaryFolder

    /// Three "images" and their annotations.
    init() throws {
        folder = try TemporaryFolder()
        for (set, ids) in [("train2017", [9, 25]), ("val2017", [30])] {
            for id in ids {
                try folder.write([UInt8](repeating: UInt8(id), count: 100 * id), to: "coco/\(set)/\(name(id))")
            }
            let dataset: Value = [
                "images": .array(ids.map { ["id": .int($0), "file_name": .string(name($0))] }),
                "annotations": .array(
                    ids.map {
                        ["id": .int(100 + $0), "image_id": .int($0), "category_id": 3, "bbox": [1.4, 2.6, 30, 40]]
                    }),
                "categories": [["id": 3, "name": "traffic light"]],
            ]
            try folder.write(Array(dataset.json(pretty: false).utf8), to: "coco/annotations/instances_\(set).json")
        }
    }

    private func name(_ id: Int) -> String { String(repeating: "0", count: 12 - String(id).count) + "\(id).jpg" }

    private func fetchAndUnpack(_ manifest: Manifest) throws {
        var options = DownloadOptions()
        options.mirrors = [folder.path("zips")]
        options.offline = true
        _ = try Downloader(options).fetch(manifest, into: folder.path("downloads"))
        _ = try unpack(manifest, from: folder.path("downloads"), into: folder.path("data"))
    }

    private func real(_ name: String) throws -> Manifest {
        try Manifest(
            contentsOf: URL(fileURLWithPath: #filePath).appending(path: "../../../manifests/\(name).json").standardized
                .path)
    }

    /// The committed manifest: annotations are extracted, images stay in their archives.
    @Test func cocoComesOutAsItWentIn() throws {
        let manifest = try Miniature.coco(
            from: folder.path("coco"), to: folder.path("zips"), like: real("coco2017"), base: "https://example.org")
        try fetchAndUnpack(manifest)
        for file in ["annotations/instances_train2017.json", "annotations/instances_val2017.json"] {
            #expect(try folder.read("data/\(file)") == folder.read("coco/\(file)"))
        }
        for (set, id) in [("train2017", 9), ("train2017", 25), ("val2017", 30)] {
            let bytes = try ZipArchive(folder.path("data/\(set).zip")).read("\(set)/\(name(id))")
            #expect(try bytes == folder.read("coco/\(set)/\(name(id))"))
        }
        let listing = try FileManager.default.contentsOfDirectory(atPath: folder.path("data"))
        #expect(listing.sorted() == ["annotations", "train2017.zip", "val2017.zip"])
        let again = try Miniature.coco(
            from: folder.path("coco"), to: folder.path("zips2"), like: real("coco2017"), base: "https://example.org")
        #expect(again == manifest)
    }

    /// The same with rules that extract the images.
    @Test func cocoCanBeExtracted() throws {
        let plain = try real("coco2017")
        let files = plain.files.map { file in
            ManifestFile(
                name: file.name, urls: file.urls, bytes: file.bytes, checksum: file.checksum, license: file.license,
                extract: file.extract.isEmpty
                    ? [Extraction(.folder(String(file.name.dropLast(4))), to: String(file.name.dropLast(4)))]
                    : file.extract)
        }
        let extracting = Manifest(name: plain.name, files: files)
        try fetchAndUnpack(
            try Miniature.coco(
                from: folder.path("coco"), to: folder.path("zips"), like: extracting, base: "https://example.org"))
        let images = ["train2017/\(name(9))", "train2017/\(name(25))", "val2017/\(name(30))"]
        for file in images { #expect(try folder.read("data/\(file)") == folder.read("coco/\(file)")) }
        #expect(!folder.exists("data/train2017.zip"))
    }

    @Test func visualGenomeHasItsOfficialLayout() throws {
        let manifest = try Miniature.visualGenome(
            from: folder.path("coco"), to: folder.path("zips"), like: real("visual_genome"), base: "https://example.org"
        )
        #expect(
            manifest.files.first { $0.name == "objects.json.zip" }.map { $0.bytes == nil && $0.checksum == nil } == true
        )
        try fetchAndUnpack(manifest)
        #expect(
            try ZipArchive(folder.path("data/images.zip")).read("VG_100K/9.jpg")
                == folder.read("coco/train2017/\(name(9))"))
        #expect(
            try ZipArchive(folder.path("data/images2.zip")).read("VG_100K_2/30.jpg")
                == folder.read("coco/val2017/\(name(30))"))
        let objects = try Value(json: folder.read("data/objects.json"))
        // Three images, and four that show the real archive's oddities.
        #expect(objects.arrayValue?.count == 7)
        #expect(try ZipArchive(folder.path("data/images.zip")).read("VG_100K/90004616.jpg").isEmpty)
        #expect(
            objects.arrayValue?.first?["objects"] == [
                [
                    "object_id": 109, "x": 1, "y": 3, "w": 30, "h": 40, "merged_object_ids": [],
                    "names": ["traffic light"], "synsets": ["traffic_light.n.01"],
                ]
            ])
    }

    @Test func readersBearMutatedInput() throws {
        let report = try fuzzTransferReaders(seed: 1, seconds: 2)
        #expect(report.surprises.isEmpty)
        #expect(report.inputs > 100 && report.accepted > 0 && report.accepted < report.inputs)
    }
}
