import Tensors

/// Makes a graph operation by operation, as an importer translates a model's nodes.
///
/// All shapes are fixed by the image's, so that whatever a model computes from shapes is known while it is read and
/// leaves no node.
struct GraphBuilder {
    /// What a model's name stands for.
    enum Term: Equatable {
        case constant(Constant)
        /// A place among the graph's values.
        case value(Int)
    }

    /// Values of all nodes together, in numbers: 64 GB.
    private static let largestTotal = 1 << 34
    /// Numbers that nodes give without the image: 2 GB; and the multiplications for them.
    private static let largestKnown = 1 << 29, largestFolding = 1e10
    private static let largestNodeCount = 1 << 18

    private(set) var graph = Graph()
    /// The module whose operations are added.
    var module: String?
    private var total = 0, known = 0, folding = 0.0
    private let products = GraphProducts.kernels(MatrixProducts())

    /// - Throws: `ShapeMismatch`.
    mutating func addInput(name: String, shape: [Int]) throws -> Term {
        graph.input = try add(shape: shape)
        self.name(.value(graph.input), name)
        return .value(graph.input)
    }

    /// A tensor whose numbers come from elsewhere.
    /// - Throws: `ShapeMismatch`, `GraphError.tooLarge`.
    mutating func addParameter(name: String, shape: [Int]) throws -> Term {
        let place = try add(shape: shape)
        graph.parameters[place] = name
        self.name(.value(place), name)
        return .value(place)
    }

    /// Names a value that has no name yet: what a layer is asked for by.
    mutating func name(_ term: Term, _ name: String) {
        guard case .value(let place) = term, graph.values[place].name.isEmpty else { return }
        graph.values[place].name = name
    }

    /// Notes that the module gives one of its inputs as it is.
    mutating func pass(_ results: [Term], from inputs: [Term?]) {
        guard let module, results.count == 1, case .value(let place) = results[0], inputs.contains(results[0]) else {
            return
        }
        graph.passed[module, default: []].insert(place)
    }

    func shape(_ term: Term) -> [Int] {
        switch term {
        case .constant(let constant): constant.shape
        case .value(let place): graph.values[place].shape
        }
    }

    /// The result of an operation: a number that is known, where its inputs are, or else a value.
    /// - Throws: `ShapeMismatch`, `GraphError.tooLarge`.
    mutating func emit(_ operation: Operation, _ inputs: [Term]) throws -> Term {
        let known = inputs.compactMap { if case .constant(let constant) = $0 { constant } else { nil } }
        if known.count == inputs.count { return .constant(try folded(operation, known)) }
        let places = try inputs.map { try place($0) }
        let shape = try operation.outputShape(places.map { graph.values[$0].shape })
        guard graph.nodes.count < Self.largestNodeCount else {
            throw GraphError.tooLarge("the model has more than \(Self.largestNodeCount) operations")
        }
        let output = try add(shape: shape)
        graph.nodes.append(Graph.Node(operation: operation, inputs: places, output: output))
        return .value(output)
    }

    /// Counts numbers that a node gives without the image.
    /// - Throws: `GraphError.tooLarge`.
    mutating func keep(_ constant: Constant) throws {
        known += try elements(constant.shape)
        guard known <= Self.largestKnown else {
            throw GraphError.tooLarge("the model computes more than \(Self.largestKnown) numbers without the image")
        }
    }

    /// The model's outputs; nothing is added after.
    /// - Throws: `GraphError.tooLarge`.
    mutating func finish(outputs terms: [Term]) throws {
        graph.outputs = terms.compactMap { if case .value(let place) = $0 { place } else { nil } }
        do { try addTokenGrids() } catch let mismatch as ShapeMismatch {
            throw GraphError.inconsistent(node: "", mismatch.problem)
        }
    }

    /// A map that shows a value's tokens: it has the value's name.
    mutating func addGrid(_ map: Term, of value: Int) {
        guard case .value(let place) = map else { return }
        graph.values[place].name = graph.values[value].name
        graph.grids[place] = value
    }

    /// The graph ends here: what follows does not fit the image.
    mutating func cut(_ error: GraphError) { graph.cut = error }

    private mutating func folded(_ operation: Operation, _ inputs: [Constant]) throws -> Constant {
        let shapes = inputs.map(\.shape), shape = try operation.outputShape(shapes)
        try elements(shape)
        folding += operation.multiplications(shapes, output: shape)
        guard folding <= Self.largestFolding else {
            throw GraphError.tooLarge("the model multiplies too much that does not depend on the image")
        }
        let result = try operation.apply(inputs.map(\.tensor), products: products)
        // Arithmetic of shapes stays whole numbers, which a Float holds up to 2²⁴.
        let whole = inputs.allSatisfy(\.isInteger) ? result.data.map { Int(exactly: $0) ?? .max } : [.max]
        if whole.allSatisfy({ -(1 << 24)...(1 << 24) ~= $0 }), whole.count == result.count {
            return try Constant(shape: result.shape, .integers(whole))
        }
        return try Constant(shape: result.shape, .floats(result.data))
    }

    private mutating func place(_ term: Term) throws -> Int {
        switch term {
        case .value(let place): return place
        case .constant(let constant):
            let place = try add(shape: constant.shape)
            graph.constants[place] = constant.tensor
            return place
        }
    }

