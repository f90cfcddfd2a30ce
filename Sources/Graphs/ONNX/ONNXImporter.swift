import Tensors

/// Translates an ONNX model into a `Graph`: node by node, in their order, by the table of operators.
///
/// All shapes are fixed by the image's, so that whatever a model computes from shapes is known while it is read and
/// leaves no node.
struct ONNXImporter {
    typealias Term = GraphBuilder.Term

    private(set) var builder = GraphBuilder()
    /// Version of ONNX's own operators.
    let version: Int
    private var terms: [String: Term] = [:]
    private var node = ONNXNode()
    /// The model file's.
    private let bytes: UnsafeRawBufferPointer

    /// - Parameters:
    ///   - bytes: the model file's, which the importer reads while it is made.
    ///   - image: the name and shape of the input that stays open.
    ///   - constants: the numbers of names that are known beforehand.
    ///   - parameters: names and shapes of what comes from elsewhere.
    ///   - endsWhereShapesDoNotFit: whether the graph may end at the first node that does not fit the image.
    /// - Throws: `GraphError`.
    init(
        _ model: ONNXModel, bytes: UnsafeRawBufferPointer, image: (name: String, shape: [Int]),
        constants: [(String, Constant)],
        parameters: [(name: String, shape: [Int])] = [], endsWhereShapesDoNotFit: Bool = false
    ) throws {
        guard let source = model.graph else { throw GraphError.inconsistent(node: "", "the model has no graph") }
        guard let version = model.operatorSets[""] else {
            throw GraphError.inconsistent(node: "", "the model names no operator set of ONNX")
        }
        self.version = version
        self.bytes = bytes
        for (name, constant) in constants { terms[name] = .constant(constant) }
        do {
            terms[image.name] = try builder.addInput(name: image.name, shape: image.shape)
            for parameter in parameters {
                terms[parameter.name] = try builder.addParameter(name: parameter.name, shape: parameter.shape)
            }
        } catch let mismatch as ShapeMismatch {
            throw GraphError.inconsistent(node: image.name, mismatch.problem)
        }
        do {
            for node in source.nodes { try translate(node) }
        } catch let error as GraphError where endsWhereShapesDoNotFit && !graph.nodes.isEmpty {
            builder.cut(error)
        }
        try builder.finish(outputs: source.outputs.compactMap { terms[$0.name] })
    }

    var graph: Graph { builder.graph }

    /// What a name stands for, once the model is translated.
    func term(_ name: String) -> Term? { terms[name] }

    private mutating func translate(_ node: ONNXNode) throws {
        self.node = node
        builder.module = modulePath
        guard node.domain.isEmpty || node.domain == "ai.onnx", let translation = onnxOperators[node.operation] else {
            let operation = node.domain.isEmpty ? node.operation : "\(node.domain).\(node.operation)"
            throw GraphError.unsupported(operation: operation, node: name, reason: "")
        }
        guard !node.attributes.values.contains(where: \.hasGraph) else {
            throw GraphError.unsupported(operation: node.operation, node: name, reason: "without a graph of its own")
        }
        do {
            let inputs = try node.inputs.map { input -> Term? in
                if input.isEmpty { return nil }
                guard let term = terms[input] else {
                    throw ShapeMismatch("it reads \"\(input)\", which nothing before it gives")
                }
                return term
            }
            let outputs = try translation(&self, inputs)
            builder.pass(outputs, from: inputs)
            for (output, term) in zip(node.outputs, outputs) where !output.isEmpty {
                if case .constant(let constant) = term { try builder.keep(constant) }
                builder.name(term, output)
                terms[output] = term
            }
        } catch let mismatch as ShapeMismatch {
            throw GraphError.inconsistent(node: name, "\(node.operation): \(mismatch.problem)")
        }
    }

    /// The node's name for people.
    private var name: String { node.name.isEmpty ? node.outputs.first ?? node.operation : node.name }

    // MARK: What translations use

    func attribute(_ name: String) -> ONNXAttribute? { node.attributes[name] }
    func integer(_ name: String, _ standard: Int) -> Int { node.attributes[name]?.integer ?? standard }
    func float(_ name: String, _ standard: Float) -> Float { node.attributes[name]?.float ?? standard }
    func integers(_ name: String) -> [Int]? { node.attributes[name]?.integers }
    func text(_ name: String, _ standard: String) -> String { node.attributes[name].map(\.string) ?? standard }
    var outputCount: Int { node.outputs.count }

    func unsupported(_ reason: String) -> GraphError {
        .unsupported(operation: node.operation, node: name, reason: reason)
    }

    func shape(_ term: Term) -> [Int] { builder.shape(term) }

    /// The numbers of an input that must be known beforehand; nil where it is left out.
    func constant(_ term: Term?) throws -> Constant? {
        guard let term else { return nil }
        guard case .constant(let constant) = term else {
            throw unsupported("with shapes and settings that do not depend on the image")
        }
        return constant
    }

    /// The numbers of a node's attribute.
    func constant(of tensor: ONNXTensor) throws -> Constant {
        try Constant(tensor, bytes: bytes) { _, _, _ in throw ShapeMismatch("a constant in another file") }
    }

    /// An axis counted from the end where negative.
    func axis(_ axis: Int, rank: Int) throws -> Int {
        guard -rank..<rank ~= axis else { throw ShapeMismatch("axis \(axis) of \(rank)") }
        return axis < 0 ? axis + rank : axis
    }

    mutating func emit(_ operation: Operation, _ inputs: [Term]) throws -> Term { try builder.emit(operation, inputs) }

    /// PyTorch's exporters say which module a node comes from: the later one as metadata, the earlier one in the node's
    /// name, where a `Sequential`'s children repeat its name (`/layer1/layer1.0/conv1/Conv` is `layer1.0.conv1`).
    private var modulePath: String? {
        if let scopes = node.metadata["pkg.torch.onnx.name_scopes"] {
            let names = scopes.split(separator: ",").map { $0.filter { !"[]'\" ".contains($0) } }
            return names.dropLast().last { !$0.isEmpty }
        }
        guard node.name.hasPrefix("/") else { return nil }
        let parts = node.name.split(separator: "/").dropLast()
        let path = parts.reduce(into: [Substring]()) { path, part in
            if let last = path.last, part.hasPrefix(last + ".") { path.removeLast() }
            path.append(part)
        }
        return path.isEmpty ? nil : path.joined(separator: ".")
    }
}
