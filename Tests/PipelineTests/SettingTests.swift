import Foundation
import Pipeline
import Testing

/// `--set`, matrices, and where errors of experiment files point.
@Suite struct SettingTests {
    private static let text = """
        {
          "name": "x", "$note": "seed, protocol.deviations",
          "dataset": {"kind": "coco", "root": "coco"},
          "embedding": {"kind": "glove", "path": "glove.txt"},
          "backbone": {"architecture": "resnet18", "weights": {"path": "w.pth"}},
          "claims": [
            {"source": "A", "method": "image", "k": 5, "published": 0.1},
            {"source": "A", "k": 10, "method": "image", "published": 0.2}
          ]
        }
        """

    private func read(_ settings: [String] = [], seeds: [Int]? = nil, _ change: (inout String) -> Void = { _ in })
        throws -> ExperimentFile
    {
        var text = Self.text
        change(&text)
        return try ExperimentFile(json: text, file: "x.json", settings: settings, seeds: seeds)
    }

    private func message(_ settings: [String], seeds: [Int]? = nil, _ change: (inout String) -> Void = { _ in })
        -> String
    {
        do {
            let file = try read(settings, seeds: seeds, change)
            return "read: \(file.variants.map(\.labels))"
        } catch { return "\(error)" }
    }

    private func replaced(_ old: String, _ new: String) -> String {
        message([]) { $0 = $0.replacingOccurrences(of: old, with: new) }
    }