    private mutating func add(shape: [Int]) throws -> Int {
        total += try elements(shape)
        guard total <= Self.largestTotal else {
            throw GraphError.tooLarge("the model's values have more than \(Self.largestTotal) numbers")
        }
        graph.values.append(Graph.Value(name: "", shape: shape, module: module))
        return graph.values.count - 1
    }
}

// MARK: Operations that models have as one

extension GraphBuilder {
    func scalar(_ number: Float) throws -> Term { .constant(try Constant(shape: [], .floats([number]))) }

    mutating func reshape(_ x: Term, _ target: [Int]) throws -> Term {
        var target = target
        if let open = target.firstIndex(of: -1) {
            let rest = try elements(target.enumerated().filter { $0.offset != open }.map(\.element))
            guard rest > 0 else { throw ShapeMismatch("the shape \(shape(x)) as \(target)") }
            target[open] = try elements(shape(x)) / rest
        }
        return target == shape(x) ? x : try emit(.reshape(target), [x])
    }

    /// `x · wᵀ + bias` over the last axis, weights `[outputs, inputs]`.
    mutating func linear(_ x: Term, weights: Term, bias: Term?) throws -> Term {
        let product = try emit(.matrixProduct, [try matrix(x), try emit(.transpose([1, 0]), [weights])])
        let shaped = shape(x).count == 1 ? try reshape(product, Array(shape(product).dropFirst())) : product
        return try bias.map { try emit(.binary(.add), [shaped, $0]) } ?? shaped
    }

    private mutating func matrix(_ x: Term) throws -> Term { shape(x).count == 1 ? try reshape(x, [1] + shape(x)) : x }

    /// NumPy's product, also of vectors.
    mutating func product(_ a: Term, _ b: Term) throws -> Term {
        let (first, second) = (shape(a), shape(b))
        let right = second.count == 1 ? try reshape(b, second + [1]) : b
        let product = try emit(.matrixProduct, [try matrix(a), right])
        guard first.count == 1 || second.count == 1 else { return product }
        var result = shape(product)
        if second.count == 1 { result.removeLast() }
        if first.count == 1 { result.remove(at: result.count - (second.count == 1 ? 1 : 2)) }
        return try reshape(product, result)
    }

    /// softmax(q · kᵀ · scale + mask) · v (Vaswani et al. 2017, section 3.2.1) over the last two axes.
    /// - Parameter scale: 1/√d by default.
    mutating func attention(_ q: Term, _ k: Term, _ v: Term, mask: Term?, scale: Float?) throws -> Term {
        let rank = shape(k).count
        guard rank > 1, let d = shape(q).last, d > 0 else {
            throw ShapeMismatch("attention of \(shape(q)) and \(shape(k))")
        }
        let scaled = try emit(.binary(.multiply), [q, scalar(scale ?? Float(1 / Double(d).squareRoot()))])
        let turned = try emit(.transpose(Array(0..<rank - 2) + [rank - 1, rank - 2]), [k])
        var scores = try emit(.matrixProduct, [scaled, turned])
        if let mask { scores = try emit(.binary(.add), [scores, mask]) }
        return try emit(.matrixProduct, [try emit(.softmax(axis: shape(scores).count - 1), [scores]), v])
    }

    /// The mean, largest … over axes, which may be dropped.
    mutating func reduce(_ x: Term, _ reduction: Operation.Reduction, axes: [Int], keeping: Bool) throws -> Term {
        let own = shape(x), result = try emit(.reduce(reduction, axes: axes), [x])
        return keeping ? result : try reshape(result, own.indices.filter { !axes.contains($0) }.map { own[$0] })
    }

    /// Pooling to a size over h×w, each window from ⌊i·n/m⌋ to ⌈(i+1)·n/m⌉ as PyTorch's.
    mutating func adaptivePool(_ x: Term, to size: [Int], isMax: Bool) throws -> Term {
        let own = shape(x)
        guard own.count == 4, size.count == 2, size.allSatisfy({ $0 > 0 }) else {
            throw ShapeMismatch("pooling of \(own) to \(size)")
        }
        if size == [1, 1] { return try emit(.reduce(isMax ? .max : .mean, axes: [2, 3]), [x]) }
        if size == Array(own[2...]) { return x }
        guard own[2] % size[0] == 0, own[3] % size[1] == 0 else { return try unevenPool(x, to: size, isMax: isMax) }
        let kernel = [own[2] / size[0], own[3] / size[1]]
        let window = Window(kernel: kernel, stride: kernel, dilation: [1, 1], before: [0, 0], after: [0, 0])
        return try emit(isMax ? .maxPool(window) : .averagePool(window, countsPadding: true), [x])
    }

    /// Of windows that are not of one size: by rows, then by columns, which is the same mean as rows of a window are
    /// equally long.
    private mutating func unevenPool(_ x: Term, to size: [Int], isMax: Bool) throws -> Term {
        var result = x
        for axis in 0..<2 {
            let length = shape(x)[axis + 2]
            guard size[axis] <= 1024 else { throw ShapeMismatch("pooling of \(shape(x)) to \(size)") }
            let parts = try (0..<size[axis]).map { place -> Term in
                let start = place * length / size[axis], end = ((place + 1) * length + size[axis] - 1) / size[axis]
                let part = try emit(.slice(axis: axis + 2, start: start, count: end - start, step: 1), [result])
                return try emit(.reduce(isMax ? .max : .mean, axes: [axis + 2]), [part])
            }
            result = try emit(.concatenate(axis: axis + 2), parts)
        }
        return result
    }
}
