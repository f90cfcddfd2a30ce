import Fingerprints
import Graphs
import HDF5
import Tensors

/// Images through one of torchvision's models with random weights, to one of its last layers, a batch a thread.
final class GraphWorkload: BenchWorkload {
    let name: String
    let title: String
    let items = benchThreads * 16
    let unit = "img"
    let flop: Double, bytes = 0.0
    private let program: GraphProgram
    private let shape: [Int], imageShape: [Int]
    private let parameters: [(name: String, tensor: Tensor)]
    private let images: [Float]
    private let features: FloatStorage

    init(_ model: String, layer: String) throws {
        name = model
        let graph = try Graph(torchvision: model), target = try graph.layer(named: layer)
        imageShape = graph.values[graph.input].shape
        title = "\(model) to \(layer), \(imageShape[2])×\(imageShape[3])"
        shape = target.shape
        var parameters: [(String, Tensor)] = []
        program = try GraphProgram(graph, target: target.value) { name, shape in
            let tensor = Self.parameter(name, shape)
            parameters.append((name, tensor))
            return tensor
        }
        self.parameters = parameters
        let size = imageShape.reduce(1, *)
        var random = RandomSource(seed: 0, stream: "bench/images")
        images = (0..<items * size).map { Float($0 / 672 % 7) / 3 - 1 + Float(random.below(96)) / 96 }
        features = FloatStorage(count: items * shape.reduce(1, *))
        flop = 2 * Double(items) * graph.multiplications(upTo: [target.value])
    }

    /// Numbers of which maps keep their size from layer to layer.
    private static func parameter(_ name: String, _ shape: [Int]) -> Tensor {
        var random = RandomSource(seed: 0, stream: "bench/" + name)
        let fanIn = shape.count > 1 ? shape[1...].reduce(1, *) : 16
        let (shift, scale): (Float, Float) =
            switch name {
            case let name where name.hasSuffix("running_var"): (1, 0.5)
            case let name where name.hasSuffix("weight") && shape.count == 1: (1, 0.25)
            default: (0, (3 / Float(fanIn)).squareRoot())
            }
        let count = shape.reduce(1, *)
        return Tensor(
            shape: shape, data: (0..<count).map { _ in shift + scale * (2 * Float(random.below(1 << 20)) / 0x1p20 - 1) }
        )
    }

    func writeInputs(to file: HDF5File) throws {
        try file.write("images", images, shape: [items] + imageShape.dropFirst())
        for (name, tensor) in parameters { try file.write("parameters/\(name)", tensor.data, shape: tensor.shape) }
    }

    func writeOutputs(to file: HDF5File) throws {
        try file.write(
            "features", Array(UnsafeBufferPointer(start: features.address, count: features.count)),
            shape: [items] + shape)
    }

    func run() throws {
        nonisolated(unsafe) let output = features.address
        let size = imageShape.reduce(1, *), part = items / benchThreads, length = shape.reduce(1, *)
        try images.withUnsafeBufferPointer { images in
            nonisolated(unsafe) let input = images.baseAddress!
            try concurrently(benchThreads, threads: benchThreads) { [program] index in
                try program.run(
                    images: input + index * part * size, count: part, into: [output + index * part * length])
            }
        }
    }
}
