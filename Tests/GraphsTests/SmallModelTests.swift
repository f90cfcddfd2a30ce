import Foundation
import Graphs
import Tensors
import Testing

/// Small models of their own, in every kind of file.
enum SmallModels {
    static let folder = Bundle.module.bundleURL.appending(path: "Fixtures/small")

    static func graph(_ name: String) throws -> Graph {
        let path = folder.appending(path: name).path
        return name.hasSuffix(".pt2") ? try Graph(pt2: path) : try Graph(onnx: path)
    }

    static let image = Tensor(
        shape: [1, 3, 32, 32],
        data: (0..<3 * 32 * 32).map { place in
            let x = Double(place) * 0.7548776662466927
            return Float(x - x.rounded(.down)) - 0.5
        })

    static let files = [
        "plain.pt2", "core.pt2", "half.pt2", "shuffled.pt2", "open.pt2", "attentive.pt2", "windows.pt2",
        "plain.scripted.onnx", "plain.dynamo.onnx",
        "shuffled.dynamo.onnx", "attentive.scripted.onnx", "attentive.dynamo.onnx", "windows.dynamo.onnx",
    ]

    /// As on this machine, plainly, and by every set of kernels that it runs.
    static let kernels: [GraphKernels] = [.plain] + InstructionSet.allCases.filter(\.isSupported).map { .packed($0) }
}

/// Against PyTorch in float64 (`Fixtures/make_small.py`): as exported; decomposed to core ATen operators (`core`); with
/// halves as weights; with the batch left open; by both exporters to ONNX.
@Suite struct SmallModelTests {
    @Test(arguments: SmallModels.files, SmallModels.kernels)
    func outputsAgree(file: String, kernels: GraphKernels) throws {
        let graph = try SmallModels.graph(file)
        let output = try GraphProgram(graph, target: #require(graph.outputs.first), kernels: kernels).run(
            SmallModels.image)
        let url = SmallModels.folder.appending(path: "expected.json")
        let model =
            ["core": "plain", "half": "plain", "open": "shuffled"][file.prefix(4)] ?? String(file.prefix { $0 != "." })
        let expected = try #require(
            try JSONDecoder().decode([String: [Double]].self, from: Data(contentsOf: url))[model])
        #expect(output.count == expected.count && !expected.isEmpty)
        let largest = expected.map(abs).max() ?? 0, tolerance = file.hasPrefix("half") ? 2e-3 : 1e-5
        for (own, other) in zip(output.data, expected) { #expect(abs(Double(own) - other) <= tolerance * largest) }
    }

    /// Every value of the small models has the same bits by each set of kernels, for one image and among sixteen
    /// others.
    @Test(arguments: SmallModels.files)
    func bitsDependOnTheImageAlone(file: String) throws {
        let graph = try SmallModels.graph(file), targets = graph.nodes.map(\.output)
        let count = 17, size = SmallModels.image.count
        var images = [Float](repeating: 0, count: count * size)
        for place in images.indices { images[place] = Float(sin(Double(place) * 0.37)) }
        for place in 0..<size { images[16 * size + place] = SmallModels.image.data[place] }
        var digests: [[[Float]]] = []
        for case .packed(let set) in SmallModels.kernels {
            let program = try GraphProgram(graph, targets: targets, kernels: .packed(set)) { name, _ in
                throw GraphError.tooLarge(name)
            }
            let alone = try program.runAll(SmallModels.image).map(\.data)
            let outputs = targets.map { FloatStorage(count: count * graph.values[$0].shape.reduce(1, *)) }
            try images.withUnsafeBufferPointer {
                try program.run(images: $0.baseAddress!, count: count, into: outputs.map(\.address))
            }
            for (index, own) in alone.enumerated() {
                let last = UnsafeBufferPointer(start: outputs[index].address + 16 * own.count, count: own.count)
                #expect(
                    own.elementsEqual(last) { $0.bitPattern == $1.bitPattern },
                    "\(set) \(graph.values[targets[index]].name)")
            }
            digests.append(alone)
        }
        for other in digests.dropFirst() { #expect(other == digests[0]) }
    }

