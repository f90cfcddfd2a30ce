import Foundation
import Graphs
import Tensors
import TestSupport

/// A `.pt2` file of a few nodes, written by hand: what `torch.export.save` writes of it.
struct TinyProgram {
    /// A tensor of the `state_dict`, in a file of its own.
    struct Stored {
        var name: String
        /// Of the schema's `ScalarType`s; 7: float32.
        var type = 7
        var sizes: [Int]
        var strides: [Int]
        var offset = 0
        var bytes: [UInt8]

        /// Numbers one after another.
        init(_ name: String, _ sizes: [Int], _ numbers: [Float]) {
            (self.name, self.sizes, bytes) = (name, sizes, numbers.flatMap(Self.bytes))
            strides = sizes.indices.map { sizes[($0 + 1)...].reduce(1, *) }
        }

        init(_ name: String, type: Int, _ sizes: [Int], strides: [Int], offset: Int = 0, bytes: [UInt8]) {
            (self.name, self.type, self.sizes, self.strides, self.offset, self.bytes) = (
                name, type, sizes, strides, offset, bytes
            )
        }

        static func bytes(_ number: Float) -> [UInt8] {
            withUnsafeBytes(of: number.bitPattern.littleEndian, Array.init)
        }
    }

    /// Height and width of the image `x`.
    var size = (2, 2)
    var stored: [Stored] = []
    /// Of the description; of the image, where it is not one of three channels; what else the archive holds.
    var schema = 8, sizes: [String]?, others: [String: String] = [:]
    private var nodes: [String] = []
    private var output = "x"

    /// - Parameter size: height and width of the image `x`.
    init(_ size: (Int, Int) = (2, 2), _ stored: [Stored] = []) { (self.size, self.stored) = (size, stored) }

    /// An argument in JSON, as in `{"as_int": 2}`.
    enum Argument {
        case tensor(String), tensors([String])
        case int(Int), ints([Int]), float(Double), bool(Bool), text(String), none

        fileprivate var json: String {
            switch self {
            case .tensor(let name): #"{"as_tensor": {"name": "\#(name)"}}"#
            case .tensors(let names):
                #"{"as_tensors": [\#(names.map { #"{"name": "\#($0)"}"# }.joined(separator: ", "))]}"#
            case .int(let number): #"{"as_int": \#(number)}"#
            case .ints(let numbers): #"{"as_ints": \#(numbers)}"#
            case .float(let number): #"{"as_float": \#(number)}"#
            case .bool(let flag): #"{"as_bool": \#(flag)}"#
            case .text(let text): #"{"as_string": "\#(text)"}"#
            case .none: #"{"as_none": true}"#
            }
        }
    }

    /// Adds a node, whose result is the program's unless another follows.
    /// - Parameter operation: as in `add.Tensor`.
    func node(_ name: String, _ operation: String, _ arguments: [(String, Argument)]) -> TinyProgram {
        var next = self
        let inputs = arguments.map { #"{"name": "\#($0)", "arg": \#($1.json), "kind": 1}"# }.joined(separator: ", ")
        next.nodes.append(
            #"{"target": "torch.ops.aten.\#(operation)", "name": "\#(name)", "inputs": [\#(inputs)], "outputs": [{"as_tensor": {"name": "\#(name)"}}], "metadata": {}}"#
        )
        next.output = name
        return next
    }

    /// The one node of a program.
    static func of(
        _ operation: String, _ arguments: [(String, Argument)] = [], size: (Int, Int) = (2, 2), _ stored: [Stored] = []
    ) -> TinyProgram {
        TinyProgram(size, stored).node("y", operation, [("self", .tensor("x"))] + arguments)
    }

    /// - Throws: `GraphError` for what is not read.
    func graph() throws -> Graph {
        let path = FileManager.default.temporaryDirectory.appending(path: "tiny-\(UUID()).pt2").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let zip = try ZipWriter(path)
        let buffers = stored.map { #"{"buffer": {"arg": {"name": "\#($0.name)"}, "buffer_name": "\#($0.name)"}}"# }
        let image = #"{"user_input": {"arg": {"as_tensor": {"name": "x"}}}}"#
        let sizes = (self.sizes ?? [1, 3, size.0, size.1].map { #"{"as_int": \#($0)}"# }).joined(separator: ", ")
        try zip.add(
            "tiny/models/model.json",
            Array(
                #"""
                {"schema_version": {"major": \#(schema), "minor": 1}, "graph_module": {"graph": {
                  "inputs": [], "outputs": [{"as_tensor": {"name": "\#(output)"}}], "nodes": [\#(nodes.joined(separator: ", "))],
                  "tensor_values": {"x": {"sizes": [\#(sizes)]}}},
                 "signature": {"input_specs": [\#((buffers + [image]).joined(separator: ", "))]}}}
                """#.utf8), stored: true)
        let entries = stored.enumerated().map { place, tensor in
            func list(_ numbers: [Int]) -> String { numbers.map { #"{"as_int": \#($0)}"# }.joined(separator: ", ") }
            return
                #""\#(tensor.name)": {"path_name": "w\#(place)", "use_pickle": false, "tensor_meta": {"dtype": \#(tensor.type), "sizes": [\#(list(tensor.sizes))], "strides": [\#(list(tensor.strides))], "storage_offset": {"as_int": \#(tensor.offset)}}}"#
        }
        try zip.add(
            "tiny/data/weights/model_weights_config.json",
            Array(#"{"config": {\#(entries.joined(separator: ", "))}}"#.utf8), stored: true)
        for (place, tensor) in stored.enumerated() {
            try zip.add("tiny/data/weights/w\(place)", tensor.bytes, stored: true)
        }
        for (name, text) in others.sorted(by: { $0.key < $1.key }) { try zip.add(name, Array(text.utf8), stored: true) }
        try zip.close()
        return try Graph(pt2: path, size: (5, 6))
    }

    /// Its result for an image of these numbers, computed plainly and by this machine's kernels, which must agree.
    func run(_ image: [Float]) throws -> (shape: [Int], numbers: [Float]) {
        let graph = try graph(), target = graph.outputs[0]
        let x = Tensor(shape: [1, 3, size.0, size.1], data: image)
        let plain = try GraphProgram(graph, target: target, kernels: .plain).run(x)
        let packed = try GraphProgram(graph, target: target, kernels: .best).run(x)
        guard plain.shape == packed.shape,
            zip(plain.data, packed.data).allSatisfy({ abs($0 - $1) <= 1e-5 * max(1, abs($0)) })
        else {
            throw SupportError(words: "\(plain) by plain kernels, \(packed) by the best")
        }
        return (plain.shape, plain.data)
    }
}
