import Datasets
import Foundation
import HDF5
import Pipeline
import Testing

@Suite struct EntityListTests {
    private func list(_ text: String) throws -> EntityList {
        let path = FileManager.default.temporaryDirectory.appending(path: "entities-\(UUID().uuidString).txt").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return try EntityList(contentsOf: path)
    }

    private static let vocabulary = ["tree", "dining table", "traffic light", "bird\r", "é", "car"]

    /// Blanks, tabs, carriage returns and a byte order mark around a word are no part of it; blank lines are nothing.
    @Test(arguments: [
        "tree\ncar\n", "tree\ncar", "tree \n\n  car\t\n \n", "tree\r\ncar\r\n", "tree\r\ncar",
        "\u{FEFF}tree\n\u{A0}car\n", "\n\ncar\ntree\ntree\n",
    ])
    func blanksAreNoPartOfAWord(_ text: String) throws {
        let chosen = try list(text).chosen(of: Self.vocabulary, .init(words: .exact, names: .split))
        #expect(chosen.places == [0, 5] && chosen.unmatched.lines.isEmpty && chosen.unmatched.note == nil)
    }

    /// A word of the vocabulary that ends in a carriage return is itself; other bytes are another word.
    @Test func wordsAreBytes() throws {
        #expect(
            try list("tree\nbird\r\n").chosen(of: Self.vocabulary, .init(words: .exact, names: .split)).places == [
                0, 3,
            ])
        let chosen = try list("e\u{301}\ntree\n").chosen(of: Self.vocabulary, .init(words: .exact, names: .split))
        #expect(chosen.places == [0] && chosen.unmatched.lines.map(\.number) == [1])
    }

    /// Where every line ends in a carriage return, they are Windows' line ends and no word's.
    @Test(arguments: [
        ("bird\r\ntree\r\n", [4, 5]), ("bird\r\n\ntree\r\n", [4, 5]), ("bird\r\ntree\n", [0, 5]),
        ("bird \ntree \n", [1, 5]), ("\r\nbird\r\n", [4]),
    ])
    func lineEndsOfWindows(text: String, places: [Int]) throws {
        let words = ["bird\r", "bird ", "\r", "car", "bird", "tree"]
        #expect(try list(text).chosen(of: words, .init(words: .exact, names: .split)).places == places)
    }

    @Test func linesThatNameNothingAreToldWithTheirNumbers() throws {
        let chosen = try list("tree\nTree\n\ntraffic_light\ndinning table\nxyzzy\u{1b}\n").chosen(
            of: Self.vocabulary, .init(words: .exact, names: .split))
        #expect(chosen.places == [0])
        #expect(
            chosen.unmatched.note
                == "4 of 5 lines of evaluate.entities name no word of the vocabulary: line 2 \"Tree\" (did you mean tree?), "
                + "line 4 \"traffic_light\" (did you mean traffic light?), line 5 \"dinning table\" (did you mean dining table?), "
                + "line 6 \"xyzzy\\u{1b}\"")
        let many = try list((0..<14).map { "nothing\($0)\n" }.joined()).chosen(
            of: Self.vocabulary, .init(words: .exact, names: .split)
        ).unmatched
        #expect(many.note?.hasSuffix("line 10 \"nothing9\", and 4 more (/entities in evaluation.h5)") == true)
    }

    /// As `dataset.words` and `dataset.names` take the names of categories: one concept of several words, or each of them.
    @Test(arguments: [
        ("Dining_Table\n", WordMatching.folded, NameConcepts.whole, ["dining table"]),
        ("dining-table\n", .folded, .split, ["dining table"]),
        ("TREE\nFire\u{A0}Hydrant\n", .folded, .split, ["tree", "fire", "hydrant"]),
        ("fire hydrant\r\n", .exact, .split, ["fire", "hydrant"]),
        ("fire hydrant\ntree\n", .exact, .whole, ["tree"]), ("fire_hydrant\ntree\n", .exact, .split, ["tree"]),
        ("Tree\ncar\n", .exact, .split, ["car"]), ("fire engine\ncar\n", .folded, .split, ["car"]),
    ])
    func linesAreComparedAsTheDatasetSays(
        _ text: String, _ matching: WordMatching, _ names: NameConcepts, _ words: [String]
    ) throws {
        let vocabulary = Self.vocabulary + ["fire", "hydrant"]
        let chosen = try list(text).chosen(of: vocabulary, .init(words: matching, names: names))
        #expect(Set(chosen.places.map { vocabulary[$0] }) == Set(words))
        let lines = text.split { $0.isNewline }.count
        #expect(chosen.unmatched.lines.count == (lines > 1 && words.count == 1 ? 1 : 0))
    }

    @Test func theyAreKeptInTheFile() throws {
        let unmatched = UnmatchedEntities(
            of: 5, lines: [.init(number: 2, text: "tre", match: "tree"), .init(number: 9, text: "x", match: "")])
        for kept in [unmatched, UnmatchedEntities(of: 0, lines: [])] {
            let path = FileManager.default.temporaryDirectory.appending(path: "entities-\(UUID().uuidString).h5").path
            defer { try? FileManager.default.removeItem(atPath: path) }
            let file = try HDF5File.create(path)
            try kept.write(to: file)
            try file.write("other", [1] as [Int64])
            try file.close()
            #expect(try UnmatchedEntities(from: HDF5File.open(path)) == kept)
        }
    }

    /// From the list to the table's footnote.
    @Test func aRunTellsThem() throws {
        try Workspace.with { workspace in
            try demoScenes(16, to: workspace.root + "/data/scenes")
            let names = try String(contentsOfFile: workspace.root + "/data/scenes/glove.txt", encoding: .utf8)
                .split(separator: "\n").map { String($0.prefix { $0 != " " }) }
            try (names.map { $0 + " \r" } + ["nosuchword"]).joined(separator: "\n").write(
                toFile: workspace.root + "/data/words.txt", atomically: true, encoding: .utf8)
            let plan = try workspace.plan(
                """
                {"name": "entities", "dataset": {"kind": "coco", "root": "scenes"}, "embedding": {"kind": "glove", "path": "scenes/glove.txt"},
                 "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "train": {"epochs": 1, "batchSize": 8},
                 "evaluate": {"filters": [0, 1], "topImages": 2, "methods": ["original"], "entities": "words.txt"}}
                """)
            let jobs = try workspace.run(plan.plan)
            let table = try String(
                contentsOfFile: #require(jobs["tables"]).path("tables") + "/recall.md", encoding: .utf8)
            #expect(table.contains("lines of evaluate.entities name no word of the vocabulary: "), "\(table)")
            #expect(
                table.contains("line \(names.count + 1) \"nosuchword\"") || table.contains("more (/entities"),
                "\(table)")
        }
    }
}
