import Foundation
import Networks
import Synchronization
import Tensors
import Testing

@Suite struct BackboneTests {
    struct Golden: Decodable {
        struct Case: Decodable, CustomTestStringConvertible {
            let architecture: Architecture, layer: String, probes: Int, image: Int
            let shape: [Int], sums: [Float], maps: [String: [Float]]
            var testDescription: String { "\(architecture) \(layer), \(probes) probes, image \(image)" }
        }
        let cases: [Case]

        static func read() throws -> [Case] {
            let url = try #require(Bundle.module.url(forResource: "Fixtures/backbones", withExtension: "json"))
            return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url)).cases
        }
    }

    /// Within 1e-4 of the golden number, or of a millionth of the largest where the number is next to nothing.
    func expectClose(_ ours: [Float], _ golden: [Float], _ label: String) {
        #expect(ours.count == golden.count)
        let least = 1e-2 * (golden.max() ?? 0)
        let worst = zip(ours, golden).map { abs($0 - $1) / max(abs($1), least) }.max() ?? .infinity
        #expect(worst <= 1e-4, "\(label): off by \(worst)")
    }

    @Test(arguments: try Golden.read())
    func featuresAgreeWithTorchvision(golden: Golden.Case) throws {
        let backbone = try Backbone(golden.architecture, layer: golden.layer, parameters: HashedParameters(), probes: golden.probes)
        #expect(golden.shape == [backbone.shape.channels, backbone.shape.height, backbone.shape.width])
        #expect(try golden.architecture.featureShape(layer: golden.layer) == backbone.shape)
        var features = [Float](repeating: .nan, count: backbone.shape.count)
        backbone.features(pixels: hashedCrop(golden.image), into: &features)
        let places = backbone.shape.height * backbone.shape.width
        let maps = stride(from: 0, to: features.count, by: places).map { Array(features[$0..<$0 + places]) }
        expectClose(maps.map { Float($0.reduce(0.0) { $0 + Double($1) }) }, golden.sums, "sums")
        for (channel, map) in golden.maps {
            expectClose(maps[try #require(Int(channel))], map, "map \(channel)")
        }
    }

    @Test func pixelsAreNormalisedFirst() throws {
        let backbone = try Backbone(.resnet18, layer: "layer1", parameters: HashedParameters())
        let crop = hashedCrop(2)
        var image = [Float](repeating: 0, count: FeatureShape.image.count)
        Backbone.normalise(pixels: crop, into: &image)
        #expect(image[0] == (Float(crop[0]) / 255 - 0.485) / 0.229)
        #expect(image[2 * 224 * 224 + 5] == (Float(crop[3 * 5 + 2]) / 255 - 0.406) / 0.225)
        var fromImage = [Float](repeating: 0, count: backbone.shape.count), fromPixels = fromImage
        backbone.features(image: image, into: &fromImage)
        backbone.features(pixels: crop, into: &fromPixels)
        #expect(fromImage == fromPixels)
    }

    @Test func unknownLayerIsNamed() {
        let error = #expect(throws: UnknownLayer.self) {
            try Backbone(.alexnet, layer: "layer4", parameters: HashedParameters())
        }
        #expect(error?.description == "alexnet has no target layer \"layer4\": use one of features")
    }

    struct Missing: Error, Equatable { let name: String }

    /// Serves tensors and remembers their names; one of them can be missing.
    final class Recorder: ParameterSource {
        let missing: String?
        let names = Mutex<[String]>([])
        init(missing: String? = nil) { self.missing = missing }
        func tensor(_ name: String, shape: [Int]) throws -> Tensor {
            if name == missing { throw Missing(name: name) }
            names.withLock { $0.append(name) }
            return HashedParameters().tensor(name, shape: shape)
        }
    }

    @Test func missingTensorIsNamed() {
        #expect(throws: Missing(name: "layer1.1.bn2.running_var")) {
            try Backbone(.resnet18, layer: "layer2", parameters: Recorder(missing: "layer1.1.bn2.running_var"))
        }
    }

    @Test func tensorsBeyondTheTargetLayerAreNotAskedFor() throws {
        let recorder = Recorder()
        _ = try Backbone(.resnet18, layer: "layer2", parameters: recorder)
        let names = recorder.names.withLock { $0 }
        #expect(names.contains("layer2.0.downsample.1.running_mean") && names.contains("layer2.1.conv2.weight"))
        #expect(!names.contains { $0.hasPrefix("layer3") || $0.hasPrefix("fc") })
        #expect(names.count == 5 * (1 + 4 + 5), "a weight and four numbers a channel for each convolution")
    }

    struct NegativeVariance: ParameterSource {
        func tensor(_ name: String, shape: [Int]) -> Tensor {
            var tensor = HashedParameters().tensor(name, shape: shape)
            if name == "layer1.0.bn2.running_var" { tensor.data[3] = -1 }
            return tensor
        }
    }

    @Test func damagedParametersAreRefused() {
        #expect(throws: BackboneError.notFinite(convolution: "layer1.0.conv2", batchNorm: "layer1.0.bn2")) {
            try Backbone(.resnet18, layer: "layer1", parameters: NegativeVariance())
        }
    }
}
