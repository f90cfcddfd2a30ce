import Datasets
import Foundation
import Imaging
import Testing

/// Annotations as labelling tools export them. Masks are pycocotools' of the same numbers.
@Suite struct AnnotationsAsPeopleHaveThemTests {
    private let folder = TemporaryFolder()
    private static let outline = "[[1, 1, 5, 1, 5, 4, 1, 4]]"
    private static let drawn = mask("........", ".####...", ".####...", ".####...", "........", "........").crop224()
    private static let boxed = mask("........", "..###...", "..###...", "..###...", "........", "........").crop224()

    private func coco(
        _ annotations: [String], images: String = #"{"id": 3, "file_name": "a.jpg", "width": 8, "height": 6}"#,
        isPresent: @escaping (String) -> Bool = { _ in false }
    ) throws -> COCODataset {
        let json =
            #"{"images": [\#(images)], "annotations": [\#(annotations.joined(separator: ","))], "categories": [{"id": 1, "name": "cat"}]}"#
        let path = folder.write("instances.json", json)
        return try COCODataset(
            annotations: [(.train, path)], imageFolders: [(.train, "/data")], isPresent: isPresent,
            hasVector: { _ in true }, rules: DatasetRules())
    }

    private func annotation(_ id: String = "7", _ more: String) -> String {
        #"{"id": \#(id), "image_id": 3, "category_id": 1, \#(more)}"#
    }

