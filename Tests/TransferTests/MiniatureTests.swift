import Fingerprints
import Foundation
import Testing
import Transfer
import TransferTestSupport

/// The small COCO and Visual Genome in the official layout, from zips to folders, and the fuzzing of the readers.
@Suite struct MiniatureTests {
    private let folder: TemporaryFolder

    /// Three "images" and their annotations.
    init() throws {
        folder = try TemporaryFolder()
        for (set, ids) in [("train2017", [9, 25]), ("val2017", [30])] {
            for id in ids { try folder.write([UInt8](repeating: UInt8(id), count: 100 * id), to: "coco/\(set)/\(name(id))") }
            let dataset: Value = [
                "images": .array(ids.map { ["id": .int($0), "file_name": .string(name($0))] }),
                "annotations": .array(ids.map { ["id": .int(100 + $0), "image_id": .int($0), "category_id": 3, "bbox": [1.4, 2.6, 30, 40]] }),
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

    @Test func cocoComesOutAsItWentIn() throws {
        let manifest = try Miniature.coco(from: folder.path("coco"), to: folder.path("zips"), base: "https://example.org")
        try fetchAndUnpack(manifest)
        let files = ["annotations/instances_train2017.json", "annotations/instances_val2017.json", "train2017/\(name(9))", "train2017/\(name(25))", "val2017/\(name(30))"]
        for file in files { #expect(try folder.read("data/\(file)") == folder.read("coco/\(file)")) }
        #expect(Set(manifest.files.map(\.name)) == ["annotations_trainval2017.zip", "train2017.zip", "val2017.zip"])
        let again = try Miniature.coco(from: folder.path("coco"), to: folder.path("zips2"), base: "https://example.org")
        #expect(again == manifest)
    }

    @Test func visualGenomeHasItsOfficialLayout() throws {
        try fetchAndUnpack(try Miniature.visualGenome(from: folder.path("coco"), to: folder.path("zips"), base: "https://example.org"))
        #expect(try folder.read("data/VG_100K_2/9.jpg") == folder.read("coco/train2017/\(name(9))"))
        #expect(try folder.read("data/VG_100K/30.jpg") == folder.read("coco/val2017/\(name(30))"))
        let objects = try Value(json: folder.read("data/objects.json"))
        #expect(objects.arrayValue?.count == 3)
        #expect(objects.arrayValue?.first?["objects"] == [[
            "object_id": 109, "x": 1, "y": 3, "w": 30, "h": 40, "merged_object_ids": [], "names": ["traffic light"], "synsets": ["traffic_light.n.01"],
        ]])
    }

    @Test func theRealManifestsTakeTheSameMembers() throws {
        let manifests = URL(fileURLWithPath: #filePath).appending(path: "../../../manifests").standardized
        for (name, make) in [("coco2017", Miniature.coco), ("visual_genome", Miniature.visualGenome)] {
            let small = try make(folder.path("coco"), folder.path("zips"), "https://example.org")
            let real = try Manifest(contentsOf: manifests.appending(path: "\(name).json").path)
            #expect(real.files.map(\.name) == small.files.map(\.name))
            for (real, small) in zip(real.files, small.files) {
                #expect(real.extract.map(\.selection) == small.extract.map(\.selection) && real.extract.map(\.to) == small.extract.map(\.to))
            }
        }
    }

    @Test func readersBearMutatedInput() throws {
        let report = try fuzzTransferReaders(seed: 1, seconds: 2)
        #expect(report.surprises.isEmpty)
        #expect(report.inputs > 100 && report.accepted > 0 && report.accepted < report.inputs)
    }
}
