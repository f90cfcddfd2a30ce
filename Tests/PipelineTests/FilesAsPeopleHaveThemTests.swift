import Engine
import Fingerprints
import Foundation
import HDF5
import Imaging
import Synchronization
import Testing
import TestSupport

/// One dataset as people keep it: whatever the names, the archives and the kinds of pictures, `dataset.h5` has the same
/// bytes.
@Suite struct FilesAsPeopleHaveThemTests {
    private let files = FileManager.default

    private func json(_ dataset: String, _ more: String = "") -> String {
        """
        {"name": "files", "dataset": {"kind": "coco", \(dataset)}, "embedding": {"kind": "glove", "path": "scenes/glove.txt"},
         "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}\(more)}
        """
    }

    /// The digest of `dataset.h5` after `change` was made to the folder `scenes` of the data.
    private func digest(_ dataset: String = #""root": "scenes""#, _ change: (String) throws -> Void = { _ in }) throws
        -> String
    {
        try Workspace.with { workspace in
            let scenes = workspace.root + "/data/scenes"
            try demoScenes(16, to: scenes)
            try change(scenes)
            let job = try #require(
                try workspace.run(workspace.plan(json(dataset)).plan, until: ["preprocess"])["preprocess"])
            return "\(try #require(job.outputs.first).digest)"
        }
    }