    /// Images that are zero but for a rectangle, one of them altogether: what depends on zeros alone is taken from the
    /// all-zero image's maps.
    @Test(arguments: SmallModels.files)
    func skippedZerosChangeNoBit(file: String) throws {
        let graph = try SmallModels.graph(file), targets = graph.nodes.map(\.output), count = 17
        let program = try GraphProgram(graph, targets: targets, kernels: .packed(.best)) { name, _ in
            throw GraphError.tooLarge(name)
        }
        let whole = SmallModels.image.data
        var images: [Float] = []
        for index in 0..<count {
            let rows = index..<min(index + index % 7, 32), columns = (31 - index - index % 5)..<(31 - index)
            images += whole.indices.map { rows.contains($0 / 32 % 32) && columns.contains($0 % 32) ? whole[$0] : 0 }
        }
        func run(_ zeroPixels: ZeroPixels) throws -> [[UInt32]] {
            let outputs = targets.map { FloatStorage(count: count * graph.values[$0].shape.reduce(1, *)) }
            try images.withUnsafeBufferPointer {
                try program.run(
                    images: $0.baseAddress!, count: count, zeroPixels: zeroPixels, into: outputs.map(\.address))
            }
            return outputs.map { UnsafeBufferPointer(start: $0.address, count: $0.count).map(\.bitPattern) }
        }
        for (index, (skipped, computed)) in zip(try run(.skipped), try run(.computed)).enumerated() {
            #expect(skipped == computed, "\(graph.values[targets[index]])")
        }
    }

    @Test func layersAreModules() throws {
        let graph = try SmallModels.graph("plain.pt2")
        // In place in PyTorch, yet each layer is what that module gives.
        let norm = try graph.layer(named: "stem.1"), relu = try graph.layer(named: "stem.2"),
            stem = try graph.layer(named: "stem")
        #expect(norm.kind == "batch norm" && norm.shape == [8, 16, 16] && relu == stem && relu.value != norm.value)
        func numbers(_ layer: GraphLayer) throws -> [Float] {
            try GraphProgram(graph, target: layer.value).run(SmallModels.image).data
        }
        let before = try numbers(norm)
        #expect(try before.contains { $0 < 0 } && numbers(stem) == before.map { max($0, 0) })
        #expect(try graph.layer(named: "depthwise").shape == [8, 8, 8])
        #expect(throws: UnknownGraphLayer.self) { try graph.layer(named: "fc") }
    }

    /// A module that gives what it takes leaves no node in `.pt2`, yet goes by its name.
    @Test(arguments: ["plain.pt2", "core.pt2", "plain.dynamo.onnx"])
    func modulesThatChangeNothing(file: String) throws {
        let graph = try SmallModels.graph(file), last = try graph.layer(named: "last"),
            same = try graph.layer(named: "same.1")
        let maps = try GraphProgram(graph, targets: [last.value, same.value]) { name, _ in
            throw GraphError.tooLarge(name)
        }.runAll(SmallModels.image)
        #expect(maps[0] == maps[1] && graph.layerNames.contains("same.1"))
        if file == "plain.pt2" { #expect(try same == last && graph.layer(named: "same.0") == last) }
    }

    /// Tokens without the class token are maps over the grid that the patches come from: the stream behind a block, the
    /// MLP's hidden numbers.
    @Test(arguments: ["attentive.pt2", "attentive.dynamo.onnx", "attentive.scripted.onnx"])
    func tokensAreMaps(file: String) throws {
        let graph = try SmallModels.graph(file), hidden = try graph.layer(named: "mlp.1")
        #expect(hidden.shape == [32, 4, 4] && !graph.layers().contains { $0.shape == [32, 4, 5] })
        let map = try GraphProgram(graph, target: hidden.value).run(SmallModels.image)
        #expect(map.shape == [1, 32, 4, 4])
        // The tokens themselves, [1, 17, 32], the class token first.
        let tokens = try #require(
            graph.nodes.first {
                graph.values[$0.output].shape == [1, 17, 32] && graph.values[$0.output].name == hidden.name
            })
        let rows = try GraphProgram(graph, target: tokens.output).run(SmallModels.image)
        for channel in 0..<32 {
            for pixel in 0..<16 { #expect(map.data[channel * 16 + pixel] == rows.data[(pixel + 1) * 32 + channel]) }
        }
    }

    @Test func otherFilesAreRefused() throws {
        func refusal(_ path: String) -> String {
            do { _ = try Graph(pt2: path) } catch { return "\(error)" }
            return "read"
        }
        #expect(refusal("/dev/null").contains("zip archive") && refusal("/nowhere.pt2").contains("zip archive"))
        let folder = FileManager.default.temporaryDirectory.appending(path: "pt2-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let whole = try Data(contentsOf: SmallModels.folder.appending(path: "core.pt2"))
        var renamed = whole
        while let range = renamed.range(of: Data("/models/model.json".utf8)) {
            renamed.replaceSubrange(range, with: Data("/models/model.jsom".utf8))
        }
        let other = folder.appending(path: "other.pt2")
        try renamed.write(to: other)
        #expect(refusal(other.path).contains("holds no models/*.json"))
        try whole.dropLast(100).write(to: other)
        #expect(refusal(other.path).contains("zip archive"))
    }
}
