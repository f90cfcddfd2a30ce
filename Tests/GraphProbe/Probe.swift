import Foundation
import Graphs
import Networks
import Tensors

/// graph-probe MODEL WEIGHTS INPUT OUTPUT LAYER…: what a model's layers give, for scripts/check-models to compare.
///
/// MODEL is a name of torchvision's or a path of an `.onnx` or `.pt2` file; WEIGHTS a checkpoint, or `-`; INPUT the
/// floats of a square image as they lie in memory; OUTPUT receives the layers' floats one after the other. A line for
/// each layer says its name, shape and seconds.
@main
struct Probe {
    static func main() {
        do { try run(Array(CommandLine.arguments.dropFirst())) } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(1)
        }
    }

    static func run(_ arguments: [String]) throws {
        guard arguments.count >= 5 else {
            FileHandle.standardError.write(Data("graph-probe MODEL WEIGHTS INPUT OUTPUT LAYER…\n".utf8))
            exit(2)
        }
        let numbers = try Data(contentsOf: URL(filePath: arguments[2])).withUnsafeBytes {
            Array($0.bindMemory(to: Float.self))
        }
        let side = Int((Double(numbers.count) / 3).squareRoot()), graph = try graph(arguments[0], side: side),
            shape = graph.values[graph.input].shape
        guard numbers.count == shape.reduce(1, *) else {
            throw GraphError.inconsistent(
                node: graph.values[graph.input].name, "the model takes \(shape), the image has \(numbers.count) numbers"
            )
        }
        let image = Tensor(shape: shape, data: numbers)
        let wanted = graph.parameters.values.sorted()
        let checkpoint = arguments[1] == "-" ? nil : try Checkpoint(contentsOf: arguments[1], wanted: wanted)
        var output = Data()
        for name in arguments[4...] {
            let layer = try graph.layer(named: name)
            let program = try GraphProgram(graph, target: layer.value) { name, shape in
                guard let checkpoint else { throw GraphError.inconsistent(node: name, "no weights were given") }
                return try checkpoint.tensor(name, shape: shape)
            }
            let start = ContinuousClock.now
            let map = try program.run(image)
            print(
                name, layer.shape.map(String.init).joined(separator: "×"), ContinuousClock.now - start, separator: "\t")
            map.data.withUnsafeBytes { output.append(contentsOf: $0) }
        }
        try output.write(to: URL(filePath: arguments[3]))
    }

    static func graph(_ model: String, side: Int) throws -> Graph {
        if model.hasSuffix(".onnx") { return try Graph(onnx: model) }
        return model.hasSuffix(".pt2") ? try Graph(pt2: model) : try Graph(torchvision: model, side: side)
    }
}