    private func zip(_ folder: String, _ names: [String], as archive: String) throws {
        let zip = try ZipWriter("\(folder)/\(archive)")
        for name in names {
            var isFolder: ObjCBool = false
            _ = files.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder)
            let members =
                isFolder.boolValue
                ? try files.contentsOfDirectory(atPath: "\(folder)/\(name)").sorted().map { "\(name)/\($0)" } : [name]
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
            try zip(
                scenes, ["train2017", "val2017"].map { "annotations/instances_\($0).json" },
                as: "annotations_trainval2017.zip")
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
        let paths = splits.replacingOccurrences(of: "train.json", with: "scenes/train.json").replacingOccurrences(
            of: "val.json", with: "scenes/val.json"
        )
        .replacingOccurrences(of: "my pictures", with: "scenes/pictures.zip").replacingOccurrences(
            of: "\"others\"", with: "\"scenes/others\"")
        #expect(
            try digest(paths) { scenes in
                try rename(scenes)
                try zip(scenes, ["my pictures"], as: "pictures.zip")
            } == plain)
    }

    /// COCO's layout, its annotations in an archive, two annotation files of one folder of pictures, Visual Genome's.
    @Test(arguments: ["official", "archive", "shared", "genome"]) func picturesThatNoAnnotationNamesChangeNothing(
        kind: String
    ) throws {
        try Workspace.with { workspace in
            let scenes = workspace.root + "/data/scenes"
            try demoScenes(16, to: scenes)
            var text = json(#""root": "scenes""#), folder = scenes + "/train2017"
            var named = try #require(files.contentsOfDirectory(atPath: folder).min())
            switch kind {
            case "archive":
                try zip(
                    scenes, ["train2017", "val2017"].map { "annotations/instances_\($0).json" },
                    as: "annotations_trainval2017.zip")
            case "shared":
                for name in try files.contentsOfDirectory(atPath: scenes + "/val2017") {
                    try files.moveItem(atPath: "\(scenes)/val2017/\(name)", toPath: "\(folder)/\(name)")
                }
                let splits = [("train", "train"), ("validation", "val")].map { split, file in
                    #""\#(split)": {"annotations": "scenes/annotations/instances_\#(file)2017.json", "images": "scenes/train2017"}"#
                }
                text = json("\"splits\": {\(splits.joined(separator: ", "))}")
            case "genome":
                (folder, text) = (
                    scenes + "/VG_100K",
                    text.replacingOccurrences(of: "\"coco\"", with: "\"visual-genome\", \"minimumCount\": 1")
                )
                try visualGenome(of: folder, from: scenes + "/train2017", objects: scenes + "/objects.json")
                named = "1.jpg"
            default: break
            }
            let plan = try workspace.plan(text).plan
            func ran() throws -> Bool { try #require(try workspace.run(plan, until: ["preprocess"])["preprocess"]).ran }
            #expect(try ran())
            let stray = folder + "/stray.jpg"
            try files.copyItem(atPath: "\(folder)/\(named)", toPath: stray)
            for name in ["notes.txt", ".~lock.notes.txt#", ".ipynb_checkpoints/a.jpg", "Icon\r"] {
                try files.createDirectory(
                    atPath: ("\(folder)/\(name)" as NSString).deletingLastPathComponent,
                    withIntermediateDirectories: true)
                #expect(files.createFile(atPath: "\(folder)/\(name)", contents: Data("dropped".utf8)))
            }
            #expect(try !ran())
            try files.removeItem(atPath: stray)
            #expect(try !ran())
            // A picture that is named counts.
            let picture = try decodeImage("\(folder)/\(named)")
            try Data(encodeJPEG(picture, quality: 30)).write(to: URL(fileURLWithPath: "\(folder)/\(named)"))
            #expect(try ran())
        }
    }

    /// Ten of the pictures as Visual Genome's, each a zebra.
    private func visualGenome(of folder: String, from pictures: String, objects: String) throws {
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let sources = try files.contentsOfDirectory(atPath: pictures).sorted(), numbers = 1...10
        for number in numbers {
            try files.copyItem(
                atPath: "\(pictures)/\(sources[number % sources.count])", toPath: "\(folder)/\(number).jpg")
        }
        let images = numbers.map {
            #"{"image_id": \#($0), "objects": [{"object_id": \#($0), "synsets": ["zebra.n.01"], "x": 0, "y": 0, "w": 90, "h": 90}]}"#
        }
        try Data("[\(images.joined(separator: ","))]".utf8).write(to: URL(fileURLWithPath: objects))
    }

    @Test func oneFileIsCutIntoBothSplits() throws {
        try Workspace.with { workspace in
            try demoScenes(16, to: workspace.root + "/data/scenes")
            let splits =
                #""validationShare": 0.25, "splits": {"all": {"annotations": "scenes/annotations/instances_train2017.json", "images": "scenes/train2017"}}"#
            let job = try #require(
                try workspace.run(workspace.plan(json(splits)).plan, until: ["preprocess"])["preprocess"])
            let file = try HDF5File.open(job.path("dataset.h5"))
            let splitOfImage: [UInt8] = try file.read("images/split")
            let count = splitOfImage.count, validating = Int((Double(count) * 0.25).rounded())
            #expect(
                count > 4
                    && splitOfImage == [UInt8](repeating: 0, count: count - validating)
                        + [UInt8](repeating: 1, count: validating)
            )
        }
    }

    /// As in COCO's train2017, where one name ends in .jpg and the file is a PNG.
    @Test func aPictureIsWhatItsBytesAre() throws {
        #expect(
            try digest { scenes in
                for name in try files.contentsOfDirectory(atPath: scenes + "/train2017") {
                    let path = "\(scenes)/train2017/\(name)"
                    try Data(encodePNG(decodeImage(path))).write(to: URL(fileURLWithPath: path))
                }
            } == digest())
    }

    /// Masks are drawn on the pixels as they lie: an EXIF record that wants them turned changes nothing, and is told.
    @Test func turnedPicturesAreTakenAsTheyLieAndTold() throws {
        let plain = try digest()
        try Workspace.with { workspace in
            let scenes = workspace.root + "/data/scenes"
            try demoScenes(16, to: scenes)
            let record: [UInt8] =
                [0xFF, 0xE1, 0, 34]
                + Array("Exif\0\0MM\0*\0\0\0\u{8}\0\u{1}\u{1}\u{12}\0\u{3}\0\0\0\u{1}\0\u{6}\0\0\0\0\0\0".utf8)
            let names = try files.contentsOfDirectory(atPath: scenes + "/train2017").sorted()
            for name in names.prefix(2) {
                let path = "\(scenes)/train2017/\(name)",
                    bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
                try Data(bytes[..<2] + record + bytes[2...]).write(to: URL(fileURLWithPath: path))
            }
            let listener = NoteListener(), plan = try workspace.plan(json(#""root": "scenes""#)).plan
            let jobs = try workspace.project.runner(
                RunOptions(until: ["preprocess"], catchSignals: false), observer: listener
            ).run(plan)
            let dataset = try #require(jobs.first { $0.job == "preprocess" }?.outputs.first)
            #expect("\(dataset.digest)" == plain)
            let notes = listener.notes.withLock { $0 }
            #expect(
                notes.count == 1
                    && notes[0].hasPrefix(
                        "2 images say that they are to be turned (EXIF orientation), the first \(names[0]): "),
                "\(notes)")
        }
    }

    private final class NoteListener: RunObserver {
        let notes = Mutex<[String]>([])
        func noted(job: String, text: String) { notes.withLock { $0.append(text) } }
    }

    /// A text of a zip by its name is the text itself; a word with two vectors is told.
    @Test func vectorsOfAZipAndAWordTwice() throws {
        try Workspace.with { workspace in
            let scenes = workspace.root + "/data/scenes", path = scenes + "/glove.txt"
            try demoScenes(16, to: scenes)
            func embedded(_ text: String) throws -> (digests: [String], notes: [String]) {
                let listener = NoteListener(), plan = try workspace.plan(text).plan
                let jobs = try workspace.project.runner(
                    RunOptions(until: ["embedding"], catchSignals: false), observer: listener
                ).run(plan)
                let job = try #require(jobs.first { $0.job == "embedding" })
                return (job.outputs.map { "\($0.digest)" }, listener.notes.withLock { $0 })
            }
            let text = json(#""root": "scenes""#), plain = try embedded(text),
                whole = try Data(contentsOf: URL(filePath: path))
            #expect(plain.notes == [])
            try Data("dog 1 2\n".utf8).write(to: URL(filePath: scenes + "/other.txt"))
            try zip(scenes, ["glove.txt", "other.txt"], as: "words.zip")
            let member = #""path": "scenes/words.zip", "member": "glove.txt""#
            let zipped = try embedded(text.replacingOccurrences(of: #""path": "scenes/glove.txt""#, with: member))
            #expect(zipped.digests == plain.digests)

            let word = try #require(whole.split(separator: 0x20).first.map { String(decoding: $0, as: UTF8.self) })
            let line = try #require(whole.split(separator: 0x0A).first)
            try (whole + line + Data("\n".utf8)).write(to: URL(filePath: path))
            let doubled = try embedded(text).notes
            #expect(
                doubled.count == 1
                    && doubled[0].hasPrefix("1 of ")
                    && doubled[0].hasSuffix(
                        " word vectors are of a word that has one already: \"\(word)\"; of an annotated word the last one counts"
                    ), "\(doubled)")
        }
    }

    /// Nothing of the validation needs two samples.
    @Test func oneValidationSampleIsEnough() throws {
        try Workspace.with { workspace in
            let scenes = workspace.root + "/data/scenes", path = scenes + "/annotations/instances_val2017.json"
            try demoScenes(16, to: scenes)
            var set = try Value(json: [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))).objectValue ?? [:]
            set["annotations"] = .array(Array((set["annotations"]?.arrayValue ?? []).prefix(1)))
            try Value.object(set).json(pretty: false).write(toFile: path, atomically: true, encoding: .utf8)
            let more =
                #", "train": {"epochs": 2, "batchSize": 4}, "evaluate": {"filters": [0, 1, 2], "topImages": 3, "methods": ["original"]}"#
            let jobs = try workspace.run(workspace.plan(json(#""root": "scenes""#, more)).plan)
            let explainer = try HDF5File.open(try #require(jobs["train"]).path("explainer.h5"))
            let counts: [Int64] = try explainer.read("samples")
            #expect(counts[1] == 1)
            let table = try String(
                contentsOfFile: try #require(jobs["tables"]).path("tables") + "/training.csv", encoding: .utf8)
            let rows = table.split(separator: "\n")
            #expect(
                rows.count == 3
                    && rows[1...].allSatisfy {
                        $0.split(separator: ",").dropFirst().allSatisfy { Double($0)?.isFinite ?? false }
                    }, "\(table)")
        }
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
        #expect(
            text.contains(
                /train2017\/\d+\.jpg in train2017\.zip: not a picture that can be decoded: the file is empty/),
            "\(text)")
        #expect(text.contains("--set dataset.onBadImage=skip"), "\(text)")
    }

    /// With random crops training reads those of the training images, and of the validation images the standard ones.
    /// (With empty masks kept, so that no sample is left out for another reason.)
    @Test func standardCropsAreNotTrainedBesideTheViews() throws {
        try Workspace.with { workspace in
            try demoScenes(16, to: workspace.root + "/data/scenes")
            let more =
                #", "protocol": {"deviations": ["keepEmptyMasks"]}, "train": {"epochs": 1, "batchSize": 4, "categoryFraction": 0.5}"#
            let jobs = try workspace.run(
                workspace.plan(json(#""root": "scenes", "views": 2"#, more)).plan, until: ["train"])
            let dataset = try HDF5File.open(try #require(jobs["preprocess"]).path("dataset.h5"))
            let explainer = try HDF5File.open(try #require(jobs["train"]).path("explainer.h5"))
            let splits: [UInt8] = try dataset.read("images/split"), views: [UInt8] = try dataset.read("images/view")
            let images: [Int32] = try dataset.read("instances/image"),
                offsets: [Int32] = try dataset.read("instances/offset")
            let positives: [Int32] = try dataset.read("instances/concepts"),
                draw: [Int32] = try dataset.read("concepts/draw")
            // The draw is a permutation, and the first half of it is seen.
            #expect(draw.sorted() == Array(0..<Int32(draw.count)))
            let seen: [UInt8] = try explainer.read("concepts/seen")
            #expect(seen == draw.map { $0 < Int32((Double(draw.count) * 0.5).rounded()) ? 1 : 0 })
            func samples(_ isWanted: (Int) -> Bool) -> Int64 {
                Int64(
                    images.indices.count { sample in
                        isWanted(Int(images[sample]))
                            && positives[Int(offsets[sample])..<Int(offsets[sample + 1])].contains {
                                seen[Int($0)] == 1
                            }
                    })
            }
            let counts: [Int64] = try explainer.read("samples")
            #expect(counts[0] == samples { splits[$0] == 0 && views[$0] > 0 } && counts[0] > 0)
            #expect(counts[1] == samples { splits[$0] == 1 } && counts[1] > 0)
        }
    }
}
