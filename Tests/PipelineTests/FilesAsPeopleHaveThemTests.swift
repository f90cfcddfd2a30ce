import Engine
import Foundation
import HDF5
import Imaging
import Testing
import TransferTestSupport

/// One dataset as people keep it: whatever the names, the archives and the kinds of pictures, `dataset.h5` has the same bytes.
@Suite struct FilesAsPeopleHaveThemTests {
    private let files = FileManager.default

    private func json(_ dataset: String, _ more: String = "") -> String {
        """
        {"name": "files", "dataset": {"kind": "coco", \(dataset)}, "embedding": {"kind": "glove", "path": "scenes/glove.txt"},
         "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}\(more)}
        """
    }

    /// The digest of `dataset.h5` after `change` was made to the folder `scenes` of the data.
    private func digest(_ dataset: String = #""root": "scenes""#, _ change: (String) throws -> Void = { _ in }) throws -> String {
        try Workspace.with { workspace in
            let scenes = workspace.root + "/data/scenes"
            try demoScenes(16, to: scenes)
            try change(scenes)
            let job = try #require(try workspace.run(workspace.plan(json(dataset)).plan, until: ["preprocess"])["preprocess"])
            return "\(try #require(job.outputs.first).digest)"
        }
    }

    private func zip(_ folder: String, _ names: [String], as archive: String) throws {
        let zip = try ZipWriter("\(folder)/\(archive)")
        for name in names {
            var isFolder: ObjCBool = false
            _ = files.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder)
            let members = isFolder.boolValue ? try files.contentsOfDirectory(atPath: "\(folder)/\(name)").sorted().map { "\(name)/\($0)" } : [name]
            for member in members { try zip.add(member, file: "\(folder)/\(member)", stored: true) }
        }
        try zip.close()
        for name in names { try files.removeItem(atPath: "\(folder)/\(name)") }
    }

    @Test func theOfficialArchivesAreReadWhereTheyLie() throws {
        let plain = try digest()
        let besideAnnotations = try digest { scenes in
            for set in ["train2017", "val2017"] { try zip(scenes, [set], as: set + ".zip") }
        }
        let archivesAlone = try digest { scenes in
            for set in ["train2017", "val2017"] { try zip(scenes, [set], as: set + ".zip") }
            try zip(scenes, ["train2017", "val2017"].map { "annotations/instances_\($0).json" }, as: "annotations_trainval2017.zip")
        }
        #expect(besideAnnotations == plain && archivesAlone == plain)
    }

    @Test func splitsMayHaveOtherNames() throws {
        let plain = try digest()
        func rename(_ scenes: String) throws {
            try files.moveItem(atPath: scenes + "/train2017", toPath: scenes + "/my pictures")
            try files.moveItem(atPath: scenes + "/val2017", toPath: scenes + "/others")
            try files.moveItem(atPath: scenes + "/annotations/instances_train2017.json", toPath: scenes + "/train.json")
            try files.moveItem(atPath: scenes + "/annotations/instances_val2017.json", toPath: scenes + "/val.json")
        }
        let splits = """
            "splits": {"train": {"annotations": "train.json", "images": "my pictures"}, "validation": {"annotations": "val.json", "images": "others"}}
            """
        #expect(try digest(#""root": "scenes", "# + splits, rename) == plain)
        // Paths that start at the data folder, and an archive in place of a folder.
        let paths = splits.replacingOccurrences(of: "train.json", with: "scenes/train.json").replacingOccurrences(of: "val.json", with: "scenes/val.json")
            .replacingOccurrences(of: "my pictures", with: "scenes/pictures.zip").replacingOccurrences(of: "\"others\"", with: "\"scenes/others\"")
        #expect(try digest(paths) { scenes in
            try rename(scenes)
            try zip(scenes, ["my pictures"], as: "pictures.zip")
        } == plain)
    }

    @Test func oneFileIsCutIntoBothSplits() throws {
        try Workspace.with { workspace in
            try demoScenes(16, to: workspace.root + "/data/scenes")
            let splits = #""validationShare": 0.25, "splits": {"all": {"annotations": "scenes/annotations/instances_train2017.json", "images": "scenes/train2017"}}"#
            let job = try #require(try workspace.run(workspace.plan(json(splits)).plan, until: ["preprocess"])["preprocess"])
            let file = try HDF5File.open(job.path("dataset.h5"))
            let splitOfImage: [UInt8] = try file.read("images/split")
            let count = splitOfImage.count, validating = Int((Double(count) * 0.25).rounded())
            #expect(count > 4 && splitOfImage == [UInt8](repeating: 0, count: count - validating) + [UInt8](repeating: 1, count: validating))
        }
    }

    /// As in COCO's train2017, where one name ends in .jpg and the file is a PNG.
    @Test func aPictureIsWhatItsBytesAre() throws {
        #expect(try digest { scenes in
            for name in try files.contentsOfDirectory(atPath: scenes + "/train2017") {
                let path = "\(scenes)/train2017/\(name)"
                try Data(encodePNG(decodeImage(path))).write(to: URL(fileURLWithPath: path))
            }
        } == digest())
    }

    @Test func aPictureThatCannotBeReadIsNamedWithTheWayOut() throws {
        let error = #expect(throws: EngineError.self) {
            _ = try digest { scenes in
                let first = try #require(try files.contentsOfDirectory(atPath: scenes + "/train2017").min())
                try Data().write(to: URL(fileURLWithPath: "\(scenes)/train2017/\(first)"))
                try zip(scenes, ["train2017"], as: "train2017.zip")
            }
        }
        let text = "\(try #require(error))"
        #expect(text.contains(/train2017\/\d+\.jpg in train2017\.zip: not a picture that can be decoded: the file is empty/), "\(text)")
        #expect(text.contains("--set dataset.onBadImage=skip"), "\(text)")
    }

    /// With random crops training reads those of the training images, and of the validation images the standard ones. (With empty
    /// masks kept, so that no sample is left out for another reason.)
    @Test func standardCropsAreNotTrainedBesideTheViews() throws {
        try Workspace.with { workspace in
            try demoScenes(16, to: workspace.root + "/data/scenes")
            let more = #", "protocol": {"deviations": ["keepEmptyMasks"]}, "train": {"epochs": 1, "batchSize": 4, "categoryFraction": 0.5}"#
            let jobs = try workspace.run(workspace.plan(json(#""root": "scenes", "views": 2"#, more)).plan, until: ["train"])
            let dataset = try HDF5File.open(try #require(jobs["preprocess"]).path("dataset.h5"))
            let explainer = try HDF5File.open(try #require(jobs["train"]).path("explainer.h5"))
            let splits: [UInt8] = try dataset.read("images/split"), views: [UInt8] = try dataset.read("images/view")
            let images: [Int32] = try dataset.read("instances/image"), offsets: [Int32] = try dataset.read("instances/offset")
            let positives: [Int32] = try dataset.read("instances/concepts"), draw: [Int32] = try dataset.read("concepts/draw")
            // The draw is a permutation, and the first half of it is seen.
            #expect(draw.sorted() == Array(0..<Int32(draw.count)))
            let seen: [UInt8] = try explainer.read("concepts/seen")
            #expect(seen == draw.map { $0 < Int32((Double(draw.count) * 0.5).rounded()) ? 1 : 0 })
            func samples(_ isWanted: (Int) -> Bool) -> Int64 {
                Int64(images.indices.count { sample in
                    isWanted(Int(images[sample])) && positives[Int(offsets[sample])..<Int(offsets[sample + 1])].contains { seen[Int($0)] == 1 }
                })
            }
            let counts: [Int64] = try explainer.read("samples")
            #expect(counts[0] == samples { splits[$0] == 0 && views[$0] > 0 } && counts[0] > 0)
            #expect(counts[1] == samples { splits[$0] == 1 } && counts[1] > 0)
        }
    }
}
