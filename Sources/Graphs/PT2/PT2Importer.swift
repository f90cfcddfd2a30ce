import Fingerprints
import Tensors

/// Translates an exported program into a `Graph`: node by node, in their order, by the table of operators.
struct PT2Importer {
    typealias Term = GraphBuilder.Term

    var builder = GraphBuilder()
    private var terms: [String: Term] = [:]
    /// Whole numbers that the program computes from shapes.
    private var numbers: [String: Int] = [:]
    private var node: Value = .null

    var graph: Graph { builder.graph }

    /// - Throws: `GraphError`.
    init(_ file: PT2File, size: (height: Int, width: Int)) throws {
        do {
            for input in file.inputs { try bind(input, file, size) }
        } catch let mismatch as ShapeMismatch {
            throw GraphError.malformed(file: file.path, mismatch.problem)
        }
        for node in file.graph["nodes"]?.arrayValue ?? [] { try translate(node) }
        let outputs = (file.graph["outputs"]?.arrayValue ?? []).compactMap { $0["as_tensor"]?["name"]?.stringValue }
        try builder.finish(outputs: outputs.compactMap { terms[$0] })
        guard !graph.outputs.isEmpty else {
            throw GraphError.inconsistent(node: "", "no output of the model depends on the image")
        }
    }

    /// One of the program's inputs: a tensor of the file, or the image.
    private mutating func bind(_ input: Value, _ file: PT2File, _ size: (height: Int, width: Int)) throws {
        for (kind, key) in [
            ("parameter", "parameter_name"), ("buffer", "buffer_name"), ("tensor_constant", "tensor_constant_name"),
        ] {
            guard let entry = input[kind] else { continue }
            guard let name = entry["arg"]?["name"]?.stringValue, let stored = entry[key]?.stringValue else {
                throw ShapeMismatch("a \(kind) without a name")
            }
            // Only training counts the batches that it has seen.
            if stored.hasSuffix("num_batches_tracked") { return }
            let constant = try file.tensor(stored)
            try builder.keep(constant)
            terms[name] = .constant(constant)
            return
        }
        guard let name = input["user_input"]?["arg"]?["as_tensor"]?["name"]?.stringValue else {
            throw ShapeMismatch(
                "an input that is no tensor (\(input.objectValue?.keys.sorted().joined(separator: ", ") ?? "?")); the model must take one image"
            )
        }
        guard graph.values.isEmpty else {
            throw ShapeMismatch("the model takes several inputs; it must take one image")
        }
        let declared = (file.graph["tensor_values"]?[name]?["sizes"]?.arrayValue ?? []).map { $0["as_int"]?.intValue }
        guard declared.count == 4, declared[0] ?? 1 == 1, declared[1] ?? 3 == 3, declared.allSatisfy({ $0 ?? 1 > 0 })
        else {
            let text = declared.map { $0.map(String.init) ?? "?" }.joined(separator: ", ")
            throw ShapeMismatch(
                "the model's input \"\(name)\" has the shape [\(text)], not [1, 3, height, width]; export it with one image"
            )
        }
        terms[name] = try builder.addInput(
            name: name, shape: [1, 3, declared[2] ?? size.height, declared[3] ?? size.width])
    }

    private mutating func translate(_ node: Value) throws {
        self.node = node
        let target = node["target"]?.stringValue ?? "", operation = Self.operation(target)
        // The innermost module's path: "L__self__layer1.0,layer1.0,torch.nn…" is the last of a list.
        let path = node["metadata"]?["nn_module_stack"]?.stringValue?.split(separator: ";").last?.split(
            separator: ",", omittingEmptySubsequences: false)
        builder.module = path.flatMap { $0.count > 1 && !$0[1].isEmpty ? String($0[1]) : nil }
        do {
            if try translateNumber(operation) { return }
            guard let translation = pt2Operators[operation] else {
                throw GraphError.unsupported(operation: target, node: name, reason: "")
            }
            let results = try translation(&self)
            builder.pass(results, from: [try optional(["self", "input"])])
            let outputs = (node["outputs"]?.arrayValue ?? []).flatMap { output in
                output["as_tensors"]?.arrayValue ?? [output["as_tensor"] ?? .null]
            }
            for (output, term) in zip(outputs, results) {
                guard let name = output["name"]?.stringValue else { continue }
                if case .constant(let constant) = term { try builder.keep(constant) }
                builder.name(term, name)
                terms[name] = term
            }
            if operation.hasSuffix("_"), let result = results.first { replaceInPlace(by: result) }
        } catch let mismatch as ShapeMismatch {
            throw GraphError.inconsistent(node: name, "\(operation): \(mismatch.problem)")
        }
    }

    /// `torch.ops.aten.conv2d.default` is `conv2d`; an operator's variants read the same arguments by their names.
    private static func operation(_ target: String) -> String {
        let parts = target.split(separator: ".")
        guard target.hasPrefix("torch.ops.aten."), parts.count >= 4 else { return target }
        return String(parts[3])
    }

    /// After `x.relu_()` all that reads x, by any of its names, reads the result.
    private mutating func replaceInPlace(by result: Term) {
        guard let changed = try? tensor("self", "input"), changed != result, case .value = changed else { return }
        for (name, term) in terms where term == changed { terms[name] = result }
    }

