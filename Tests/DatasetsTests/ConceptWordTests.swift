import Datasets
import Foundation
import Testing

/// Names as labelling tools write them, against words as GloVe has them.
@Suite struct ConceptWordTests {
    private static let vectors = [
        "dog", "fire", "hydrant", "traffic", "light", "car", "cat", "cafe\u{301}", "street", "sign",
    ]
    private static let known: @Sendable (String) -> Bool = { word in
        vectors.contains { $0.utf8.elementsEqual(word.utf8) }
    }

    private let folder = TemporaryFolder()

    /// A COCO file with a category a name, and as many annotations of each as are said.
    private func coco(_ names: [(String, annotations: Int)], _ matching: WordMatching, _ whole: NameConcepts = .split)
        throws -> COCODataset
    {
        let categories = names.enumerated().map { #"{"id": \#($0), "name": "\#($1.0)"}"# }
        let annotations = names.enumerated().flatMap { id, name in
            (0..<name.annotations).map {
                #"{"id": \#(id * 100 + $0), "image_id": 1, "category_id": \#(id), "segmentation": [[0, 0, 2, 0, 2, 2]]}"#
            }
        }
        let path = folder.write(
            "own.json",
            """
            {"images": [{"id": 1, "file_name": "a.jpg", "width": 4, "height": 3}], "annotations": [\(annotations.joined(separator: ", "))],
             "categories": [\(categories.joined(separator: ", "))]}
            """)
        var rules = DatasetRules()
        (rules.words, rules.names) = (matching, whole)
        return try COCODataset(
            annotations: [(.train, path)], imageFolders: [(.train, "")], hasVector: Self.known, rules: rules)
    }

    private static let own: [(String, annotations: Int)] = [
        ("cat", 3), ("Dog", 10), ("fire_hydrant", 7), ("traffic-light", 7), ("car\u{a0}light", 2), ("Qwx", 1),
        ("never annotated", 0),
    ]

    @Test func namesWithoutAVectorAreCountedWithWhatTheyWouldMatch() throws {
        let dataset = try coco(Self.own, .exact)
        #expect(dataset.concepts == ["cat"] && dataset.partlyMatched.isEmpty)
        #expect(
            dataset.unmatched == [
                UnmatchedName(name: "Dog", annotations: 10, match: "dog"),
                UnmatchedName(name: "fire_hydrant", annotations: 7, match: "fire hydrant"),
                UnmatchedName(name: "traffic-light", annotations: 7, match: "traffic light"),
                UnmatchedName(name: "car\u{a0}light", annotations: 2, match: "car light"),
                UnmatchedName(name: "Qwx", annotations: 1, match: nil),
            ])
    }

    @Test func foldedNamesAreFound() throws {
        let dataset = try coco(Self.own, .folded)
        #expect(dataset.concepts == ["car", "cat", "dog", "fire", "hydrant", "light", "traffic"])
        #expect(dataset.unmatched == [UnmatchedName(name: "Qwx", annotations: 1, match: nil)])
        #expect(
            try dataset.samples(ofImage: 0, width: 4, height: 3).map { $0.concepts.map { dataset.concepts[Int($0)] } }
                == [["car", "light"], ["cat"], ["dog"], ["fire", "hydrant"], ["traffic", "light"]])
    }

    @Test func wholeNamesAreOneConcept() throws {
        let dataset = try coco(Self.own + [("traffic  qwx light", 1), ("fire hydrant", 1)], .folded, .whole)
        #expect(dataset.concepts == ["car light", "cat", "dog", "fire hydrant", "traffic light"])
        #expect(
            dataset.partlyMatched == [UnmatchedName(name: "traffic  qwx light", annotations: 1, match: "traffic light")]
        )
        #expect(
            try dataset.samples(ofImage: 0, width: 4, height: 3).map { $0.concepts.map { dataset.concepts[Int($0)] } }
                == [["car light"], ["cat"], ["dog"], ["fire hydrant"], ["traffic light"]])
    }

    @Test func nothingFoundSaysWhatFoldingWouldFind() {
        let error = #expect(throws: DatasetError.self) { try coco([("Dog", 1), ("Qwx", 1)], .exact) }
        #expect(
            error?.description.hasSuffix(
                "no word of any category's name has a vector in the word embedding: 'Dog', 'Qwx'; with dataset.words=folded some have"
            ) ?? false)
    }

    /// "é" as one scalar and as two are two words, of which the embedding has one.
    @Test func wordsThatOnlyLookTheSameAreTwo() throws {
        for names in [["caf\u{e9}", "cafe\u{301}"], ["cafe\u{301}", "caf\u{e9}"]] {
            let dataset = try coco(names.map { ($0, 1) }, .exact)
            #expect(dataset.concepts.map { Array($0.utf8) } == [Array("cafe\u{301}".utf8)])
            #expect(dataset.unmatched.map { Array($0.name.utf8) } == [Array("caf\u{e9}".utf8)])
        }
    }

    @Test(arguments: WordMatching.allCases) func synsets(matching: WordMatching) throws {
        let objects = ["dog.n.01", "street_sign.n.01", "Street_Sign.n.02", "qwx.n.01", "dog_qwx.n.01"].map {
            #"{"synsets": ["\#($0)"], "h": 1, "w": 1, "x": 0, "y": 0, "object_id": 1, "names": []}"#
        }.joined(separator: ", ")
        let path = folder.write(
            "objects.json", #"[{"image_id": 1, "objects": [\#(objects)]}, {"image_id": 2, "objects": [\#(objects)]}]"#)
        var rules = DatasetRules()
        (rules.minimumCount, rules.validationShare, rules.words) = (1, 0.5, matching)
        let dataset = try VisualGenomeDataset(objects: path, imageFolders: [""], hasVector: Self.known, rules: rules)
        let unknown = UnmatchedName(name: "qwx", annotations: 2, match: nil)
        switch matching {
        case .exact:
            #expect(dataset.concepts == ["dog"])
            #expect(
                dataset.unmatched == [
                    UnmatchedName(name: "Street_Sign", annotations: 2, match: "street sign"),
                    UnmatchedName(name: "dog_qwx", annotations: 2, match: "dog"), unknown,
                    UnmatchedName(name: "street_sign", annotations: 2, match: "street sign"),
                ])
        case .folded:
            #expect(dataset.concepts == ["dog", "sign", "street"] && dataset.unmatched == [unknown])
            #expect(dataset.partlyMatched == [UnmatchedName(name: "dog_qwx", annotations: 2, match: "dog")])
            // Both synsets of two words are in the same place: one mask a concept.
            #expect(try dataset.samples(ofImage: 0, width: 4, height: 3).map(\.concepts) == [[0], [1], [2]])
        }
    }
}
