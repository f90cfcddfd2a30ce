import ArgumentParser
import Fingerprints
import Foundation
import Imaging
import Networks
import Pipeline

struct Layers: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "layers",
        abstract: "Every layer of a model that can be explained, or what the model says of pictures.",
        discussion: """
            layers resnet50                                    of torchvision's, by its name
            layers net.onnx                                    of a model file
            layers coco_sample                                 of an experiment's model
            layers mobilenet_v2 --check dog.jpg --weights mobilenet_v2-b0353104.pth
            A layer goes by its name or by one of those beside it. Wrong weights or a wrong preprocessing ruin explanations without a
            word: --check shows whether the model understands pictures.
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "A name of torchvision's, a model file, or an experiment.", completion: Completion.models)
    var model: String
    @Option(
        parsing: .upToNextOption, help: ArgumentHelp("Pictures that the model is to name.", valueName: "image"),
        completion: .file(extensions: ["jpg", "jpeg", "png", "webp", "gif", "bmp"]))
    var check: [String] = []
    @Option(
        help: ArgumentHelp("The model's weights, for --check.", valueName: "file"),
        completion: .file(extensions: ["pth", "pt", "safetensors"]))
    var weights: String?
    @Option(
        help: ArgumentHelp("How pictures are made: JSON as an experiment's backbone.preprocess.", valueName: "json"))
    var preprocess: String?

    func run() throws {
        let project = try global.open()
        let network = try ExaminedNetwork(model, preprocess: preprocess, project: project)
        let verdicts: [PictureVerdict]
        do {
            verdicts = check.isEmpty ? [] : try network.check(check, weights: weights)
        } catch let error as ImagingError {
            throw ExperimentError("\(error)")
        } catch let error as CheckpointError {
            throw ExperimentError("\(error)")
        }
        if global.json { return try standardOutput(json: document(network, verdicts)) }
        if check.isEmpty { try show(network) } else { try show(verdicts) }
    }

    private func document(_ network: ExaminedNetwork, _ verdicts: [PictureVerdict]) -> Value {
        var members: [String: Value] = [
            "schema": 1, "model": .string(model),
            "layers": .array(
                network.layers.map { layer in
                    [
                        "name": .string(layer.name), "aliases": .array(layer.aliases.map { .string($0) }),
                        "kind": .string(layer.kind),
                        "shape": .array(layer.shape.map { .int($0) }),
                        "multiplications": .int(Int(layer.multiplications)),
                    ]
                }),
        ]
        if !check.isEmpty {
            members["pictures"] = .array(
                verdicts.map { verdict in
                    [
                        "image": .string(verdict.picture),
                        "highest": .array(
                            verdict.highest.map { answer in
                                [
                                    "index": .int(answer.index), "name": answer.name.map { .string($0) } ?? .null,
                                    "value": .double(answer.value),
                                    "share": answer.share.map { .double($0) } ?? .null,
                                ]
                            }),
                    ]
                })
        }
        return .object(members)
    }

    private func show(_ network: ExaminedNetwork) throws {
        let rows = network.layers.map { layer in
            [
                layer.name, layer.kind, layer.shape.map(String.init).joined(separator: "×"),
                Self.count(layer.multiplications),
                layer.aliases.joined(separator: ", "),
            ]
        }
        try standardOutput(lines: Format.columns([["layer", "kind", "shape", "multiplications", "also"]] + rows))
        if let cut = network.cut { standardError("the network ends here for pictures of this size: \(cut)") }
    }

    private func show(_ verdicts: [PictureVerdict]) throws {
        for verdict in verdicts {
            try standardOutput(verdict.picture)
            try standardOutput(
                lines: Format.columns(
                    verdict.highest.map { answer in
                        [
                            "  \(answer.index)", answer.name ?? (answer.share == nil ? "channel" : "class"),
                            String(format: "%.3f", answer.value),
                            answer.share.map { String(format: "%.1f %%", 100 * $0) } ?? "",
                        ]
                    }))
        }
    }

    /// "118 M", "4.1 G".
    private static func count(_ number: Double) -> String {
        number < 999.5e6
            ? String(format: number < 9.95e6 ? "%.1f M" : "%.0f M", number / 1e6)
            : String(format: "%.1f G", number / 1e9)
    }
}
