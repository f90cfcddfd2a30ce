import Networks
import Tensors
import Testing

@Suite struct RandomParametersTests {
    func moments(_ values: [Float]) -> (mean: Double, variance: Double, largest: Double) {
        let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
        let variance = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(values.count)
        return (mean, variance, values.reduce(0.0) { max($0, abs(Double($1))) })
    }

    @Test func resNetConvolutionsAreNormalWithFanOut() throws {
        let weights = try RandomParameters(architecture: .resnet18, seed: 0).tensor(
            "layer2.0.conv1.weight", shape: [128, 64, 3, 3])
        let (mean, variance, largest) = moments(weights.data)
        let expected = 2.0 / (128 * 9)
        #expect(abs(mean) < 4 * (expected / 73728).squareRoot())
        #expect(abs(variance / expected - 1) < 0.02)
        #expect(largest > 3.5 * expected.squareRoot(), "73,728 normal numbers reach beyond 3.5 deviations")
    }

    @Test func alexNetIsUniformWithFanIn() throws {
        let source = RandomParameters(architecture: .alexnet, seed: 0)
        let bound = 1 / Double(64 * 25).squareRoot()
        let (mean, variance, largest) = moments(try source.tensor("features.3.weight", shape: [192, 64, 5, 5]).data)
        #expect(abs(mean) < 0.01 * bound)
        #expect(abs(variance / (bound * bound / 3) - 1) < 0.02)
        #expect(largest <= bound && largest > 0.99 * bound)
        let bias = try source.tensor("features.3.bias", shape: [192])
        #expect(moments(bias.data).largest <= bound && moments(bias.data).variance > 0)
    }

    @Test func batchNormsAreTheIdentity() throws {
        let source = RandomParameters(architecture: .resnet50, seed: 0)
        for (field, value) in [("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)] as [(String, Float)]
        {
            let tensor = try source.tensor("layer4.0.downsample.1.\(field)", shape: [2048])
            #expect(tensor.data.allSatisfy { $0 == value })
        }
    }

    @Test func numbersDependOnSeedAndNameAlone() throws {
        let shape = [64, 64, 3, 3]
        let source = RandomParameters(architecture: .resnet18, seed: 1)
        let first = try source.tensor("layer1.0.conv1.weight", shape: shape)
        #expect(try source.tensor("layer1.0.conv2.weight", shape: shape) != first)
        #expect(try source.tensor("layer1.0.conv1.weight", shape: shape) == first)
        #expect(
            try RandomParameters(architecture: .resnet18, seed: 2).tensor("layer1.0.conv1.weight", shape: shape)
                != first)
    }

    @Test(arguments: [
        ("layer1.0.conv1.weight", [64, 64, 1, 1]), ("layer1.0.conv1.bias", [64]), ("fc.weight", [1000, 512]),
        ("conv1", []),
    ])
    func unknownTensorsAreNamed(name: String, shape: [Int]) {
        let error = #expect(throws: UnknownParameter.self) {
            try RandomParameters(architecture: .resnet18, seed: 0).tensor(name, shape: shape)
        }
        #expect(error?.name == name && error?.shape == shape)
    }

    @Test(arguments: Architecture.all)
    func everyBackboneCanBeRandom(architecture: Architecture) throws {
        for layer in architecture.layers {
            let backbone = try Backbone(
                architecture, layer: layer, parameters: RandomParameters(architecture: architecture, seed: 0))
            #expect(try backbone.shape == architecture.featureShape(layer: layer))
        }
    }
}