    @Test(arguments: [
        #""segmentation": [], "#, #""segmentation": null, "#, "", #""segmentation": [[]], "#,
        #""segmentation": [[1, 2, 3, 4]], "#, #""segmentation": {}, "#, #""segmentation": "", "#,
        #""segmentation": {"counts": [], "size": [6, 8]}, "#, #""segmentation": [null], "#,
    ])
    func withoutAnOutlineTheBoxIsTheMask(_ segmentation: String) throws {
        let read = try coco([annotation("7", segmentation + #""bbox": [1.5, 1.2, 3.4, 2.6]"#)]).annotations(
            ofImage: 0, width: 8, height: 6, view: nil)
        #expect(read.samples.map(\.mask) == [Self.boxed] && read.notes.boxes == 1 && read.notes.unusable == 0)
    }

    @Test func degeneratePartsAreSkippedAndTheRestKept() throws {
        let parts = #""segmentation": [[0, 0, 1, 1], null, [1, 1, 5, 1, 5, 4, 1, 4]], "bbox": [0, 0, 8, 6]"#
        let read = try coco([annotation("7", parts)]).annotations(ofImage: 0, width: 8, height: 6, view: nil)
        #expect(read.samples.map(\.mask) == [Self.drawn] && read.notes.skippedParts == 2 && read.notes.boxes == 0)
    }

    /// Without a list around it, as points, as strings, with nothing beside it.
    @Test(arguments: [
        "[1, 1, 5, 1, 5, 4, 1, 4]", "[[1, 1], [5, 1], [5, 4], [1, 4]]", "[[[1, 1], [5, 1], [5, 4], [1, 4]]]",
        #"[["1", "1", "5.0", "1", "5", "4", "1", "4"]]"#,
    ])
    func onePolygonInOtherForms(_ form: String) throws {
        let read = try coco([annotation("7", #""segmentation": \#(form)"#)]).annotations(
            ofImage: 0, width: 8, height: 6, view: nil)
        #expect(read.samples.map(\.mask) == [Self.drawn] && read.notes == AnnotationNotes())
    }

    /// A good one among nine that cannot be used: it is used, the others are counted and the first three named.
    @Test func whatCannotBeUsedIsCountedAndNamed() throws {
        let bad = [
            annotation("1", #""segmentation": [], "bbox": [1, 1, 0, 2]"#), annotation("2", #""segmentation": "x""#),
            annotation("3", #""area": 1"#),
            annotation("4", #""segmentation": {"counts": [99], "size": [6, 8]}"#),
            annotation("5", #""segmentation": [[1, 1, 5, NaN, 5, 4]]"#),
            #"{"id": 8, "image_id": 99, "category_id": 1, "segmentation": \#(Self.outline)}"#,
            #"{"id": 9, "image_id": 3, "category_id": 5, "segmentation": \#(Self.outline)}"#,
            #"{"id": 10, "image_id": 3}"#, "17",
        ]
        let dataset = try coco(bad + [annotation("6", #""segmentation": \#(Self.outline)"#)])
        var notes = dataset.notes
        #expect(notes.unusable == 4)
        let read = try dataset.annotations(ofImage: 0, width: 8, height: 6, view: nil)
        #expect(read.samples.map(\.mask) == [Self.drawn])
        #expect(read.notes.unusable == 5 && read.notes.first.count == 3)
        #expect(read.notes.first[0] == "annotation 1 of image 3: no outline, and a box of 0.0×2.0 pixels")
        #expect(read.notes.first[1] == "annotation 2 of image 3: \"segmentation\": expected an array, found a string")
        notes.add(read.notes)
        #expect(
            notes.unusableText?.hasPrefix("9 annotations could not be used: annotation 10: no \"category_id\"; ")
                == true, "\(notes)")
        #expect(notes.unusableText?.hasSuffix("; and 6 more") == true)
    }

    /// An outline or a box that no pixel of the image is in, as pycocotools draws it, is no mask.
    @Test(arguments: [
        (#""segmentation": [[20, 1, 25, 1, 25, 4, 20, 4]]"#, "an outline"),
        (#""segmentation": [[1, 1, 1, 1, 1, 1], [9, 9, 10, 9, 10, 10]]"#, "an outline"),
        (#""segmentation": {"counts": [48], "size": [6, 8]}"#, "an outline"),
        (#""segmentation": {"counts": [5, 0, 43], "size": [6, 8]}"#, "an outline"),
        (#""segmentation": {"counts": "`1", "size": [6, 8]}"#, "an outline"),
        (#""bbox": [-30, 1, 5, 3]"#, "a box"),
        (#""bbox": [0.1, 0.2, 0.3, 0.25]"#, "a box with numbers from 0 to 1, where pixels are expected,"),
        (#""bbox": [1, 7, 3, 1e1]"#, "a box"),
    ])
    func whatCoversNoPixelIsNamed(_ shape: String, _ noun: String) throws {
        let dataset = try coco([annotation("7", shape), annotation("8", #""segmentation": \#(Self.outline)"#)])
        let read = try dataset.annotations(ofImage: 0, width: 8, height: 6, view: nil)
        #expect(read.samples.map(\.mask) == [Self.drawn] && read.notes.unusable == 1 && read.notes.boxes == 0)
        #expect(
            read.notes.first == ["annotation 7 of image 3: \(noun) that covers none of the image's 8×6 pixels"],
            "\(read.notes.first)")
    }

    /// The letter é is one code point or two; what the file system has may be the other.
    @Test(arguments: [("caf\u{e9}.jpg", "cafe\u{301}.jpg"), ("cafe\u{301}.jpg", "caf\u{e9}.jpg")])
    func accentsInNames(_ written: String, _ stored: String) throws {
        let image = #"{"id": 3, "file_name": "sub/\#(written)", "width": 8, "height": 6}"#
        let dataset = try coco([annotation("7", #""segmentation": \#(Self.outline)"#)], images: image) { path in
            path.utf8.elementsEqual("/data/\(stored)".utf8)
        }
        #expect(dataset.images.map { Array($0.file.utf8) } == [Array("/data/\(stored)".utf8)])
    }

    /// Of an image and of a category that are listed again the first counts; a category without a name is told with its
    /// annotations.
    @Test func whatIsListedTwiceOrHasNoNameEndsNoRun() throws {
        let json = #"""
            {"images": [{"id": 3, "file_name": "a.jpg", "width": 8, "height": 6}, {"id": 3, "file_name": "b.jpg", "width": 9, "height": 9}],
             "annotations": [{"id": 1, "image_id": 3, "category_id": 1, "segmentation": \#(Self.outline)},
                             {"id": 2, "image_id": 3, "category_id": 2, "segmentation": \#(Self.outline)},
                             {"id": 3, "image_id": 3, "category_id": 2, "segmentation": \#(Self.outline)}],
             "categories": [{"id": 1, "name": "cat"}, {"id": 1, "name": "dog"}, {"id": 2}, {"id": 4, "name": null}]}
            """#
        let path = folder.write("twice.json", json)
        func read(_ rules: DatasetRules) throws -> COCODataset {
            try COCODataset(
                annotations: [(.train, path)], imageFolders: [(.train, "/data")], hasVector: { $0 != "category" },
                rules: rules)
        }
        let dataset = try read(DatasetRules())
        #expect(dataset.concepts == ["cat"] && dataset.images.map(\.file) == ["/data/a.jpg"])
        #expect(try dataset.samples(ofImage: 0, width: 8, height: 6).map(\.mask) == [Self.drawn])
        #expect(
            dataset.notes.unusable == 2
                && dataset.notes.first == [
                    "image number 2: image 3 is listed a second time; the first counts",
                    "category number 2: category 1 is listed a second time; the first counts",
                ])
        #expect(dataset.unmatched == [UnmatchedName(name: "category 2, which has no name", annotations: 2, match: nil)])
        var strict = DatasetRules()
        strict.failsOnBadAnnotation = true
        #expect(throws: DatasetError.self) { try read(strict) }
        func object(_ image: Int, _ synset: String) -> String {
            #"{"image_id": \#(image), "objects": [{"object_id": 1, "synsets": ["\#(synset)"], "x": 0, "y": 0, "w": 4, "h": 4}]}"#
        }
        let all = (1...20).map { object($0, "cat.n.01") } + [object(7, "dog.n.01")]
        let genome = folder.write("objects.json", "[" + all.joined(separator: ",") + "]")
        var rules = DatasetRules()
        rules.minimumCount = 1
        let found = try VisualGenomeDataset(
            objects: genome, imageFolders: ["/data"], hasVector: { _ in true }, rules: rules)
        #expect(
            found.concepts == ["cat"] && found.images.count == 20
                && found.notes.first == ["image number 21: image 7 is listed a second time; the first counts"])
    }

    @Test(arguments: ["NaN", "Infinity", "-Infinity"]) func whatNobodyReadsMayBeNoNumber(_ word: String) throws {
        let read = try coco([
            annotation("7", #""segmentation": \#(Self.outline), "area": \#(word), "name": "NaN \" Infinity""#)
        ])
        .annotations(ofImage: 0, width: 8, height: 6, view: nil)
        #expect(read.samples.map(\.mask) == [Self.drawn] && read.notes == AnnotationNotes())
    }

    @Test func aByteOrderMarkAndNumbersAsStringsAreRead() throws {
        let json =
            #"{"images": [{"id": "3", "file_name": "a.jpg", "width": "8", "height": "6"}], "annotations": [{"image_id": "3", "category_id": "1", "#
            + #""segmentation": \#(Self.outline)}], "categories": [{"id": "1", "name": "cat"}]}"#
        let path = folder.write("mark.json", [0xEF, 0xBB, 0xBF] + Array(json.utf8))
        let dataset = try COCODataset(
            annotations: [(.train, path)], imageFolders: [(.train, "/data")], hasVector: { _ in true },
            rules: DatasetRules())
        #expect(try dataset.samples(ofImage: 0, width: 8, height: 6).map(\.mask) == [Self.drawn])
    }

    /// A size of 0 says nothing.
    @Test func aSizeOfNothingIsNone() throws {
        let images = #"{"id": 3, "file_name": "a.jpg", "width": 0, "height": 0}"#
        let dataset = try coco([annotation("7", #""segmentation": \#(Self.outline)"#)], images: images)
        #expect(try dataset.samples(ofImage: 0, width: 8, height: 6).map(\.mask) == [Self.drawn])
    }

    /// What is no annotation file in COCO's format, or none as it lies there, is said to be so.
    @Test(arguments: [
        (Array("[{}]".utf8), "found a list"),
        (Array(#"{"images": [], "categories": []}"#.utf8), "no list \"annotations\""),
        (Array(#"{"a": 1}"#.utf8), "no list \"images\", \"annotations\", \"categories\""),
        ([0xFF, 0xFE, 0x7B, 0], "UTF-16"), ([0x1F, 0x8B, 8, 0], "gzip"), (Array("PK\u{3}\u{4}".utf8), "zip archive"),
    ])
    func otherFiles(_ bytes: [UInt8], _ problem: String) {
        let path = folder.write("other.json", bytes)
        #expect {
            try COCODataset(
                annotations: [(.train, path)], imageFolders: [(.train, "/data")], hasVector: { _ in true },
                rules: DatasetRules())
        } throws: { "\($0)".contains(problem) && "\($0)".contains(path) }
    }

    @Test(arguments: [
        (#""file_name": "a.jpg""#, "/data/a.jpg"), (#""file_name": "sub/a%2Ejpg""#, "/data/sub/a.jpg"),
        (#""file_name": "train/%61.jpg""#, "/data/a.jpg"), (#""file_name": "b%20c.jpg""#, "/data/b c.jpg"),
        (#""file_name": "sub/a.jpg""#, "/data/sub/a.jpg"),
        (#""file_name": "sub\\a.jpg""#, "/data/sub/a.jpg"),
        (#""file_name": "train2017/a.jpg""#, "/data/a.jpg"), (#""file_name": "./a.jpg""#, "/data/a.jpg"),
        (#""file_name": "C:\\labels\\sub\\a.jpg""#, "/data/sub/a.jpg"),
        (#""file_name": "/home/me/sub/a.jpg""#, "/data/sub/a.jpg"),
        (#""file_name": "../../a.jpg""#, "/data/a.jpg"),
        (#""file_name": "http://images.cocodataset.org/train2017/a.jpg?x=1""#, "/data/a.jpg"),
        (#""coco_url": "http://images.cocodataset.org/train2017/a%20b.jpg""#, "/data/a b.jpg"),
        (#""file_name": null, "flickr_url": "http://f.org/1/a.jpg""#, "/data/a.jpg"),
        (#""file_name": "nowhere/b.jpg""#, "/data/b.jpg"),
    ])
    func namesOfFiles(_ name: String, _ path: String) throws {
        let images = #"{"id": 3, "width": 8, "height": 6, \#(name)}"#
        let dataset = try coco([annotation("7", #""segmentation": \#(Self.outline)"#)], images: images) {
            ["/data/a.jpg", "/data/sub/a.jpg"].contains($0)
        }
        #expect(dataset.images.map(\.file) == [path])
    }

    /// Of ten images two validate, whichever order the file has; another seed takes others.
    @Test func oneFileIsCutByTheSeed() throws {
        func validating(_ ids: [Int], seed: UInt64) throws -> [Int64] {
            let images = ids.map { #"{"id": \#($0), "file_name": "\#($0).jpg", "width": 8, "height": 6}"# }
            let annotations = ids.map {
                #"{"id": \#($0), "image_id": \#($0), "category_id": 1, "segmentation": \#(Self.outline)}"#
            }
            let json =
                #"{"images": [\#(images.joined(separator: ","))], "annotations": [\#(annotations.joined(separator: ","))], "categories": [{"id": 1, "name": "cat"}]}"#
            var rules = DatasetRules()
            (rules.seed, rules.validationShare) = (seed, 0.2)
            let dataset = try COCODataset(
                annotations: [(nil, folder.write("all.json", json))], imageFolders: [(nil, "/data")],
                hasVector: { _ in true }, rules: rules)
            #expect(dataset.images.map(\.id).sorted() == ids.map(Int64.init).sorted())
            #expect(dataset.images.map(\.split.rawValue) == [UInt8](repeating: 0, count: 8) + [1, 1])
            return dataset.images.filter { $0.split == .validation }.map(\.id)
        }
        let ids = Array(1...10), chosen = try (0..<5).map { try validating(ids, seed: $0) }
        #expect(try validating(ids.reversed(), seed: 0) == chosen[0])
        #expect(Set(chosen).count > 1)
    }

    /// Boxes without a pixel: left out, counted, and the first three named; an image with nothing else is none.
    @Test func visualGenomeBoxesThatCoverNothing() throws {
        func object(_ id: Int, _ x: String, _ y: String, _ w: String, _ h: String) -> String {
            #"{"object_id": \#(id), "synsets": ["cat.n.01"], "x": \#(x), "y": \#(y), "w": \#(w), "h": \#(h)}"#
        }
        let bad = [
            object(5, "1", "1", "0", "4"), object(6, "1", "1", "3", "-2"), object(7, "1.6", "1", "0.3", "4"),
            object(8, "0", "0", "-1e300", "2"),
        ]
        let json = """
            [{"image_id": 1, "objects": [\((bad + [object(9, "1", "1", "3", "2")]).joined(separator: ","))]},
             {"image_id": 2, "objects": [\(object(10, "0", "0", "2", "2"))]}, {"image_id": 3, "objects": [\(bad[0])]}]
            """
        var rules = DatasetRules()
        (rules.minimumCount, rules.validationShare) = (1, 0.5)
        let path = folder.write("flat.json", json)
        let dataset = try VisualGenomeDataset(
            objects: path, imageFolders: ["/data"], hasVector: { _ in true }, rules: rules)
        #expect(Set(dataset.images.map(\.id)) == [1, 2])
        let row = try #require(dataset.images.firstIndex { $0.id == 1 })
        #expect(
            try dataset.samples(ofImage: row, width: 5, height: 4).map(\.mask) == [
                mask(".....", ".###.", ".###.", ".....").crop224()
            ])
        #expect(
            dataset.notes.unusableText
                == "5 annotations could not be used: object 5 of image 1: a box of 0.0×4.0 pixels; "
                + "object 6 of image 1: a box of 3.0×-2.0 pixels; object 7 of image 1: a box of 0.3×4.0 pixels, which covers none; and 2 more"
        )
        rules.failsOnBadAnnotation = true
        #expect(throws: DatasetError.self) {
            try VisualGenomeDataset(objects: path, imageFolders: ["/data"], hasVector: { _ in true }, rules: rules)
        }
    }

    @Test func visualGenomeObjectsAsTheyCome() throws {
        let json = """
            [{"image_id": 1, "objects": [
               {"object_id": 5, "synsets": ["cat.n.01"], "x": 1.4, "y": -2, "w": 2.2, "h": 4.6}, {"object_id": 6, "synsets": ["", ".n.01"], "names": ["thing"]},
               {"object_id": 7, "names": ["thing"], "x": 1, "y": 1, "w": 1, "h": 1}, {"object_id": 8, "synsets": ["cat.n.01"], "x": NaN, "y": 1, "w": 1, "h": 1},
               {"object_id": 9, "synsets": ["cat.n.01"], "x": 1, "y": 1, "w": "wide", "h": 1}]},
             {"image_id": 2}, {"id": 3, "objects": [{"object_id": 10, "synsets": ["cat.n.01"], "x": 0, "y": 0, "w": 1, "h": 1}]}]
            """
        var rules = DatasetRules()
        (rules.minimumCount, rules.validationShare) = (1, 0.5)
        let dataset = try VisualGenomeDataset(
            objects: folder.write("objects.json", json), imageFolders: ["/data"], hasVector: { _ in true }, rules: rules
        )
        #expect(Set(dataset.images.map(\.id)) == [1, 3] && dataset.concepts == ["cat"])
        // Pixels whose centre is in the box: columns 1.4 … 3.6, rows −2 … 2.6.
        let row = try #require(dataset.images.firstIndex { $0.id == 1 })
        #expect(
            try dataset.samples(ofImage: row, width: 5, height: 4).map(\.mask) == [
                mask(".###.", ".###.", ".###.", ".....").crop224()
            ])
        #expect(dataset.notes.withoutSynset == 2 && dataset.notes.unusable == 3)
        #expect(
            dataset.notes.first == [
                "object 8 of image 1: \"x\": expected a number, found null",
                "object 9 of image 1: \"w\": expected a number, found a string",
                "image 2: no \"objects\"",
            ])
    }
}