    /// Whole numbers: sizes of tensors and arithmetic on them, which programs with open sizes have.
    private mutating func translateNumber(_ operation: String) throws -> Bool {
        guard let output = node["outputs"]?.arrayValue?.first?["as_sym_int"]?["as_name"]?.stringValue else {
            return false
        }
        if operation == "sym_size" {
            let shape = builder.shape(try tensor("self"))
            numbers[output] = shape[try axis(integer("dim", 0), rank: shape.count)]
            return true
        }
        let arguments = (node["inputs"]?.arrayValue ?? []).compactMap { number($0["arg"] ?? .null) }
        guard arguments.count == 2 else { throw unsupported("for numbers that are known") }
        let result =
            switch operation.split(separator: ".").last {
            case "mul": arguments[0].multipliedReportingOverflow(by: arguments[1])
            case "add": arguments[0].addingReportingOverflow(arguments[1])
            case "sub": arguments[0].subtractingReportingOverflow(arguments[1])
            case "floordiv" where arguments[1] > 0 && arguments[0] >= 0: (arguments[0] / arguments[1], false)
            default: throw unsupported("for sums, products and quotients of sizes")
            }
        guard !result.1 else { throw ShapeMismatch("a size beyond all tensors") }
        numbers[output] = result.0
        return true
    }

    private func number(_ argument: Value) -> Int? {
        if let number = argument["as_int"]?.intValue { return number }
        let symbol = argument["as_sym_int"] ?? argument
        return symbol["as_int"]?.intValue ?? symbol["as_name"]?.stringValue.flatMap { numbers[$0] }
    }

    private var name: String { node["name"]?.stringValue ?? node["target"]?.stringValue ?? "?" }
}

// MARK: What translations use

extension PT2Importer {
    func unsupported(_ reason: String) -> GraphError {
        .unsupported(operation: node["target"]?.stringValue ?? "?", node: name, reason: reason)
    }

    /// An argument by its name; nil where it is left out or None.
    private func argument(_ names: [String]) -> Value? {
        for input in node["inputs"]?.arrayValue ?? [] where input["name"]?.stringValue.map(names.contains) ?? false {
            return input["arg"]?["as_none"] == nil ? input["arg"] : nil
        }
        return nil
    }

    /// - Throws: `ShapeMismatch` where there is none.
    func tensor(_ names: String...) throws -> Term {
        guard let term = try optional(names) else {
            throw ShapeMismatch("it lacks the tensor \"\(names.joined(separator: "\" or \""))\"")
        }
        return term
    }

    func tensorIfAny(_ name: String) throws -> Term? { try optional([name]) }

    private func optional(_ names: [String]) throws -> Term? {
        guard let argument = argument(names) else { return nil }
        guard let name = (argument["as_tensor"] ?? argument["as_optional_tensor"]?["as_tensor"])?["name"]?.stringValue
        else { return nil }
        guard let term = terms[name] else { throw ShapeMismatch("it reads \"\(name)\", which nothing before it gives") }
        return term
    }

    func tensors(_ name: String) throws -> [Term] {
        try (argument([name])?["as_tensors"]?.arrayValue ?? []).map { entry in
            guard let name = entry["name"]?.stringValue, let term = terms[name] else {
                throw ShapeMismatch("it reads a tensor that nothing before it gives")
            }
            return term
        }
    }

    /// The second factor, summand …: a tensor, or a number.
    func operand(_ name: String) throws -> Term {
        if let term = try optional([name]) { return term }
        guard let number = double(name) else { throw ShapeMismatch("it lacks \"\(name)\"") }
        return try builder.scalar(Float(number))
    }

    func double(_ name: String) -> Double? {
        guard let argument = argument([name]) else { return nil }
        if let text = argument["as_float"]?.stringValue { return Double(text) }
        return argument["as_float"]?.doubleValue ?? number(argument).map(Double.init)
    }

    func integer(_ name: String, _ standard: Int) -> Int { argument([name]).flatMap(number) ?? standard }
    func flag(_ name: String, _ standard: Bool) -> Bool { argument([name])?["as_bool"]?.boolValue ?? standard }
    func text(_ name: String) -> String? { argument([name])?["as_string"]?.stringValue }
    func has(_ name: String) -> Bool { argument([name]) != nil }

    /// A list of whole numbers; nil where it is left out.
    /// - Throws: `ShapeMismatch` for numbers that are not known.
    func integers(_ names: String...) throws -> [Int]? {
        guard let argument = argument(names) else { return nil }
        if let one = number(argument) { return [one] }
        guard let list = (argument["as_ints"] ?? argument["as_sym_ints"])?.arrayValue else { return nil }
        return try list.map { entry in
            guard let number = entry.intValue ?? number(entry) else {
                throw ShapeMismatch("sizes that depend on the image")
            }
            return number
        }
    }

    /// Two numbers for height and width, of which PyTorch takes one for both.
    func pair(_ name: String, _ standard: [Int]) throws -> [Int] {
        guard let list = try integers(name), !list.isEmpty else { return standard }
        return list.count == 1 ? [list[0], list[0]] : list
    }

    /// An axis counted from the end where negative.
    func axis(_ axis: Int, rank: Int) throws -> Int {
        guard -rank..<rank ~= axis else { throw ShapeMismatch("axis \(axis) of \(rank)") }
        return axis < 0 ? axis + rank : axis
    }

    func shape(_ term: Term) -> [Int] { builder.shape(term) }
    mutating func emit(_ operation: Operation, _ inputs: [Term]) throws -> Term { try builder.emit(operation, inputs) }
}
