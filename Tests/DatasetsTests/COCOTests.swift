import Datasets
import Foundation
import Imaging
import Testing

@Suite struct COCOTests {
    // Two images of 4×3 pixels; "cat" twice in the first, one a polygon, one a crowd RLE; "traffic light" once.
    static let images =
        #"[{"id": 7, "file_name": "b.jpg", "width": 4, "height": 3}, {"id": 3, "file_name": "a.jpg", "width": 4, "height": 3}, {"id": 5, "file_name": "none.jpg", "width": 9, "height": 9}]"#
    static let categories =
        #"[{"id": 1, "name": "cat"}, {"id": 2, "name": "traffic light"}, {"id": 9, "name": "xyzzy"}]"#
    static let annotations = """
        [{"id": 900100000001, "image_id": 3, "category_id": 1, "iscrowd": 1, "segmentation": {"counts": [9, 3], "size": [3, 4]}},
         {"id": 12, "image_id": 3, "category_id": 2, "segmentation": {"counts": "246", "size": [3, 4]}},
         {"id": 11, "image_id": 3, "category_id": 1, "segmentation": [[0, 0, 1, 0, 1, 1, 0, 1], [1, 1, 2, 1, 2, 2, 1, 2]]},
         {"id": 13, "image_id": 7, "category_id": 9, "segmentation": [[0, 0, 1, 0, 1, 1, 0, 1]]}]
        """

    static func json(images: String = images, annotations: String = annotations, categories: String = categories)
        -> String
    {
        #"{"info": {"description": "a \" ] } text"}, "licenses": [], "images": \#(images), "annotations": \#(annotations), "categories": \#(categories)}"#
    }

    /// METHOD 2 and 3: a tenth validates, a word of Visual Genome occurs a hundred times, instances are merged.
    @Test func theRulesAreMethods() {
        let rules = DatasetRules()
        #expect(rules.validationShare == 0.1 && rules.minimumCount == 100 && rules.mergeInstances)
        #expect(rules.limit == nil && !rules.failsOnBadAnnotation && rules.crop == .standard)
    }

    func dataset(_ folder: TemporaryFolder, _ json: String, rules: DatasetRules = DatasetRules()) throws -> COCODataset
    {
        let path = folder.write("instances.json", json)
        return try COCODataset(
            annotations: [(.train, path)], imageFolders: [(.train, "/data/train")], hasVector: { $0 != "xyzzy" },
            rules: rules)
    }

