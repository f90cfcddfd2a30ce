import Foundation
import Pipeline
import Testing

/// Another tool's descriptions of units, as concepts.
@Suite struct LabelFileTests {
    private func file(_ text: String, layer: String = "layer4") throws -> LabelFile {
        let path = NSTemporaryDirectory() + "labels-\(UUID().uuidString).csv"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return try LabelFile(path, layer: layer, channels: 8)
    }

    /// A description that is a concept, however it is written; or else the concepts among its words, each once.
    @Test func descriptionsNameConcepts() throws {
        let labels = try file("unit,description\n0,Traffic_Light\n1,a bee and a Bee on grass\n2,quux\n5,frob\n")
        let (said, tool) = labels.explanations(
            named: "tool", units: [0, 1, 2, 3, 5], concepts: ["bee", "grass", "traffic light"])
        #expect(said.name == "tool" && said.words.map { $0.map(\.concept) } == [[2], [0, 1], [nil], [], [nil]])
        #expect(tool.unnamed == 2 && tool.first == "quux")
    }

    /// A file of several layers is read for the one that is explained; one of a single layer may call it as it likes.
    @Test func layersAreChosen() throws {
        let two = "layer,unit,description\nlayer3,0,cat\nlayer4,0,dog\n"
        func concepts(_ labels: LabelFile) -> [Int?] {
            labels.explanations(named: "t", units: [0], concepts: ["cat", "dog"]).0.words[0].map(\.concept)
        }
        #expect(try concepts(file(two)) == [1] && concepts(file(two, layer: "layer3")) == [0])
        #expect(try concepts(file("layer,unit,description\nblock,0,cat\n")) == [0])
        #expect(throws: ExperimentError.self) { try file(two, layer: "layer1") }
        #expect(throws: ExperimentError.self) { try file("unit,description\n8,cat\n") }
        #expect(throws: ExperimentError.self) { try file("unit,description\n0,cat\n0,dog\n") }
    }
}
