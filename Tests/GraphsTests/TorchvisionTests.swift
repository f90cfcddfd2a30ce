import Foundation
import Graphs
import Tensors
import Testing

/// torchvision's models by name, with weights by formula, against torchvision in float64 (`Fixtures/make_torchvision.py`).
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
        shape: [1, 3, 224, 224], data: (0..<3 * 224 * 224).map { Float(fraction(Double($0) * 0.7548776662466927)) - 0.5 })

    private static func fraction(_ x: Double) -> Double { x - x.rounded(.down) }

    /// The script's formula for a tensor of that name.
    private static func parameter(_ name: String, _ shape: [Int]) -> Tensor {
        let scale: (shift: Double, factor: Double) = switch name {
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
        let graph = try Graph(torchvision: golden.model), layer = try graph.layer(named: golden.layer)
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
        let costs = layers.suffix(2).map { graph.multiplications(upTo: $0.value) }
        #expect(costs == costs.sorted() && costs.allSatisfy { $0 > 0 })
    }

    @Test func unknownNamesSuggest() throws {
        #expect(throws: UnknownModel.self) { try Graph(torchvision: "resnet19") }
        let graph = try Graph(torchvision: "resnet18")
        let error = #expect(throws: UnknownGraphLayer.self) { try graph.layer(named: "layer4.1.conv") }
        #expect(error?.candidates.map(\.name) == ["layer4.1.conv1", "layer4.1.conv2"])
    }
}