    @Test func errorsPointAtTheirKey() {
        #expect(
            replaced("\"k\": 10", "\"k\": 0")
                == #"x.json:8:26: "claims.1.k" must be a whole number from 1 to 10000; it is 0"#)
        #expect(replaced("\"k\": 10, ", "") == #"x.json:8:5: "claims.1" lacks "k", which must be a whole number"#)
        #expect(replaced("\"k\": 10", "\"kk\": 10") == #"x.json:8:21: unknown key "claims.1.kk"; did you mean "k"?"#)
        #expect(
            replaced("\"root\": \"coco\"", "\"root\": \"a\", \"root\": \"b\"")
                == #"x.json:3:44: the key "root" stands twice"#)
        #expect(replaced("\"root\": \"coco\"", "\"root\": null").hasPrefix(#"x.json:3:39: "dataset" lacks "root""#))
        #expect(
            replaced("[\n", "[\n {\"source\": \"A\", \"order\": [\"image\", \"image\"]},\n")
                == #"x.json:7:27: "claims.0.order" must be a list of at least two different methods; it is ["image","image"]"#
        )
        #expect(
            replaced("[\n", "[\n {\"source\": \"A\", \"order\": [\"image\", \"original\"], \"k\": 5},\n").hasPrefix(
                #"x.json:7:55: "claims.0.k" must be absent"#))
        #expect(
            replaced("\"name\": \"x\"", "\"name\": \"x\", \"evaluate\": {\"ks\": [5,\n 1.5]}")
                == #"x.json:3:2: "evaluate.ks.1" must be a whole number; it is 1.5"#)
        #expect(
            replaced("\"name\": \"x\"", "\"name\": \"x\", \"train\": {\"epochs\": 1e99}").hasPrefix(
                #"x.json:2:36: "train.epochs" must be"#))
        #expect(replaced("{\n  \"name\"", "[],{\n \"name\"") == "x.json:1:3: expected the end, found ','")
        #expect(replaced("}\n  ]\n}", "}\n  ],\n}") == "x.json:10:1: expected a key in quotes, found '}'")
    }

    @Test func textsThatAreNotUTF8AreRefused() throws {
        for name in [[0xff], [0xC0, 0xAF], [0xED, 0xA0, 0x80]] as [[UInt8]] {
            let bytes = Array("{\"name\": \"".utf8) + name + Array("\"}".utf8)
            let error = #expect(throws: ExperimentError.self) { try ExperimentFile(json: bytes, file: "x.json") }
            #expect(error?.description == "x.json:1:11: this string is not UTF-8")
        }
    }

    /// However often the keys' names stand elsewhere.
    @Test(arguments: [("seed", "evaluate.topImages"), ("evaluate.topImages", "seed")])
    func axesKeepTheOrderOfTheMatrix(first: String, second: String) throws {
        let matrix = "\"matrix\": {\"\(first)\": [1, 2], \"$note\": 1, \"\(second)\": [3, 4]},"
        let other = "\"$other\": {\"seed\": [7], \"evaluate.topImages\": [8], \"seed.\": 1}"
        for text in ["\(matrix) \(other),", "\(other), \(matrix)"] {
            let file = try read { $0 = $0.replacingOccurrences(of: "\"name\"", with: text + "\"name\"") }
            #expect(file.matrixKeys == [first, second])
            #expect(file.variants.map(\.labels) == [["1", "3"], ["1", "4"], ["2", "3"], ["2", "4"]])
        }
    }

    @Test(arguments: [
        ("\"seed\": [1, 2, 1]", "x.json:2:29: \"matrix.seed\" has 1 twice"), ("\"seed\": [1, 1.0]", "has 1.0 twice"),
        ("\"seed\": [0, null]", "\"matrix.seed\" has 0 twice"),
        ("\"evaluate.ks\": [[5], [6], [5]]", "\"matrix.evaluate.ks\" has [5] twice"),
        ("\"seed\": []", "must be a list of values that is not empty"),
        ("\"seed\": 1", "must be a list"), ("\"seed.\": [1]", "unknown key \"matrix.seed.\""),
        ("\"name\": [\"a\"]", "unknown key \"matrix.name\""), ("\"\": [1]", "unknown key \"matrix.\""),
        ("\"sed\": [1]", "did you mean \"seed\"?"), ("\"claims.0.k\": [5]", "unknown key \"matrix.claims.0.k\""),
        ("\"train.epohcs\": [1]", "x.json:2:14: unknown key \"train.epohcs\"; did you mean \"epochs\"?"),
        ("\"train.epochs\": [1, 0]", "x.json:2:34: \"train.epochs\" must be a whole number"),
        (
            "\"dataset.limit\": [1], \"dataset\": [{\"kind\": \"coco\", \"root\": \"a\"}]",
            "would write over \"matrix.dataset.limit\""
        ),
        ("\"train.epochs.a\": [1]", "\"train.epochs\" must be a whole number"),
        ("\"seed\": [1], \"seed.a\": [1]", "\"matrix.seed.a\" cannot be set: \"seed\" is 1 and has no \"a\""),
        ("\"seed\": [\(Array(0...10_000).map(String.init).joined(separator: ","))]", "more than 10000 rows"),
        (
            "\"seed\": [\(Array(0...200).map(String.init).joined(separator: ","))], \"train.epochs\": [\(Array(1...200).map(String.init).joined(separator: ","))]",
            "more than 10000 rows"
        ),
    ])
    func matricesThatSayTwoThingsAreRefused(matrix: String, expected: String) {
        let found = replaced("\"name\": \"x\",", "\"matrix\": {\(matrix)}, \"name\": \"x\",")
        #expect(found.contains(expected), "\(found)")
    }

    @Test(arguments: [
        ("a..b=1", "--set a..b=1: a part of the key is empty"), (".a=1", "a part of the key is empty"),
        ("a.=1", "a part of the key is empty"), ("=1", "a part of the key is empty"),
        ("seed", "--set seed: expected KEY=VALUE"), ("", "expected KEY=VALUE"),
        ("matrix.=[1]", "a part of the key is empty"),
        ("seed=-1", "--set seed=-1: \"seed\" must be a whole number of at least 0; it is -1"),
        ("train.epohcs=3", "--set train.epohcs=3: unknown key \"train.epohcs\"; did you mean \"epochs\"?"),
        ("dataset.root=null", "--set dataset.root=null: \"dataset\" lacks \"root\""),
        ("evaluate.ks=[5,]", "--set evaluate.ks=[5,]: character 4 of the value: expected a value"),
        ("evaluate={\"ks\": [5], \"ks\": [6]}", "character 13 of the value: the key \"ks\" stands twice"),
        ("name=\"a", "character 1 of the value: this string has no end"),
        ("claims.1.k=0", "--set claims.1.k=0: \"claims.1.k\" must be a whole number from 1 to 10000"),
        ("claims.2.k=5", "--set claims.2.k=5: \"claims\" is a list of 2; its elements count from 0"),
        ("claims.k=5", "is a list of 2"), ("claims.-1.k=5", "is a list of 2"), ("claims.01.k=5", "is a list of 2"),
        ("name.a=1", "--set name.a=1: \"name\" is \"x\" and has no \"a\""),
        ("dataset.kind.deviations=[]", "\"dataset.kind\" is \"coco\" and has no \"deviations\""),
        ("train.learningRate=NaN", "it is \"NaN\""), ("train.epochs=1e999", "it is \"1e999\""),
        ("seed=01", "it is \"01\""), ("matrix.seed=[1,1]", "--set matrix.seed=[1,1]: \"matrix.seed\" has 1 twice"),
        (
            "matrix.protocol.deviations=[[],[\"lowQuantil\"]]",
            "--set matrix.protocol.deviations=[[],[\"lowQuantil\"]]: \"protocol.deviations\" is \"lowQuantil\""
        ),
    ])
    func errorsOfASettingNameTheSetting(setting: String, expected: String) {
        let found = message([setting])
        #expect(found.contains(expected), "\(found)")
        #expect(found.hasPrefix("--set "), "\(found)")
    }

    @Test func settingsReachEveryKey() throws {
        #expect(
            try read(["matrix.protocol.deviations=[[],[\"lowQuantile\"]]", "matrix.seed=[0,1]"]).matrixKeys == [
                "protocol.deviations", "seed",
            ])
        #expect(try read(["matrix.train.epochs=[1,2]"]).variants.map(\.experiment.train.epochs) == [1, 2])
        #expect(try read(["matrix={\"seed\": [4]}", "matrix=null"]).matrixKeys == [])
        let claims = try read(["claims.1.k=20"]).variants[0].experiment.claims
        #expect(claims.published("image", 20) == 0.2 && claims.published("image", 5) == 0.1)
        #expect(try read(["seed=1.0"]).variants[0].experiment.seed == 1)
        #expect(try read(["seed=1", "seed=2"]).variants[0].experiment.seed == 2)
        #expect(try read(["title=\"[a\""]).title == "[a")
        #expect(
            try read(["protocol=fact2023", "protocol.base=paper"]).variants[0].experiment.protocolName.rawValue
                == "paper")
        #expect(try read(["title=a=b.c"]).title == "a=b.c")
    }

    @Test func settingsWithoutEffectAreRefused() {
        #expect(message(["seed=3"], seeds: [0, 1]).hasPrefix("--set seed=3: it would have no effect"))
        #expect(
            message(["matrix.dataset.limit=[1,2]", "dataset.limit=3"]).hasPrefix(
                "--set dataset.limit=3: it would have no effect"))
        #expect(message(["matrix.protocol.deviations=[[]]", "protocol=fact2023"]) == "read: [[\"none\"]]")
        #expect(message(["matrix.seed=[7]"], seeds: [0, 1]) == "read: [[\"0\"], [\"1\"]]")
    }
}
