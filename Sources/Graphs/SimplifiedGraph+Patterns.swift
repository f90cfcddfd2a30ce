import Tensors

// What exporters write as several operations: each becomes the one that it is.
extension SimplifiedGraph {
    mutating func recognise() {
        recogniseGelu()
        recogniseSwish()
        recogniseShuffles()
        foldPads()
        let needed = neededNodes()
        nodes = nodes.enumerated().filter { needed.contains($0.offset) }.map(\.element)
    }

    /// Nodes that a target still depends on.
    private func neededNodes() -> Set<Int> {
        var values = targets, kept: Set<Int> = []
        for (index, node) in nodes.enumerated().reversed() where values.contains(node.output) {
            kept.insert(index)
            values.formUnion(node.inputs)
        }
        return kept
    }

    private func producers() -> [Int: Int] {
        Dictionary(nodes.enumerated().map { ($0.element.output, $0.offset) }) { first, _ in first }
    }

    /// By value, the nodes that read it.
    private func readers() -> [Int: [Int]] {
        var readers: [Int: [Int]] = [:]
        for (index, node) in nodes.enumerated() {
            for input in node.inputs { readers[input, default: []].append(index) }
        }
        return readers
    }

    /// The number of a constant that has one.
    private func scalar(_ value: Int) -> Float? { constants[value].flatMap { $0.count == 1 ? $0.data[0] : nil } }

    /// A node's input beside a number that is about the given one.
    private func operand(_ node: Graph.Node, _ binary: Operation.Binary, _ number: Float) -> Int? {
        guard node.operation == .binary(binary), node.inputs.count == 2 else { return nil }
        func isIt(_ value: Int) -> Bool { scalar(value).map { abs($0 - number) <= 1e-5 * abs(number) } ?? false }
        if isIt(node.inputs[1]) { return node.inputs[0] }
        return binary != .divide && isIt(node.inputs[0]) ? node.inputs[1] : nil
    }

    /// x · 0.5 · (1 + erf(x / √2)), with the half at either place.
    private mutating func recogniseGelu() {
        let producers = producers(), readers = readers()
        func reader(_ value: Int) -> Graph.Node? {
            guard !targets.contains(value), let all = readers[value], all.count == 1 else { return nil }
            return nodes[all[0]]
        }
        for index in nodes.indices where nodes[index].operation == .unary(.erf) {
            guard let scaled = producers[nodes[index].inputs[0]].map({ nodes[$0] }),
                let x = operand(scaled, .divide, 1.4142135) ?? operand(scaled, .multiply, 0.70710677),
                let raised = reader(nodes[index].output), operand(raised, .add, 1) == nodes[index].output,
                let product = reader(raised.output),
                product.operation == .binary(.multiply),
                let other = product.inputs.first(where: { $0 != raised.output })
            else { continue }
            let last: Graph.Node
            if other == x {
                guard let halved = reader(product.output), operand(halved, .multiply, 0.5) == product.output else {
                    continue
                }
                last = halved
            } else {
                guard let half = producers[other].map({ nodes[$0] }), operand(half, .multiply, 0.5) == x else {
                    continue
                }
                last = product
            }
            replace(last.output, Graph.Node(operation: .unary(.gelu(isTanh: false)), inputs: [x], output: last.output))
        }
    }

    /// x · sigmoid(x), x · hardSigmoid(x).
    private mutating func recogniseSwish() {
        let producers = producers()
        for index in nodes.indices where nodes[index].operation == .binary(.multiply) {
            let node = nodes[index]
            for (x, other) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
                guard let gate = producers[other].map({ nodes[$0] }), gate.inputs == [x] else { continue }
                switch gate.operation {
                case .unary(.sigmoid):
                    nodes[index] = Graph.Node(operation: .unary(.silu), inputs: [x], output: node.output)
                case .unary(.hardSigmoid(let alpha, 0.5)) where abs(alpha - 1 / 6) < 1e-6:
                    nodes[index] = Graph.Node(operation: .unary(.hardSwish), inputs: [x], output: node.output)
                default: continue
                }
                break
            }
        }
    }

    /// The shuffle of channels: groups as an axis, turned, and as channels again.
    private mutating func recogniseShuffles() {
        let producers = producers()
        for index in nodes.indices {
            guard case .reshape(let shape) = nodes[index].operation, shape.count == 4,
                let turn = producers[nodes[index].inputs[0]].map({ nodes[$0] }),
                turn.operation == .transpose([0, 2, 1, 3, 4]), let split = producers[turn.inputs[0]].map({ nodes[$0] }),
                case .reshape(let parts) = split.operation, parts.count == 5, parts[0] == 1,
                shape[1] == parts[1] * parts[2],
                Array(shape[2...]) == Array(parts[3...]), let source = shapes[split.inputs[0]], source == shape
            else { continue }
            let order = (0..<shape[1]).map { $0 % parts[1] * parts[2] + $0 / parts[1] }
            nodes[index] = Graph.Node(
                operation: .gather(axis: 1, indices: order), inputs: [split.inputs[0]], output: nodes[index].output)
        }
    }

    /// Zeros around a map belong to the convolution that reads it.
    private mutating func foldPads() {
        let producers = producers()
        for index in nodes.indices {
            guard case .convolution(var window, let groups) = nodes[index].operation,
                let pad = producers[nodes[index].inputs[0]].map({ nodes[$0] }),
                case .pad(let before, let after, .constant(0)) = pad.operation, before.count == 4,
                before[..<2] == [0, 0], after[..<2] == [0, 0]
            else { continue }
            for axis in 0..<2 {
                window.before[axis] += before[axis + 2]
                window.after[axis] += after[axis + 2]
            }
            let node = nodes[index]
            nodes[index] = Graph.Node(
                operation: .convolution(window, groups: groups), inputs: [pad.inputs[0]] + node.inputs.dropFirst(),
                output: node.output)
        }
    }

    private mutating func replace(_ output: Int, _ node: Graph.Node) {
        guard let index = nodes.firstIndex(where: { $0.output == output }) else { return }
        nodes[index] = node
    }
}
