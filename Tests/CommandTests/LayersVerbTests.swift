import Foundation
import TestSupport
import Testing

/// What `layers` lists, and what `layers --check` says of pictures.
@Suite(.waits) struct LayersVerbTests {
    private struct Layer: Decodable {
        let name: String, aliases: [String], kind: String, shape: [Int], multiplications: Int
    }
    private struct Answer: Decodable { let index: Int, name: String?, value: Double, share: Double? }
    private struct Document: Decodable {
        struct Picture: Decodable { let image: String, highest: [Answer] }
        let schema: Int, model: String, layers: [Layer], pictures: [Picture]?
    }
    private struct Expected: Decodable { let logits: [Double], shares: [Double] }

    private static let asTrained =
        #"{"resize": 224, "crop": 224, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}"#

    private func document(_ outcome: Command.Outcome) throws -> Document {
        #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        return try JSONDecoder().decode(Document.self, from: Data(outcome.output.utf8))
    }

    @Test func layersOfAName() throws {
        try Command.with { command in
            let document = try document(command.run("layers", "resnet18", "--json"))
            #expect(document.schema == 1 && document.model == "resnet18" && document.pictures == nil)
            let names = document.layers.map(\.name), first = try #require(document.layers.first)
            #expect(
                first.name == "conv1" && first.shape == [64, 112, 112]
                    && first.multiplications == 7 * 7 * 3 * 64 * 112 * 112)
            #expect(Set(names).count == names.count && names.contains("layer3.1.conv2"))
            let last = try #require(document.layers.first { $0.aliases.contains("layer4") })
            #expect(
                last.shape == [512, 7, 7] && last.aliases.contains("layer4.1")
                    && (1.7e9...1.9e9).contains(Double(last.multiplications)))
            // The same for people.
            let table = try command.run("layers", "resnet18").output.split(separator: "\n")
            #expect(
                table.count == document.layers.count + 1 && table[0].hasPrefix("layer ")
                    && table[1].contains("64×112×112") && table[1].contains("118 M"))
        }
    }

    @Test(arguments: ["mine.onnx", "mine.pt2"])
    func layersOfAFile(file: String) throws {
        try Command.with { command in
            try OwnModelTests.prepare(command)
            let layers = try document(command.run("layers", file, "--json")).layers
            #expect(layers.contains { ([$0.name] + $0.aliases).contains("features.4") && $0.shape == [12, 14, 14] })
            // Of an experiment's model.
            try command.edit("x.json") { data in
                data = Data(
                    String(decoding: data, as: UTF8.self).replacingOccurrences(
                        of: #""architecture": "resnet18", "layer": "layer1", "random": true"#,
                        with: #""model": {"path": "\#(file)"}, "layer": "features.4", "preprocess": \#(Self.asTrained)"#
                    ).utf8)
            }
            #expect(try document(command.run("layers", "x.json", "--json")).layers.map(\.name) == layers.map(\.name))
        }
    }

    /// A picture of the model's own size, so that nothing is resampled: PyTorch's numbers in float64.
    @Test(arguments: ["mine.onnx", "mine.pt2"])
    func picturesAreNamed(file: String) throws {
        let expected = try JSONDecoder().decode(
            Expected.self, from: Data(contentsOf: URL(fileURLWithPath: OwnModelTests.folder + "/own.json")))
        try Command.with { command in
            try OwnModelTests.prepare(command)
            let picture = OwnModelTests.folder + "/picture.png"
            let arguments = ["layers", file, "--preprocess", Self.asTrained, "--json", "--check", picture, "dog.jpg"]
            let pictures = try #require(try document(command.run(arguments)).pictures)
            #expect(pictures.map(\.image) == [picture, "dog.jpg"])
            #expect(
                pictures[0].highest.map(\.index)
                    == expected.logits.indices.sorted { expected.logits[$0] > expected.logits[$1] })
            for answer in pictures[0].highest {
                #expect(abs(answer.value - expected.logits[answer.index]) < 1e-4 && answer.name == nil)
                #expect(abs(try #require(answer.share) - expected.shares[answer.index]) < 1e-4)
            }
            // What a wrong order of channels makes of it is seen.
            let other = arguments.map {
                $0 == Self.asTrained
                    ? $0.replacingOccurrences(of: "\"crop\"", with: "\"order\": \"bgr\", \"crop\"") : $0
            }
            let turned = try #require(try document(command.run(other)).pictures)
            #expect(abs(turned[0].highest[0].value - pictures[0].highest[0].value) > 1e-3)
        }
    }

    @Test func classesHaveNames() throws {
        try Command.with { command in
            try OwnModelTests.prepare(command)
            try OwnModelTests.writeCheckpoint(of: "squeezenet1_1", to: command.path("w.safetensors"))
            let arguments = ["layers", "squeezenet1_1", "--weights", "w.safetensors", "--check", "dog.jpg"]
            let pictures = try #require(try document(command.run(arguments + ["--json"])).pictures)
            #expect(
                pictures[0].highest.count == 5
                    && pictures[0].highest.allSatisfy { $0.name?.isEmpty == false && (0..<1000).contains($0.index) })
            let lines = try command.run(arguments).output.split(separator: "\n")
            #expect(
                lines.count == 6 && lines[0] == "dog.jpg" && lines[1].contains(pictures[0].highest[0].name ?? "?")
                    && lines[1].hasSuffix(" %"))
        }
    }

    /// Weights of other classes than ImageNet's, as fine-tuned networks have.
    @Test(arguments: ["resnet18", "squeezenet1_1"])
    func otherClasses(model: String) throws {
        try Command.with { command in
            try OwnModelTests.prepare(command)
            try OwnModelTests.writeCheckpoint(of: model, classes: 7, to: command.path("w.safetensors"))
            let arguments = ["layers", model, "--weights", "w.safetensors", "--check", "dog.jpg", "--json"]
            let highest = try #require(try document(command.run(arguments)).pictures?.first).highest
            #expect(
                highest.count == 5
                    && highest.allSatisfy { $0.name == nil && (0..<7).contains($0.index) && $0.share != nil })
        }
    }

    /// Networks of Places365: 365 classes, names of a model on several GPUs, a DenseNet's of torchvision's first years.
    @Test(arguments: ["resnet18", "densenet121"])
    func namesOfPlaces365(model: String) throws {
        try Command.with { command in
            try OwnModelTests.prepare(command)
            try OwnModelTests.writeCheckpoint(of: model, classes: 365, to: command.path("plain.pth"))
            try OwnModelTests.writeCheckpoint(of: model, classes: 365, to: command.path("places.pth.tar")) { name in
                "module."
                    + name.replacing(#/(denselayer\d+\.)(norm|relu|conv)([12])\./#) {
                        "\($0.1)\($0.2).\($0.3)."
                    }
            }
            let answers = try ["plain.pth", "places.pth.tar"].map {
                try command.run("layers", model, "--weights", $0, "--check", "dog.jpg", "--json")
            }
            #expect(answers.allSatisfy { $0.code == 0 }, "\(answers[1].errors)")
            let pictures = try answers.map { try #require(try document($0).pictures?.first).highest }
            #expect(pictures[0].map(\.index) == pictures[1].map(\.index) && pictures[0].count == 5)
            #expect(pictures[0].map(\.value) == pictures[1].map(\.value))
        }
    }

    private static let published =
        ProcessInfo.processInfo.environment["LAVISE_REFERENCE"].map { $0 + "/data" }
        ?? OwnModelTests.repository + "/../shared/data"
    private static let lite = published + "/models/efficientnet-lite0-57934424.pth"

    /// Under the names of the package that publishes it, with its weights and its own preprocessing.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: lite), "needs the sample data"))
    func efficientNetLiteByItsOwnNames() throws {
        try Command.with { command in
            let picture = Self.published + "/coco-sample/train2017/000000000034.jpg"
            let end = try command.run(
                "layers", "efficientnet_lite0", "--weights", Self.lite, "--check", picture, "--json")
            #expect(end.code == 0, "\(end.errors)")
            let highest = try #require(try document(end).pictures?.first?.highest.first)
            #expect(highest.name == "zebra" && (highest.share ?? 0) > 0.9)
            let layers = try command.run("layers", "efficientnet_lite0").output
            #expect(layers.contains("_blocks.0._depthwise_conv") && layers.contains("1280×7×7"))
        }
    }

    @Test func faultsSayWhatToDo() throws {
        try Command.with { command in
            try OwnModelTests.prepare(command)
            try Data("no model".utf8).write(to: URL(fileURLWithPath: command.path("broken.onnx")))
            for (arguments, text) in [
                (["layers", "resnet19"], "did you mean \"resnet18\"?"),
                (["layers", "nothing.onnx"], "nothing.onnx"),
                (["layers", "broken.onnx"], "broken.onnx"),
                (["layers", "mine.onnx", "--check", "dog.jpg"], "--preprocess '{\"resize\": 256"),
                (["layers", "resnet18", "--check", "dog.jpg"], "--weights FILE.pth"),
                (
                    ["layers", "mine.onnx", "--preprocess", #"{"resize": 224, "corp": 224}"#, "--check", "dog.jpg"],
                    "did you mean \"crop\"?"
                ),
                (["layers", "mine.onnx", "--preprocess", Self.asTrained, "--check", "broken.onnx"], "broken.onnx"),
            ] {
                let outcome = try command.run(arguments),
                    errors = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("error:") }
                #expect(
                    outcome.code == 2 && errors.count == 1 && outcome.errors.contains(text) && outcome.output.isEmpty,
                    "\(arguments): \(outcome)")
            }
        }
    }

    /// Names that no layer has, of an architecture and of a file: the nearest is named.
    @Test func unknownLayersSuggest() throws {
        try Command.with { command in
            try OwnModelTests.prepare(command)
            for (backbone, text) in [
                (
                    #"{"architecture": "resnet18", "layer": "layer4.1.conv3", "random": true}"#,
                    "did you mean \"layer4.1.conv"
                ),
                (
                    #"{"architecture": "vgg16", "layer": "featuers.28", "random": true}"#,
                    "did you mean \"features.28\"?"
                ),
                (
                    #"{"model": {"path": "mine.pt2"}, "layer": "features.44", "preprocess": \#(Self.asTrained)}"#,
                    "did you mean \"features.4\"?"
                ),
            ] {
                let outcome = try command.run("run", "x.json", "--set", "backbone=" + backbone)
                #expect(outcome.code == 2 && outcome.errors.contains(text), "\(outcome.errors)")
            }
        }
    }
}
