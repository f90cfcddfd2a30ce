import Foundation
import Graphs
import Tensors
import Testing

/// torchvision's models by name, with weights by formula, against torchvision in float64
/// (`Fixtures/make_torchvision.py`).
@Suite struct TorchvisionTests {
    struct Golden: Decodable, CustomTestStringConvertible, Sendable {
        let model: String, layer: String, shape: [Int]
        let sum: Double, largest: Double
        let places: [Int], numbers: [Double]
        var testDescription: String { "\(model) \(layer)" }

        static func read() throws -> [Golden] {
            let url = try #require(Bundle.module.url(forResource: "Fixtures/torchvision", withExtension: "json"))
            return try JSONDecoder().decode([Golden].self, from: Data(contentsOf: url))
        }
    }

    static let image = Tensor(
        shape: [1, 3, 224, 224],
        data: (0..<3 * 224 * 224).map { Float(fraction(Double($0) * 0.7548776662466927)) - 0.5 })

    private static func fraction(_ x: Double) -> Double { x - x.rounded(.down) }

    /// The script's formula for a tensor of that name.
    static func parameter(_ name: String, _ shape: [Int]) -> Tensor {
        let scale: (shift: Double, factor: Double) =
            switch name {
            case let name where name.hasSuffix("running_var"): (1, 0.5)
            case let name where name.hasSuffix("layer_scale"): (0, 1)
            case let name where name.hasSuffix("weight") && shape.count == 1: (1, 0.25)
            default: (0, (3 / Double(shape.count > 1 ? shape[1...].reduce(1, *) : 16)).squareRoot())
            }
        let offset = Double(name.utf8.count) * 0.1
        let numbers = (0..<shape.reduce(1, *)).map { place -> Float in
            let x = 2 * fraction(Double(place + 1) * 0.6180339887498949 + offset) - 1
            return Float(scale.shift + scale.factor * x)
        }
        return Tensor(shape: shape, data: numbers)
    }

    /// Within 1e-4 of the map's largest number.
    @Test(arguments: try Golden.read())
    func mapsAgree(golden: Golden) throws {
        let graph = try Graph(torchvision: golden.model, side: 224), layer = try graph.layer(named: golden.layer)
        #expect(layer.shape == golden.shape)
        let program = try GraphProgram(graph, target: layer.value, parameters: Self.parameter)
        let map = try program.run(Self.image)
        for (place, number) in zip(golden.places, golden.numbers) {
            #expect(abs(Double(map.data[place]) - number) <= 1e-4 * golden.largest, "at \(place)")
        }
        let sum = map.data.reduce(0.0) { $0 + Double($1) }
        #expect(abs(sum - golden.sum) <= 1e-5 * golden.largest * Double(map.count))
    }

    /// Every model has layers with maps, and each can be asked for by its name.
    @Test(arguments: Graph.torchvisionModels)
    func layersHaveNames(model: String) throws {
        let graph = try Graph(torchvision: model), layers = graph.layers()
        #expect(!layers.isEmpty && Set(layers.map(\.name)).count == layers.count)
        for layer in layers.suffix(5) { #expect(try graph.layer(named: layer.name) == layer) }
        let costs = layers.suffix(2).map { graph.multiplications(upTo: [$0.value]) }
        #expect(costs == costs.sorted() && costs.allSatisfy { $0 > 0 })
    }

    /// Each model takes its own pictures; of another size, it ends where its shapes no longer fit, and says so.
    @Test func sizes() throws {
        let own = try Graph(torchvision: "inception_v3")
        #expect(own.values[own.input].shape == [1, 3, 299, 299] && own.cut == nil)
        #expect(try own.layer(named: "Mixed_7c").shape == [2048, 8, 8])
        let large = try Graph(torchvision: "resnet18", side: 320)
        #expect(try large.cut == nil && large.layer(named: "layer4").shape == [512, 10, 10])
        let vgg = try Graph(torchvision: "vgg11", side: 320)
        #expect(try vgg.cut != nil && vgg.layer(named: "features.20").shape == [512, 10, 10])
    }

    /// Several values by one run are what each is alone.
    @Test func severalTargets() throws {
        let graph = try Graph(torchvision: "squeezenet1_1", side: 64)
        let image = Tensor(shape: [1, 3, 64, 64], data: Array(Self.image.data.prefix(3 * 64 * 64)))
        let layers = try ["features.3", "features.12"].map(graph.layer(named:))
        let both = try GraphProgram(graph, targets: layers.map(\.value), parameters: Self.parameter).runAll(image)
        for (layer, map) in zip(layers, both) {
            #expect(try GraphProgram(graph, target: layer.value, parameters: Self.parameter).run(image) == map)
        }
    }

    @Test func unknownNamesSuggest() throws {
        #expect(throws: UnknownModel.self) { try Graph(torchvision: "resnet19") }
        let graph = try Graph(torchvision: "resnet18")
        let error = #expect(throws: UnknownGraphLayer.self) { try graph.layer(named: "layer4.1.conv") }
        #expect(error?.candidates.map(\.name) == ["layer4.1.conv1", "layer4.1.conv2"])
    }
}
