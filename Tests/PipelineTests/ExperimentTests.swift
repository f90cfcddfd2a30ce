import Foundation
import Pipeline
import Testing

/// Reading experiment files: defaults, and errors that name file, line, key and the nearest known name.
@Suite struct ExperimentTests {
    private static let plain = """
        {
          "name": "x",
          "dataset": {"kind": "coco", "root": "coco"},
          "embedding": {"kind": "glove", "path": "glove.txt"},
          "backbone": {"architecture": "resnet18", "weights": {"path": "w.pth"}}
        }
        """

    private func read(_ json: String, _ settings: [String] = []) throws -> Experiment {
        try ExperimentFile(json: json, file: "x.json", settings: settings).variants[0].experiment
    }

    private func message(_ settings: [String], _ json: String = plain) -> String {
        do { _ = try read(json, settings) } catch { return "\(error)" }
        return ""
    }

    @Test func defaultsAreTheMethods() throws {
        let x = try read(Self.plain)
        #expect(x.backbone.layer == "layer4")
        #expect((x.train.epochs, x.train.batchSize, x.train.learningRate, x.train.dropout) == (10, 512, 1e-4, 0.1))
        #expect(x.evaluate.ks == [5, 10, 20] && x.evaluate.topImages == 25 && x.evaluate.filters == nil)
        #expect(x.evaluate.wordsPerImage == 5 && x.evaluate.ranking == .lift && x.target == nil)
        // The papers' protocol has the words of the embedding and its own epochs; who asks for none has a few pictures.
        #expect(x.deviations.isEmpty && x.train.steps == 500)
        let paper = try read(Self.plain, ["protocol=paper"])
        #expect(paper.deviations == [.embeddingVocabulary] && paper.train.steps == nil)
        #expect(try read(Self.plain, ["train.epochs=3"]).train.steps == nil)
        #expect(try read(Self.plain, ["train.epochs=3", "train.steps=9"]).train.steps == 9)
        #expect(try read(Self.plain, ["evaluate.vocabulary=embedding"]).deviations == [.embeddingVocabulary])
        #expect(try read(Self.plain, ["dataset.kind=visual-genome"]).deviations.isEmpty)
        #expect(try read(Self.plain, ["dataset.kind=visual-genome"]).train.categoryFraction == 0.7)
        #expect(try read(Self.plain, ["dataset.kind=visual-genome"]).dataset.minimumCount == 100)
        #expect(try read(Self.plain).dataset.scenes == 320)
    }

    @Test func fact2023FollowsDatasetAndBackbone() throws {
        let coco = try read(Self.plain, ["protocol=fact2023"]).deviations
        #expect(coco.contains(.maskScale255) && coco.contains(.probedBatchNorm) && !coco.contains(.transposedBoxMask))
        #expect(!coco.contains(.flattenFeatures))
        let genome = try read(Self.plain, ["protocol=fact2023", "dataset.kind=visual-genome"]).deviations
        #expect(!genome.contains(.maskScale255) && genome.contains(.splitByInstance))
        let alexnet = try read(Self.plain, ["protocol=fact2023", "backbone.architecture=alexnet"]).deviations
        #expect(alexnet.contains(.flattenFeatures) && !alexnet.contains(.probedBatchNorm))
    }

    @Test func deviationsCanBeSetAlone() throws {
        #expect(
            try read(Self.plain, [#"protocol.deviations=["lowQuantile"]"#]).deviations == [
                .lowQuantile, .embeddingVocabulary,
            ])
        let without = try read(Self.plain, ["protocol=fact2023", #"protocol.deviations={"lowQuantile": false}"#])
        #expect(!without.deviations.contains(.lowQuantile))
    }

    @Test func unknownKeyNamesLineAndNearest() {
        let text = message([], Self.plain.replacingOccurrences(of: "\"weights\"", with: "\"wieghts\""))
        #expect(text == "x.json:5:44: unknown key \"backbone.wieghts\"; did you mean \"weights\"?")
    }

    @Test(arguments: [
        ("backbone.layer=layer5", "did you mean \"layer1\"?"),
        ("backbone.architecture=resnet19", "not one of alexnet, resnet18, resnet50, vgg11"),
        ("train.epochs=0", "\"train.epochs\" must be a whole number from 1 to 100000"),
        ("train.dropout=1.5", "must be a number from 0.0 to 0.99"),
        ("evaluate.ks=[5, 5]", "must be a rising list"), ("evaluate.filters=[512]", "from 0 to 511"),
        ("name=a/b", "made of letters"),
        ("evaluate.methods=[\"activations\"]", "did you mean \"activation\"?"), ("dataset.root=null", "lacks \"root\""),
        ("protocol.deviations=[\"lowQuantil\"]", "did you mean \"lowQuantile\"?"),
        ("embedding.kind=demo-scenes", "\"glove\" unless"),
        ("dataset={\"kind\": \"demo-scenes\", \"root\": \"a\"}", "\"dataset.root\" must be absent"),
        (
            "claims=[{\"source\": \"A\", \"method\": \"projektion\", \"k\": 5, \"published\": 0.1}]",
            "did you mean \"projection\"?"
        ),
        ("claims=[{\"source\": \"A\", \"order\": [\"image\", \"random\"]}]", "not one of original, image"),
    ])
    func badValuesAreNamed(setting: String, expected: String) {
        #expect(message([setting]).contains(expected), "\(message([setting]))")
    }

    @Test func brokenJSONIsSaidToBeSo() {
        #expect(message([], String(Self.plain.prefix(60))) == "x.json:3:39: this string has no end")
    }

    @Test func matrixMakesAVariantACombination() throws {
        let json = Self.plain.replacingOccurrences(
            of: "\"name\": \"x\",",
            with: """
                "name": "x", "matrix": {"protocol.deviations": [[], ["lowQuantile"]], "seed": [0, 1, 2]},
                """)
        let file = try ExperimentFile(json: json, file: "x.json")
        #expect(file.matrixKeys == ["protocol.deviations", "seed"])
        #expect(
            file.variants.map(\.labels) == [
                ["none", "0"], ["none", "1"], ["none", "2"], ["lowQuantile", "0"], ["lowQuantile", "1"],
                ["lowQuantile", "2"],
            ])
        #expect(file.variants[4].experiment.seed == 1 && file.variants[4].experiment.deviations.contains(.lowQuantile))
    }

    /// Rows are named by their values: lists by their members, objects by their keys in order, what is off by `no`.
    @Test func rowsHaveNames() throws {
        func labels(_ matrix: String) throws -> [[String]] {
            let json = Self.plain.replacingOccurrences(
                of: "\"name\": \"x\",", with: "\"name\": \"x\", \"matrix\": \(matrix),")
            return try ExperimentFile(json: json, file: "x.json").variants.map(\.labels)
        }
        #expect(
            try labels(
                #"{"protocol.deviations": [[], ["keepEmptyMasks", "lowQuantile"], {"lowQuantile": true, "embeddingVocabulary": false}]}"#
            )
                == [["none"], ["keepEmptyMasks + lowQuantile"], ["no embeddingVocabulary + lowQuantile"]])
        #expect(
            try labels(#"{"train.epochs": [1, 2.0], "train.dropout": [0.25]}"#) == [["1", "0.25"], ["2", "0.25"]])
        #expect(throws: (any Error).self) { try labels(#"{"seed": [0, null]}"#) }
        #expect(throws: (any Error).self) { try labels(#"{"seed": [1, 1.0]}"#) }
        #expect(throws: (any Error).self) { try labels(#"{"seed": []}"#) }
    }
}
