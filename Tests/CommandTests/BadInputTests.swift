import Foundation
import TestSupport
import Testing

/// Bad input gives one clear error with the right exit code, and leaves no results behind.
@Suite(.waits) struct BadInputTests {
    private func expect(
        _ code: Int32, _ texts: [String], _ settings: [String] = [], _ spoil: (Command) throws -> Void = { _ in }
    ) throws {
        try Command.with { command in
            try command.makeExperiment()
            try spoil(command)
            var outcome: Command.Outcome
            switch settings.count {
            case 0: outcome = try command.run("run", "x.json")
            default: outcome = try command.run("run", "x.json", "--set", settings[0])
            }
            #expect(outcome.code == code, "\(outcome.errors)")
            let errors = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("error:") }
            #expect(errors.count == 1)
            for text in texts { #expect(outcome.errors.contains(text), "\(outcome.errors)") }
            #expect(!FileManager.default.fileExists(atPath: command.path("results")))
            outcome = try command.run("status", "x.json")
            #expect(outcome.code == 0 || settings.isEmpty == false || code == 2, "\(outcome.errors)")
        }
    }

    @Test func missingFile() throws {
        try expect(1, ["preprocess", "train2017"]) {
            try FileManager.default.removeItem(atPath: $0.path("data/scenes/train2017"))
        }
    }

    @Test func missingExperiment() throws {
        try Command.with { command in
            let outcome = try command.run("run", "nothing.json")
            #expect(outcome.code == 2 && outcome.errors.contains("nothing.json: no such experiment file"))
        }
    }

    @Test func truncatedJPEG() throws {
        try Command.with { command in
            try command.makeExperiment()
            let image = try command.image("val2017")
            try command.edit(image) { $0 = $0.prefix($0.count / 2) }
            let outcome = try command.run("run", "x.json")
            #expect(
                outcome.code == 1 && outcome.errors.contains(URL(fileURLWithPath: image).lastPathComponent),
                "\(outcome.errors)")
            let skipped = try command.run("run", "x.json", "--set", "dataset.onBadImage=skip")
            #expect(
                skipped.code == 0 && skipped.output.contains("1 images could not be read and were skipped"),
                "\(skipped.errors)")
        }
    }

    @Test func annotationsCutInTheMiddle() throws {
        try expect(1, ["instances_train2017.json"]) {
            try $0.edit("data/scenes/annotations/instances_train2017.json") { $0 = $0.prefix($0.count / 2) }
        }
    }

    @Test func unknownKey() throws {
        try expect(2, ["unknown key \"evaluate.topImage\"", "did you mean \"topImages\"?"], ["evaluate.topImage=3"])
    }

    @Test func unknownLayer() throws { try expect(2, ["layer5", "did you mean"], ["backbone.layer=layer5"]) }

    @Test func wordVectorsOfUnequalLength() throws {
        try expect(1, ["glove.txt:3", "300"]) { command in
            try command.edit("data/scenes/glove.txt") { data in
                var lines = String(decoding: data, as: UTF8.self).split(
                    separator: "\n", omittingEmptySubsequences: false)
                lines[2] = lines[2].prefix(lines[2].count / 2)
                data = Data(lines.joined(separator: "\n").utf8)
            }
        }
    }

    @Test func pickleThatCallsSomething() throws {
        try expect(
            1, ["w.pth", "posix.system"],
            [#"backbone={"architecture":"resnet18","layer":"layer1","weights":{"path":"w.pth"}}"#]
        ) { command in
            let fixture = URL(fileURLWithPath: #filePath).appending(
                path: "../../NetworksTests/Fixtures/Checkpoints/evil_legacy.pth"
            ).standardized
            try FileManager.default.copyItem(at: fixture, to: URL(fileURLWithPath: command.path("data/w.pth")))
        }
    }

    @Test(arguments: [("train2017", "train"), ("val2017", "validation")])
    func splitWithoutInstances(split: String, name: String) throws {
        try expect(1, ["no image of the \(name) split has an annotation"]) { command in
            try command.edit("data/scenes/annotations/instances_\(split).json") { data in
                var json = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
                json?["annotations"] = [Any]()
                data = (try? JSONSerialization.data(withJSONObject: json ?? [:])) ?? Data()
            }
        }
    }

    @Test func noConceptHasAVector() throws {
        try expect(1, ["nothing to work on", "has a vector"]) {
            try $0.write("data/scenes/glove.txt", "zzz " + (0..<300).map { _ in "0.1" }.joined(separator: " ") + "\n")
        }
    }
}
