import Files
import Foundation
import Tensors

extension Graph {
    /// Reads an ONNX model, its weights inside or in files beside it.
    ///
    /// - Parameters:
    ///   - path: of the `.onnx` file.
    ///   - size: height and width of the image where the model leaves them open.
    /// - Throws: `GraphError`, which names the file, and the node where there is one.
    public init(onnx path: String, size: (height: Int, width: Int) = (224, 224)) throws {
        let name = (path as NSString).lastPathComponent
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) else {
            throw GraphError.malformed(file: path, "cannot be read; check the path and its permissions")
        }
        self = try data.withUnsafeBytes { bytes in
            do {
                let parser = ONNXParser(bytes), model = try parser.model()
                guard let graph = model.graph, !graph.nodes.isEmpty else {
                    throw GraphError.malformed(file: name, "holds no ONNX graph")
                }
                guard !model.hasFunctions else {
                    throw GraphError.unsupported(
                        operation: "local functions", node: name, reason: "where they are inlined (onnx.inliner)")
                }
                let folder = (path as NSString).deletingLastPathComponent
                let constants = try graph.initializers.map { tensor in
                    do {
                        return (
                            tensor.name,
                            try Constant(tensor, bytes: bytes) { try externalData($0, $1, $2, folder: folder) }
                        )
                    } catch let mismatch as ShapeMismatch {
                        throw GraphError.malformed(file: name, "the tensor \"\(tensor.name)\": \(mismatch.problem)")
                    }
                }
                let image = try image(of: graph, known: Set(constants.map(\.0)), size: size)
                var imported = try ONNXImporter(model, bytes: bytes, image: image, constants: constants).graph
                guard !imported.outputs.isEmpty else {
                    throw GraphError.inconsistent(node: "", "no output of the model depends on the image")
                }
                imported.siblings = Set(graph.initializers.compactMap { $0.isExternal ? $0.external["location"] : nil })
                    .sorted()
                return imported
            } catch let malformed as WireReader.Malformed {
                throw GraphError.malformed(file: name, "is no ONNX model, or damaged near byte \(malformed.offset)")
            }
        }
    }
}

/// The one input that is no parameter, with a batch of one.
private func image(of graph: ONNXGraph, known: Set<String>, size: (height: Int, width: Int)) throws -> (
    name: String, shape: [Int]
) {
    let images = graph.inputs.filter { !known.contains($0.name) }
    guard images.count == 1 else {
        throw GraphError.inconsistent(
            node: "",
            "the model has \(images.count) inputs (\(images.map(\.name).joined(separator: ", "))); it must take one image"
        )
    }
    let declared = images[0].shape
    guard declared.count == 4, declared[1] ?? 3 == 3, declared.allSatisfy({ $0 ?? 1 > 0 }) else {
        let text = declared.map { $0.map(String.init) ?? "?" }.joined(separator: ", ")
        throw GraphError.inconsistent(
            node: images[0].name, "the model's input has the shape [\(text)], not [1, 3, height, width]")
    }
    return (images[0].name, [1, 3, declared[2] ?? size.height, declared[3] ?? size.width])
}

/// Bytes of a file beside the model: a plain name in its folder, no link.
private func externalData(_ location: String, _ offset: Int, _ length: Int?, folder: String) throws -> [UInt8] {
    guard !location.isEmpty, !location.contains("/"), !location.contains("\\"), !location.contains("\0"),
        location != ".."
    else {
        throw GraphError.malformed(
            file: location, "weights outside the model's folder are not read; keep them beside the model")
    }
    let path = (folder.isEmpty ? "." : folder) + "/" + location
    do {
        let file = try PlainFile(path, followsLinks: false)
        guard offset <= file.size, length ?? 0 <= file.size - offset else {
            let wanted = "the model wants \(length ?? 0) from byte \(offset)"
            throw GraphError.malformed(file: path, "has \(file.size) bytes, but \(wanted); take another copy")
        }
        let count = length ?? file.size - offset, bytes = try file.bytes(at: offset, upTo: count)
        guard bytes.count == count else { throw GraphError.malformed(file: path, "became shorter while it was read") }
        return bytes
    } catch let error as FileError {
        throw GraphError.malformed(
            file: path, "\(error.problem); the model's weights belong there, as a file and not a link")
    }
}

extension Graph {
    /// What a model gives for some inputs, as ONNX's own test data is laid out: serialised tensors. All but the first
    /// are known while the model is read; nil for an output that is not computed (a mask, a mean beside the norm).
    /// - Throws: `GraphError`.
    package static func outputs(ofModel model: [UInt8], inputs: [[UInt8]]) throws -> [[Float]?] {
        try model.withUnsafeBytes { bytes in
            do {
                let model = try ONNXParser(bytes).model(), graph = model.graph ?? ONNXGraph()
                var known = try graph.initializers.map { ($0.name, try constant($0, bytes)) }
                let open = graph.inputs.filter { input in !known.contains { $0.0 == input.name } }
                let tensors = try inputs.map { data in
                    try data.withUnsafeBytes { try constant(ONNXParser($0).tensor(0..<$0.count), $0) }
                }
                guard let first = open.first, let image = tensors.first else {
                    throw GraphError.inconsistent(node: "", "no input")
                }
                known += zip(open, tensors).dropFirst().map { ($0.name, $1) }
                if image.isInteger { known.append((first.name, image)) }
                let name = image.isInteger ? "" : first.name
                let importer = try ONNXImporter(model, bytes: bytes, image: (name, image.shape), constants: known)
                return try graph.outputs.map { output in
                    switch importer.term(output.name) {
                    case .constant(let constant)?: return constant.tensor.data
                    case .value(let place)?:
                        return try GraphProgram(importer.graph, target: place).run(image.tensor).data
                    case nil: return nil
                    }
                }
            } catch let mismatch as ShapeMismatch {
                throw GraphError.malformed(file: "model", mismatch.problem)
            }
        }
    }

    /// The numbers of a serialised tensor (`TensorProto`).
    /// - Throws: `GraphError.malformed`.
    package static func floats(ofTensor data: [UInt8]) throws -> [Float] {
        try data.withUnsafeBytes { bytes in
            do { return try constant(ONNXParser(bytes).tensor(0..<bytes.count), bytes).tensor.data } catch is WireReader
                .Malformed
            {
                throw GraphError.malformed(file: "tensor", "is no serialised tensor")
            }
        }
    }

    private static func constant(_ tensor: ONNXTensor, _ bytes: UnsafeRawBufferPointer) throws -> Constant {
        do {
            return try Constant(tensor, bytes: bytes) { _, _, _ in throw ShapeMismatch("numbers in another file") }
        } catch let mismatch as ShapeMismatch {
            throw GraphError.malformed(file: "tensor", mismatch.problem)
        }
    }
}
