import Foundation
import Graphs
import HDF5
import Networks
import Pipeline
import Tensors
import Testing

/// Target models other than the hand-written ones: torchvision's by name, model files, several layers, other pictures.
@Suite struct TargetModelTests {
    private static func json(_ backbone: String, _ evaluate: String = #"{"topImages": 4, "ks": [1, 2]}"#) -> String {
        """
        {"name": "x", "dataset": {"kind": "demo-scenes", "scenes": 12}, "embedding": {"kind": "demo-scenes"},
         "backbone": \(backbone), "train": {"epochs": 1, "batchSize": 8}, "evaluate": \(evaluate)}
        """
    }

    private static let small = #""preprocess": {"resize": 72, "crop": 64}"#

    private static func fixture(_ name: String) throws -> String {
        try #require(Bundle.module.url(forResource: "Fixtures/models/\(name)", withExtension: nil)).path
    }

    /// What an experiment says that cannot be.
    private static func fault(_ backbone: String, _ evaluate: String = "{}") -> String {
        do {
            _ = try ExperimentFile(json: json(backbone, evaluate), file: "x.json")
            return ""
        } catch {
            return "\(error)"
        }
    }

    // MARK: Reading

    @Test func namesOfLayers() throws {
        for (backbone, shape) in [
            (#"{"architecture": "vgg16", "layer": "features.28", "random": true}"#, [512, 14, 14]),
            (#"{"architecture": "resnet18", "layer": "conv1", "random": true}"#, [64, 112, 112]),
            (#"{"architecture": "resnet18", "layer": "layer3.1.conv2", "random": true}"#, [256, 14, 14]),
            (#"{"architecture": "resnet50", "layer": "layer4.2.relu", "random": true}"#, [512, 7, 7]),
            (#"{"architecture": "alexnet", "layer": "features.7", "random": true}"#, [384, 13, 13]),
            (#"{"architecture": "inception_v3", "layer": "Mixed_7c", "random": true}"#, [2048, 8, 8]),
            (#"{"architecture": "resnet34", "layers": ["layer1", "layer4"], "random": true}"#, [64, 56, 56]),
        ] {
            let experiment = try ExperimentFile(json: Self.json(backbone), file: "x.json").variants[0].experiment
            let found = try #require(experiment.backbone.shape)
            #expect([found.channels, found.height, found.width] == shape, "\(backbone)")
        }
    }

    @Test func faultsSayWhatToWrite() {
        for (backbone, text) in [
            (#"{"architecture": "resnet19", "random": true}"#, "did you mean \"resnet18\"?"),
            (#"{"architecture": "vgg16", "random": true}"#, "lacks \"layer\""),
            (#"{"architecture": "vgg16", "layer": "featuers.28", "random": true}"#, "did you mean \"features.28\"?"),
            (
                #"{"architecture": "resnet18", "layer": "layer4.1.conv3", "random": true}"#,
                "did you mean \"layer4.1.conv1\"?"
            ),
            (
                #"{"architecture": "vgg16", "layer": "classifier.6", "random": true}"#,
                "has the shape [1, 1000], which is no map"
            ),
            (
                #"{"architecture": "resnet18", "layer": "layer1", "layers": ["layer2"], "random": true}"#,
                "\"backbone.layer\" must be absent"
            ),
            (#"{"model": {"path": "net.onnx"}, "layer": "a"}"#, "lacks \"preprocess\""),
            (
                #"{"model": {"path": "net.onnx"}, "layer": "a", "preprocess": {"resize": 64, "crop": 64, "mean": [0, 0, 0]}}"#,
                "lacks \"std\""
            ),
            (#"{"model": {"path": "net.h5"}, "layer": "a", "preprocess": {}}"#, "a file that ends with .onnx"),
            (
                #"{"architecture": "resnet18", "preprocess": {"crop": 300}, "random": true}"#,
                "such that \"resize\" (256) is at least"
            ),
            (
                #"{"architecture": "resnet18", "preprocess": {"std": [1, 0, 1]}, "random": true}"#,
                "three numbers above 0"
            ),
            (#"{"architecture": "resnet18", "preprocess": {"order": "rbg"}, "random": true}"#, "not one of rgb, bgr"),
            (#"{"architecture": "vit_b_16", "layer": "conv_proj", "preprocess": {"crop": 200}, "random": true}"#, ""),
        ] {
            #expect(
                text.isEmpty ? Self.fault(backbone).isEmpty : Self.fault(backbone).contains(text),
                "\(backbone): \(Self.fault(backbone))")
        }
        #expect(
            Self.fault(#"{"architecture": "vgg16", "layer": "features.28", "random": true}"#, #"{"filters": [512]}"#)
                .contains("from 0 to 511"))
    }

    /// Other pictures, other numbers: each changes the fingerprints of the stages that read it, and no others.
    @Test func parametersReachTheirStages() throws {
        try Workspace.with { workspace in
            func stages(_ backbone: String) throws -> [String: String] {
                let plan = try workspace.plan(Self.json(backbone))
                return try Dictionary(
                    uniqueKeysWithValues: plan.plan.jobs.map {
                        ($0.id, try $0.stage.encodedParameters().json(pretty: false))
                    })
            }
            func changed(_ more: String) throws -> Set<String> {
                let plain = try stages(#"{"architecture": "resnet18", "random": true}"#)
                let other = try stages(#"{"architecture": "resnet18", "random": true, \#(more)}"#)
                return Set(plain.keys.filter { plain[$0] != other[$0] })
            }
            for (more, expected) in [
                (#""preprocess": {}"#, []),
                (#""preprocess": {"resize": 256, "crop": 224, "order": "rgb", "scale": 255}"#, []),
                (#""preprocess": {"resize": 232}"#, ["preprocess"]),
                (#""preprocess": {"interpolation": "bicubic"}"#, ["preprocess"]),
                (#""preprocess": {"mean": [0, 0, 0]}"#, ["evaluate", "evidence", "features"]),
                (#""preprocess": {"order": "bgr"}"#, ["evaluate", "evidence", "features"]),
                (#""layer": "layer4.1.conv2""#, ["evaluate", "evidence", "features", "tables"]),
            ] {
                let stages = try changed(more).sorted()
                #expect(stages == expected, "\(more)")
            }
        }
    }

    // MARK: Running

    /// Maps of a torchvision network are the graph's own of the pictures as they were cut; all methods run.
    @Test func torchvisionByName() throws {
        try Workspace.with { workspace in
            let backbone = #"{"architecture": "squeezenet1_1", "layer": "features.4", "random": true, \#(Self.small)}"#
            let plan = try workspace.plan(Self.json(backbone)), done = try workspace.run(plan.plan),
                jobs = plan.variants[0]
            let dataset = try HDF5File.open(#require(done[jobs.dataset.job]).path("dataset.h5"))
            let features = try HDF5File.open(#require(done[jobs.features.job]).path("features.h5"))
            #expect(
                try dataset.shape(of: "images/pixels") == [12, 64, 64, 3]
                    && dataset.shape(of: "instances/mask64")[1] == 512)
            #expect(try features.shape(of: "features") == [12, 128, 15, 15])
            let evaluation = try HDF5File.open(#require(done[jobs.evaluation.job]).path("evaluation.h5"))
            for method in ["original", "image", "activation", "projection"] {
                #expect(try evaluation.shape(of: "recall/\(method)") == [128, 3, 2])
            }
        }
    }

    /// A model file's maps are PyTorch's, with its weights inside and beside it, and the same bits both ways.
    @Test func modelFiles() throws {
        try Workspace.with { workspace in
            let files = ["tiny.onnx", "tiny-beside.onnx"]
            try FileManager.default.createDirectory(atPath: workspace.root + "/data", withIntermediateDirectories: true)
            for name in files + ["tiny-beside.onnx.data"] {
                try FileManager.default.copyItem(atPath: Self.fixture(name), toPath: workspace.root + "/data/" + name)
            }
            let maps = try files.map { name in
                let backbone = """
                    {"model": {"path": "\(name)"}, "layer": "features.4",
                     "preprocess": {"resize": 64, "crop": 64, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}}
                    """
                let plan = try workspace.plan(Self.json(backbone)), done = try workspace.run(plan.plan),
                    jobs = plan.variants[0]
                let status = try #require(done[jobs.features.job])
                let features = try HDF5File.open(status.path("features.h5")),
                    dataset = try HDF5File.open(#require(done[jobs.dataset.job]).path("dataset.h5"))
                #expect(try features.shape(of: "features") == [12, 12, 8, 8])
                // The first evaluated picture, through the graph by hand.
                let splits = try dataset.read("images/split", as: UInt8.self),
                    row = try #require(splits.firstIndex(of: 1))
                let pixels = try dataset.dataset("images/pixels", UInt8.self).read(rows: row..<row + 1)
                var image = Tensor(zeros: [1, 3, 64, 64])
                for place in 0..<4096 {
                    for c in 0..<3 { image.data[c * 4096 + place] = (Float(pixels[place * 3 + c]) / 255 - 0.5) / 0.5 }
                }
                let graph = try Graph(onnx: Self.fixture(name)), layer = try graph.layer(named: "features.4")
                let maps = try features.dataset("features", Float.self).read(rows: row..<row + 1)
                #expect(try GraphProgram(graph, target: layer.value).run(image).data == maps)
                return maps
            }
            #expect(maps[0] == maps[1])
            // What the file cannot give is said before anything runs.
            func fault(_ more: String, crop: Int = 64, evaluate: String = "{}") -> String {
                let backbone = """
                    {"model": {"path": "tiny.onnx"}, \(more), "preprocess": {"resize": 64, "crop": \(crop), "mean": [0, 0, 0], "std": [1, 1, 1]}}
                    """
                do { _ = try workspace.plan(Self.json(backbone, evaluate)); return "" } catch { return "\(error)" }
            }
            #expect(fault(#""layer": "features.5""#).contains("did you mean \"features.0\"?"))
            #expect(
                fault(#""layer": "features.4""#, crop: 48).contains(
                    "takes pictures of 64×64 pixels, but backbone.preprocess.crop is 48"))
            #expect(
                fault(#""layer": "features.4""#, evaluate: #"{"filters": [12]}"#).contains(
                    "has filters 0 to 11, not 12"))
            #expect(fault(#""layer": "features.4""#).isEmpty)
        }
    }

    /// The file agrees with PyTorch in double precision.
    @Test func theFileIsPyTorchs() throws {
        struct Expected: Decodable { let shape: [Int], maps: [Double], classes: [Double] }
        let expected = try JSONDecoder().decode(
            Expected.self, from: Data(contentsOf: URL(fileURLWithPath: Self.fixture("tiny.json"))))
        let graph = try Graph(onnx: Self.fixture("tiny.onnx"))
        let numbers = (0..<3 * 64 * 64).map { place -> Float in
            let x = Float(place) * 0.37
            return x - x.rounded(.down) - 0.5
        }
        let places = [try graph.layer(named: "features").value, try #require(graph.outputs.first)]
        let outputs = try GraphProgram(graph, targets: places) { name, _ in throw ExperimentError(name) }
            .runAll(Tensor(shape: [1, 3, 64, 64], data: numbers))
        for (output, wanted) in zip(outputs, [expected.maps, expected.classes]) {
            #expect(output.count == wanted.count)
            #expect(zip(output.data, wanted).allSatisfy { abs(Double($0) - $1) <= 1e-5 })
        }
    }

    /// Several layers by one job have the bits of each alone, on graphs and on the hand-written backbones.
    @Test(arguments: [
        ("squeezenet1_1", ["features.2", "features.4"], true), ("resnet18", ["layer2", "layer1"], false),
    ])
    func severalLayers(_ name: String, _ layers: [String], isSmall: Bool) throws {
        try Workspace.with { workspace in
            let more = isSmall ? ", " + Self.small : "",
                evaluate = #"{"topImages": 2, "ks": [1], "methods": ["original"], "filters": [0, 1]}"#
            let list = layers.map { "\"\($0)\"" }.joined(separator: ", ")
            let all = try workspace.plan(
                Self.json("{\"architecture\": \"\(name)\", \"layers\": [\(list)], \"random\": true\(more)}", evaluate))
            #expect(
                all.plan.jobs.count { $0.stage.name == "features" } == 1
                    && all.plan.jobs.count { $0.stage.name == "evaluate" } == 2)
            #expect(all.file.matrixKeys == ["backbone.layer"] && all.file.variants.map(\.labels) == layers.map { [$0] })
            let done = try workspace.run(all.plan)
            for (layer, jobs) in zip(layers, all.variants) {
                let alone = try workspace.plan(
                    Self.json(
                        "{\"architecture\": \"\(name)\", \"layer\": \"\(layer)\", \"random\": true\(more)}", evaluate))
                let own = try workspace.run(alone.plan), status = try #require(done[jobs.features.job])
                let place = try #require(layers.firstIndex(of: layer))
                for kind in ["features", "pooled"] {
                    let together = try #require(status.outputs.first { $0.name == "\(kind).\(place).h5" })
                    let single = try #require(
                        own[alone.variants[0].features.job]?.outputs.first { $0.name == "\(kind).h5" })
                    #expect(together.digest == single.digest, "\(layer) \(kind)")
                }
            }
            let tables = try #require(done[all.tables]).path("tables")
            let recall = try String(contentsOfFile: tables + "/recall.csv", encoding: .utf8)
            #expect(layers.allSatisfy { recall.contains("x [\($0)]") || recall.contains($0) })
        }
    }
}