    @Test func readsASmallDataset() throws {
        let folder = TemporaryFolder()
        let dataset = try dataset(folder, Self.json())
        #expect(dataset.concepts == ["cat", "light", "traffic"])
        // Image 5 has no annotation; image 7 keeps its place although its category has no vector.
        #expect(
            dataset.images == [
                ReferenceImage(id: 3, split: .train, file: "/data/train/a.jpg"),
                ReferenceImage(id: 7, split: .train, file: "/data/train/b.jpg"),
            ])
        let samples = try dataset.samples(ofImage: 0, width: 4, height: 3)
        #expect(samples.map(\.concepts) == [[0], [2, 1]])
        // The two squares and the right column, united, in the standard view.
        #expect(samples[0].mask == mask("#..#", ".#.#", "...#").crop224())
        // The string "246" holds the runs 2, 4, 6 down the columns.
        #expect(samples[1].mask == mask(".#..", ".#..", "##..").crop224())
        #expect(try dataset.samples(ofImage: 1, width: 4, height: 3).isEmpty)
    }

    @Test func limitTakesTheFirstImages() throws {
        let folder = TemporaryFolder()
        var rules = DatasetRules()
        rules.limit = 1
        #expect(try dataset(folder, Self.json(), rules: rules).images.map(\.id) == [3])
    }

    @Test func irrelevantFieldsAreIgnored() throws {
        let folder = TemporaryFolder()
        let one = try dataset(folder, Self.json()), first = try one.samples(ofImage: 0, width: 4, height: 3)
        let changed = Self.json().replacingOccurrences(of: "a \\\" ] } text", with: "another [ { \\\\")
        let two = try dataset(folder, changed)
        #expect(two.images == one.images && two.concepts == one.concepts)
        #expect(try two.samples(ofImage: 0, width: 4, height: 3) == first)
    }

    @Test func everyCutIsAnErrorWithItsPlace() throws {
        let folder = TemporaryFolder(), bytes = Array(Self.json().utf8)
        for length in stride(from: 0, to: bytes.count, by: 7) {
            let path = folder.write("cut.json", Array(bytes[..<length]))
            let error = #expect(throws: DatasetError.self) {
                try COCODataset(
                    annotations: [(.train, path)], imageFolders: [(.train, "")], hasVector: { _ in true },
                    rules: DatasetRules())
            }
            guard case .malformed(path, let place, let reason)? = error else {
                Issue.record("\(String(describing: error))"); continue
            }
            #expect(place.hasPrefix("line ") && reason.contains("the file ends"))
        }
    }

    @Test func contradictionsNameTheAnnotation() throws {
        let folder = TemporaryFolder()
        func reason(_ json: String) throws -> String {
            var strict = DatasetRules()
            strict.failsOnBadAnnotation = true
            let error = #expect(throws: DatasetError.self) {
                let dataset = try dataset(folder, json, rules: strict)
                for row in dataset.images.indices { _ = try dataset.samples(ofImage: row, width: 4, height: 3) }
            }
            return try #require(error).description.replacingOccurrences(of: folder.path, with: "")
                .replacingOccurrences(
                    of: "; to leave such annotations out: --set dataset.onBadAnnotation=skip", with: "")
        }
        func annotation(_ text: String) -> String { Self.json(annotations: "[\(text)]") }
        #expect(
            try reason(annotation(#"{"id": 1, "image_id": 4, "category_id": 1, "segmentation": []}"#))
                == "/instances.json: annotation 1 is of image 4, which \"images\" lacks")
        #expect(
            try reason(annotation(#"{"id": 1, "image_id": 3, "category_id": 4, "segmentation": []}"#))
                == "/instances.json: annotation 1 is of category 4, which \"categories\" lacks")
        #expect(
            try reason(annotation(#"{"id": 1, "image_id": 3, "category_id": 1, "segmentation": []}"#))
                == "/instances.json: annotation 1 of image 3: neither an outline (\"segmentation\") nor a box (\"bbox\") of four numbers"
        )
        #expect(
            try reason(
                annotation(
                    #"{"id": 1, "image_id": 3, "category_id": 1, "segmentation": {"counts": [99], "size": [3, 4]}}"#))
                == "/instances.json: annotation 1 of image 3: RLE runs do not make up 3×4 pixels")
        #expect(
            try reason(
                annotation(
                    #"{"id": 1, "image_id": 3, "category_id": 1, "segmentation": {"counts": [9], "size": [4, 3]}}"#))
                == "/instances.json: annotation 1 of image 3: RLE of size [4, 3] in an image of height 3 and width 4")
        #expect(
            try reason(annotation(#"{"id": "x", "image_id": 3, "category_id": 1}"#)).contains("annotation number 1: "))
        #expect(try reason(annotation(#"{"id": 1, "image_id": 3, }"#)).contains("not valid JSON"))
        #expect(
            try reason(annotation(""))
                == "/instances.json: nothing to work on: no image of the train split has an annotation")
        #expect(
            try reason(
                Self.json(
                    categories: #"[{"id": 1, "name": "xyzzy"}, {"id": 2, "name": "xyzzy"}, {"id": 9, "name": ""}]"#)
            ).contains("no word of any category's name has a vector"))
        #expect(try reason(#"{"images": []} x"#).contains("text after the end"))
        #expect(try reason(#"{"x": [1 2]}"#).contains("expected , or ]"))
    }

    @Test func annotationsOfAnImageOfAnotherSizeCannotBeUsed() throws {
        let folder = TemporaryFolder()
        let annotations = try dataset(folder, Self.json()).annotations(ofImage: 0, width: 3, height: 4, view: nil)
        #expect(annotations.samples.isEmpty && annotations.notes.unusable == 3)
        #expect(
            annotations.notes.first.first
                == "annotation 11 of image 3: the file has 3×4 pixels, but \"images\" says 4×3: drawn on the picture as EXIF "
                + "turns it, perhaps; then turn the file first")
        let other = try dataset(folder, Self.json()).annotations(ofImage: 0, width: 5, height: 4, view: nil)
        #expect(
            other.notes.first.first == "annotation 11 of image 3: the file has 5×4 pixels, but \"images\" says 4×3")
        var strict = DatasetRules()
        strict.failsOnBadAnnotation = true
        let failing = try dataset(folder, Self.json(), rules: strict)
        #expect(throws: DatasetError.self) { try failing.samples(ofImage: 0, width: 3, height: 4) }
    }

    @Test func missingFile() {
        #expect(throws: DatasetError.unreadable(file: "/nowhere.json", reason: "No such file or directory")) {
            try COCODataset(
                annotations: [(.train, "/nowhere.json")], imageFolders: [], hasVector: { _ in true },
                rules: DatasetRules())
        }
    }

    /// All 1,932 samples of the real sample, merged and not, against pycocotools and the oracle.
    @Test(.enabled(if: reference != nil, "the real data (LAVISE_REFERENCE) is not here"))
    func realSampleAsPycocotools() throws {
        let root = try #require(reference) + "/data", golden = fixtureLines("coco-sample.txt")
        let words = Set(
            try String(contentsOfFile: root + "/glove.6B.300d.sample.txt", encoding: .utf8).split(separator: "\n").map {
                $0.prefix { $0 != " " }
            })
        func read(_ rules: DatasetRules) throws -> COCODataset {
            try COCODataset(
                annotations: [
                    (.validation, root + "/coco-sample/annotations/instances_val2017.json"),
                    (.train, root + "/coco-sample/annotations/instances_train2017.json"),
                ],
                imageFolders: [
                    (.train, root + "/coco-sample/train2017"), (.validation, root + "/coco-sample/val2017"),
                ],
                hasVector: { words.contains(Substring($0)) }, rules: rules)
        }
        var unmerged = DatasetRules()
        unmerged.mergeInstances = false
        let datasets = [try read(DatasetRules()), try read(unmerged)]
        #expect(datasets[0].concepts == Array(golden[0].dropFirst()) && datasets[0].images.count == golden.count - 1)
        var merged = 0
        for (row, line) in golden.dropFirst().enumerated() {
            let image = datasets[0].images[row]
            #expect(String(image.id) == line[1] && String(image.split.rawValue) == line[2])
            merged += try datasets[0].samples(ofImage: row, width: Int(line[3])!, height: Int(line[4])!).count
            for (dataset, expected) in zip(datasets, line[6...]) {
                let samples = try dataset.samples(ofImage: row, width: Int(line[3])!, height: Int(line[4])!)
                var hash = FNV()
                for sample in samples {
                    hash.add([UInt8(sample.concepts.count)] + sample.concepts.map { UInt8($0) })
                    hash.add(sample.mask.packed)
                }
                #expect(hash.hex == expected, "image \(image.id)")
            }
        }
        #expect(merged == golden.dropFirst().reduce(0) { $0 + Int($1[5])! } && merged == 1932)
    }
}
