import Foundation
import Graphs
import TestSupport
import Testing

/// docs/your-own-model.md as written: its commands and its experiment, with a small network in every kind of file.
@Suite(.waits) struct OwnModelTests {
    static let repository = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardized.path
    static let folder = repository + "/Tests/CommandTests/Fixtures/own"

    /// The files that the document speaks of, beside each other and in the data folder; `dog.jpg` and `cat.jpg` are
    /// drawn scenes.
    static func prepare(_ command: Command) throws {
        try command.makeExperiment()
        for name in ["mine.onnx", "mine.pt2"] {
            for place in ["", "data/"] {
                try FileManager.default.copyItem(atPath: "\(folder)/\(name)", toPath: command.path(place + name))
            }
        }
        for (name, split) in [("dog.jpg", "train2017"), ("cat.jpg", "val2017")] {
            try FileManager.default.copyItem(atPath: command.path(command.image(split)), toPath: command.path(name))
        }
    }

    /// A checkpoint of small numbers for one of torchvision's models, as safetensors: what a file holds counts, not its
    /// name.
    /// - Parameter naming: what the file calls a tensor.
    static func writeCheckpoint(
        of model: String, classes: Int = 1000, to path: String, naming: (String) -> String = { $0 }
    ) throws {
        let graph = try Graph(torchvision: model)
        var header: [String: Any] = [:], numbers = Data()
        for (place, name) in graph.parameters.sorted(by: { $0.value < $1.value }) {
            var shape = graph.values[place].shape
            if shape.first == 1000 { shape[0] = classes }
            let count = shape.reduce(1, *), inputs = shape.dropFirst().reduce(1, *)
            let list = (0..<count).map { index -> Float in
                if name.hasSuffix("running_var") { return 1 }
                let x = Double(index + name.utf8.count) * 0.6180339887498949
                return Float((x - x.rounded(.down) - 0.5) * (6 / Double(max(inputs, 1))).squareRoot())
                    + (shape.count == 1 && name.hasSuffix("weight") ? 1 : 0)
            }
            header[naming(name)] = [
                "dtype": "F32", "shape": shape, "data_offsets": [numbers.count, numbers.count + 4 * count],
            ]
            list.withUnsafeBytes { numbers.append(contentsOf: $0) }
        }
        let json = try JSONSerialization.data(withJSONObject: header)
        var file = Data()
        withUnsafeBytes(of: UInt64(json.count).littleEndian) { file.append(contentsOf: $0) }
        try (file + json + numbers).write(to: URL(fileURLWithPath: path))
    }

    /// The document's lines that are indented as commands, as a shell would part them.
    static func commands(_ text: String) -> [[String]] {
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("    lavise-pipeline ") }
        return lines.map { line -> [String] in
            var words: [String] = []
            for (index, part) in line.split(separator: "'", omittingEmptySubsequences: false).enumerated() {
                if index % 2 == 1 {
                    words.append(String(part))
                } else {
                    words += part.split(separator: " ").map(String.init)
                }
            }
            return words.dropFirst().map { $0 == "DATA" ? "data" : $0 }
        }
    }

    /// The indented block that begins with a line, without its indentation.
    private static func block(_ text: String, from first: String) throws -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0 == "    " + first }, "\(first)")
        return lines[start...].prefix { $0.hasPrefix("    ") }.map { String($0.dropFirst(4)) }.joined(separator: "\n")
    }

    /// Of this network: its last map, and fewer epochs and filters than a study would take.
    private static func small(_ json: String) -> String {
        json.replacingOccurrences(of: "\"features.18\"", with: "\"features.4\"")
    }
    private static let few = [
        "--set", "train.epochs=1", "--set", "train.batchSize=8", "--set",
        "evaluate={\"filters\": [0, 1], \"topImages\": 2, \"methods\": [\"original\"]}",
    ]

    @Test func commandsOfTheDocument() throws {
        let text = try String(contentsOfFile: Self.repository + "/docs/your-own-model.md", encoding: .utf8)
        try Command.with { command in
            try Self.prepare(command)
            try Self.writeCheckpoint(of: "mobilenet_v2", to: command.path("mine.pth"))
            try FileManager.default.copyItem(atPath: command.path("mine.pth"), toPath: command.path("data/mine.pth"))
            try FileManager.default.createDirectory(
                atPath: command.path("experiments"), withIntermediateDirectories: true)
            let experiment = try Self.block(text, from: "{").replacingOccurrences(
                of: "\"coco-sample\"", with: "\"scenes\""
            )
            .replacingOccurrences(of: "\"glove.6B.300d.sample.txt\"", with: "\"scenes/glove.txt\"")
            try command.write("experiments/mine.json", experiment)
            let commands = Self.commands(text)
            #expect(
                commands.count >= 7 && commands.contains { $0.contains("run") }
                    && commands.contains { $0.contains("--check") })
            for arguments in commands {
                let isRun = ["run", "report"].contains(arguments[0])
                let outcome = try command.run(arguments + (isRun ? Self.few : []))
                #expect(outcome.code == 0, "\(arguments): \(outcome.errors)")
                if arguments[0] == "layers" { #expect(!outcome.output.isEmpty, "\(arguments)") }
            }
            // The same experiment on the model files, as the document says a file in an experiment.
            let byName = try #require(experiment.split(separator: "\n").first { $0.contains("\"backbone\"") })
            for file in ["mine.onnx", "mine.pt2"] {
                let backbone = try Self.small(
                    Self.block(text, from: "\"backbone\": {").replacingOccurrences(of: "mine.onnx", with: file))
                try command.write(
                    "experiments/mine.json", experiment.replacingOccurrences(of: byName, with: backbone + ","))
                let outcome = try command.run(["run", "mine", "--data", "data"] + Self.few)
                #expect(outcome.code == 0 && outcome.output.contains("| original |"), "\(file): \(outcome.errors)")
            }
        }
    }
}
