import Engine
import Fingerprints
import Foundation
import HDF5
import Imaging
import LaViSE
import Pipeline
import Testing
import TestSupport

@Suite struct TargetTests {
    private static func json(_ more: String = "") -> String {
        """
        {"name": "x", "dataset": {"kind": "coco", "root": "scenes"}, "embedding": {"kind": "glove", "path": "scenes/glove.txt"},
         "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": {"epochs": 2, "batchSize": 8},
         "evaluate": {"topImages": 4, "filters": [0, 1, 2, 3, 4, 5], "methods": ["image", "projection"]}\(more)}
        """
    }

    private static func withScenes(_ body: (Workspace) throws -> Void) throws {
        try Workspace.with { workspace in
            try demoScenes(40, to: workspace.root + "/data/scenes")
            try body(workspace)
        }
    }

    /// The drawn scenes that validate and have annotations, copied to `folder` by `name` of their file's.
    private static func copyValidation(
        _ workspace: Workspace, _ dataset: DatasetFile, to folder: String,
        name: (Int, String) -> String = { "deep/er/\($1)" }
    ) throws {
        let images = "\(workspace.root)/data/scenes/val2017"
        for (place, row) in dataset.evaluatedRows(all: false).enumerated() {
            let file = try #require(
                FileManager.default.contentsOfDirectory(atPath: images).first {
                    Int64($0.prefix { $0 != "." }) == dataset.ids[row]
                })
            let copy = URL(fileURLWithPath: "\(workspace.root)/\(folder)/\(name(place, file))")
            try FileManager.default.createDirectory(
                at: copy.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: "\(images)/\(file)", toPath: copy.path)
        }
    }

    private static func words(_ csv: String) -> [[String]] {
        csv.split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).prefix(7).map(String.init)
        }
    }

    /// METHOD 13: the target's words are the reference's own, to the byte, and no stage of the reference runs again.
    @Test func theReferencesOwnImagesGiveItsWords() throws {
        try Self.withScenes { workspace in
            let reference = try workspace.plan(Self.json()), before = try workspace.run(reference.plan)
            let own = try ExperimentState(reference, Array(before.values)).results()[0]
            try Self.copyValidation(workspace, own.dataset, to: "data/mine")

            let aimed = try workspace.plan(Self.json(#", "target": {"folder": "mine"}"#)),
                after = try workspace.run(aimed.plan)
            let ran = Set(after.values.filter(\.ran).map(\.job))
            #expect(ran == ["target", "features-target", "evaluate", "tables"])
            #expect(after["train"]?.fingerprint == before["train"]?.fingerprint)
            let others = try ExperimentState(aimed, Array(after.values)).results()[0]
            #expect(others.images.imageCount == own.dataset.evaluatedRows(all: false).count)
            for (mine, theirs) in zip(others.evaluation.methods, own.evaluation.methods) {
                #expect(mine.words == theirs.words)
                #expect(mine.similarities.map(\.bitPattern) == theirs.similarities.map(\.bitPattern))
            }
            #expect(others.evaluation.summary.thresholds == own.evaluation.summary.thresholds)
            let tables = ResultTables(aimed.file, [others])
            let shown = Self.words(tables.words().csv)
            #expect(shown == Self.words(ResultTables(reference.file, [own]).words().csv) && shown.count > 6)
            // There is nothing to score by, and the tables say so.
            #expect(others.evaluation.scores == nil && own.evaluation.scores != nil)
            let recall = try tables.recalls()[0]
            #expect(recall.rows.allSatisfy { $0.recall == nil && $0.pairs == 0 })
            #expect(recall.markdown.contains("which nobody annotated: there is no recall"))
            #expect(others.topImages(0, .projection, words: 5)[0].name.hasPrefix("deep/er/"))
        }
    }

    /// A folder, and a zip archive of it with a folder around all.
    @Test func aZipIsTheFolder() throws {
        try Self.withScenes { workspace in
            let data = workspace.root + "/data"
            try FileManager.default.createDirectory(atPath: data + "/mine/sub", withIntermediateDirectories: true)
            let archive = try ZipWriter(data + "/mine.zip")
            for (place, file) in try FileManager.default.contentsOfDirectory(atPath: data + "/scenes/val2017").sorted()
                .enumerated()
            {
                let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(data)/scenes/val2017/\(file)"))
                let name = place % 2 == 0 ? file : "sub/\(file)"
                try bytes.write(to: URL(fileURLWithPath: "\(data)/mine/\(name)"))
                try archive.add("holiday/\(name)", [UInt8](bytes))
            }
            try archive.add("holiday/.hidden.jpg", [1])
            try archive.add("__MACOSX/._a.jpg", [1])
            try archive.add("holiday/list.txt", [65])
            try archive.close()
            let found = try ["mine", "mine.zip"].map { try PictureFiles("\(data)/\($0)", opensArchives: false) }
            #expect(
                found[1].names == found[0].names.map { "holiday/" + $0 } && found[1].others == 1
                    && found[0].names.count > 1)
            for (a, b) in zip(found[0].names, found[1].names) {
                #expect(try found[0].picture(a) == found[1].picture(b))
            }
            // What a manifest fetched may be an archive in a folder.
            try FileManager.default.createDirectory(atPath: data + "/fetched", withIntermediateDirectories: true)
            try FileManager.default.moveItem(atPath: data + "/mine.zip", toPath: data + "/fetched/mine.zip")
            #expect(try PictureFiles(data + "/fetched", opensArchives: false).names.isEmpty)
            let inside = try PictureFiles(data + "/fetched", opensArchives: true)
            #expect(inside.names == found[1].names.map { "mine.zip/" + $0 })
            #expect(try inside.picture(inside.names[0]) == found[0].picture(found[0].names[0]))
        }
    }

    /// PNG, a JPEG that wants to be turned, an ending in capitals; what cannot be read is left out and named.
    @Test func picturesAsAUsersFolderHasThem() throws {
        try Self.withScenes { workspace in
            let data = workspace.root + "/data", files = FileManager.default
            try files.createDirectory(atPath: data + "/mine/.cache", withIntermediateDirectories: true)
            let scene = try #require(files.contentsOfDirectory(atPath: data + "/scenes/val2017").min())
            let picture = try decodeImage("\(data)/scenes/val2017/\(scene)")
            let jpeg = try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(data)/scenes/val2017/\(scene)")))
            func write(_ bytes: [UInt8], _ name: String) throws {
                try Data(bytes).write(to: URL(fileURLWithPath: "\(data)/mine/\(name)"))
            }
            try write([UInt8](encodePNG(picture)), "a.PNG")
            try write(jpeg, "b.jpeg")
            // EXIF, big-endian, one entry: orientation 3, upside down.
            let exif: [UInt8] =
                [0xFF, 0xE1, 0, 34] + Array("Exif\0\0MM".utf8) + [
                    0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 3, 0, 0, 0, 0, 0, 0,
                ]
            try write(Array(jpeg.prefix(2)) + exif + jpeg.dropFirst(2), "c.jpg")
            try write(Array(jpeg.prefix(jpeg.count / 2)), "torn.jpg")
            try write(Array("ftypheic".utf8), "d.heic")
            try write(jpeg, ".cache/e.jpg")
            try write(Array("notes".utf8), "notes.txt")
            let plan = try workspace.plan(Self.json(#", "target": {"folder": "mine"}"#)).plan
            let jobs = try workspace.run(plan, until: ["target"])
            let target = try DatasetFile(try #require(jobs["target"]).path(DatasetFile.name))
            #expect(target.files == ["a.PNG", "b.jpeg", "c.jpg"] && target.skipped == ["d.heic", "torn.jpg"])
            #expect(
                try target.readPixels(0) == picture.centreCrop(.standard).pixels
                    && target.readPixels(1) == target.readPixels(0))
            #expect(try target.readPixels(2) == picture.turned(.upsideDown).centreCrop(.standard).pixels)
            #expect(throws: (any Error).self) {
                try workspace.run(
                    workspace.plan(Self.json(#", "target": {"folder": "mine", "onBadImage": "fail"}"#)).plan,
                    until: ["target"])
            }
            try files.createDirectory(atPath: data + "/none", withIntermediateDirectories: true)
            try Data("x".utf8).write(to: URL(fileURLWithPath: data + "/none/a.txt"))
            let error = #expect(throws: (any Error).self) {
                try workspace.run(workspace.plan(Self.json(#", "target": {"folder": "none"}"#)).plan, until: ["target"])
            }
            #expect("\(error.map { "\($0)" } ?? "")".contains("has no picture among its 1 files"))
        }
    }

    /// The crop is part of the fingerprint where it is not the standard one.
    @Test func cropsAreInTheFingerprint() throws {
        try Self.withScenes { workspace in
            func parameters(_ settings: [String]) throws -> Value {
                let plan = try workspace.plan(Self.json(#", "target": {"folder": "mine"}"#), settings: settings)
                return try #require(plan.plan.jobs.first { $0.stage.name == "target" }).stage.encodedParameters()
            }
            let plain = try parameters([]), small = try parameters(["backbone.preprocess.crop=200"])
            #expect(plain == ["onBadImage": "skip", "opensArchives": false])
            #expect(small["crop"]?["side"] == 200 && small["crop"]?["shorterSide"] == 256)
            let other = try parameters([
                "target.onBadImage=fail", "backbone.preprocess.resize=300",
                "backbone.preprocess.interpolation=bicubic",
            ])
            #expect(
                other == [
                    "onBadImage": "fail", "opensArchives": false,
                    "crop": ["shorterSide": 300, "side": 224, "filter": "bicubic"],
                ])
        }
    }

    /// A target of which no picture can be read has nothing to explain.
    @Test func aTargetWithoutAPicture() throws {
        try Self.withScenes { workspace in
            let folder = workspace.root + "/data/mine"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for name in ["a.jpg", "b.png"] {
                try Data("none".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            func run(_ settings: [String] = []) throws -> JobStatus? {
                let plan = try workspace.plan(Self.json(#", "target": {"folder": "mine"}"#), settings: settings).plan
                return try workspace.run(plan, until: ["target"])["target"]
            }
            let error = #expect(throws: EngineError.self) { _ = try run() }
            #expect("\(error.map { "\($0)" } ?? "")".contains("none of the target's 2 pictures could be read"))
            let picture = RGBImage(width: 40, height: 30, pixels: [UInt8](repeating: 9, count: 3600))
            try Data(encodePNG(picture)).write(to: URL(fileURLWithPath: folder + "/c.png"))
            let target = try DatasetFile(#require(try run()).path(DatasetFile.name))
            #expect(target.files == ["c.png"] && target.skipped == ["a.jpg", "b.png"])
            // Its pictures are cropped as the reference's are.
            for (settings, side) in [([], 224), (["backbone.preprocess.crop=200"], 200)] as [([String], Int)] {
                let file = try HDF5File.open(#require(try run(settings)).path(DatasetFile.name))
                #expect(try file.shape(of: "images/pixels") == [1, side, side, 3])
            }
        }
    }

    @Test func whatATargetIs() throws {
        func read(_ target: String) throws -> Experiment.Target? {
            try ExperimentFile(json: Self.json(#", "target": "# + target), file: "x.json").variants[0].experiment.target
        }
        let zip = try #require(try read(#"{"zip": "a.zip"}"#))
        #expect(zip.origin == .path("a.zip") && zip.onBadImage == .skip)
        let manifest = try #require(try read(#"{"manifest": "m.json", "onBadImage": "fail"}"#))
        #expect(manifest.origin == .manifest("m.json") && manifest.onBadImage == .fail)
        #expect(try read("null") == nil)
        for wrong in [
            "{}", #"{"folder": "a", "zip": "b"}"#, #"{"folders": "a"}"#, #"{"folder": "a", "onBadImage": "no"}"#, "3",
        ] {
            #expect(throws: ExperimentError.self, "\(wrong)") { try read(wrong) }
        }
    }
}
