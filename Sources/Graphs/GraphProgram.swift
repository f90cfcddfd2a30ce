import Tensors

/// How a graph is computed.
public enum GraphKernels: Sendable, Equatable {
    /// Operation by operation on tensors, products by OpenBLAS: what the kernels are tested with, and what is faster
    /// where the processor has none of the vectors that they are written for.
    case plain
    /// By packed kernels, which give the same bits with each instruction set.
    case packed(InstructionSet)

    /// The fastest on this machine.
    public static let best: GraphKernels = InstructionSet.best == .portable ? .plain : .packed(.best)
}

/// A graph made ready to run up to some of its values, its parameters read.
///
/// A value that threads share. The bits depend on the image alone, not on how many run together, the thread or the
/// instruction set; where it `usesOpenBLAS`, on that library's kernel too.
public struct GraphProgram: Sendable {
    /// What is computed; its constants are in the program.
    public let graph: Graph
    /// The places of the values that a run gives, in its order.
    public let targets: [Int]
    private let way: Way

    private enum Way: Sendable {
        case plain(PlainProgram)
        case packed(PackedProgram)
    }

    /// Reads the parameters that the targets need, and no others.
    /// - Parameters:
    ///   - targets: places of values; at least one.
    ///   - parameters: gives the tensor of that name and shape; asked for `graph.parameters` alone.
    /// - Throws: what `parameters` throws; `GraphError` for shapes that do not fit.
    public init(
        _ graph: Graph, targets: [Int], kernels: GraphKernels = .best,
        parameters: (_ name: String, _ shape: [Int]) throws -> Tensor
    ) throws {
        self.targets = targets
        var simplified = SimplifiedGraph(graph, targets: Set(targets))
        let read = Set(simplified.nodes.flatMap(\.inputs))
        for (place, name) in graph.parameters where read.contains(place) {
            simplified.constants[place] = try parameters(name, graph.values[place].shape)
        }
        do {
            try simplified.simplify(.kernels(MatrixProducts()))
            switch kernels {
            case .plain: way = .plain(PlainProgram(simplified, targets: targets))
            case .packed(let instructions):
                way = .packed(try Lowering.program(simplified, targets: targets, instructions: instructions))
            }
        } catch let mismatch as ShapeMismatch {
            throw GraphError.inconsistent(node: "", mismatch.problem)
        }
        var bare = graph
        bare.constants = [:]
        self.graph = bare
    }

    /// A graph up to one value.
    /// - Throws: `GraphError` for an operation or a shape that is not computed, and what `parameters` throws.
    public init(
        _ graph: Graph, target: Int, kernels: GraphKernels = .best,
        parameters: (_ name: String, _ shape: [Int]) throws -> Tensor
    ) throws {
        try self.init(graph, targets: [target], kernels: kernels, parameters: parameters)
    }

    /// A graph that holds all its parameters.
    /// - Throws: `GraphError`, also where a parameter's numbers are not in the model's file.
    public init(_ graph: Graph, target: Int, kernels: GraphKernels = .best) throws {
        try self.init(graph, target: target, kernels: kernels) { name, _ in
            throw GraphError.inconsistent(node: name, "the model holds no numbers for this parameter")
        }
    }

    /// Whether the bits depend on OpenBLAS's kernel (`blasKernelName()`) too.
    public var usesOpenBLAS: Bool { if case .plain = way { true } else { false } }

    /// Images a call for the best speed: the last operations take so many at once.
    public var batch: Int { if case .packed(let program) = way { program.batch } else { 1 } }

    /// The first target value for one image.
    /// - Parameter image: of the input's shape, normalised.
    /// - Throws: `GraphError.inconsistent` for an image of another shape.
    public func run(_ image: Tensor) throws -> Tensor { try runAll(image).first ?? image }

    /// All target values for one image.
    /// - Throws: `GraphError.inconsistent` for an image of another shape.
    public func runAll(_ image: Tensor) throws -> [Tensor] {
        let input = graph.values[graph.input]
        guard image.shape == input.shape else {
            throw GraphError.inconsistent(
                node: input.name, "the image has the shape \(image.shape), the model takes \(input.shape)")
        }
        if case .plain(let program) = way { return try program.run(image) }
        var results = targets.map { Tensor(zeros: graph.values[$0].shape) }
        let outputs = results.map { FloatStorage(count: $0.count) }
        try image.data.withUnsafeBufferPointer {
            try run(images: $0.baseAddress!, count: 1, into: outputs.map(\.address))
        }
        for index in results.indices {
            results[index].data.withUnsafeMutableBufferPointer {
                $0.baseAddress?.update(from: outputs[index].address, count: $0.count)
            }
        }
        return results
    }

    /// All target values for some images, on the calling thread.
    /// - Parameters:
    ///   - images: `[count]` images of the input's shape, normalised.
    ///   - zeroPixels: what is done about the images' zeros; it changes no bit.
    ///   - outputs: for each target, room for `[count, the value's shape]`.
    /// - Throws: `GraphError`.
    public func run(
        images: UnsafePointer<Float>, count: Int, zeroPixels: ZeroPixels = .computed,
        into outputs: [UnsafeMutablePointer<Float>]
    ) throws {
        let shape = graph.values[graph.input].shape, size = shape.reduce(1, *)
        switch way {
        case .packed(let program):
            try program.run({ images + $0 * size }, count: count, zeroPixels: zeroPixels, into: outputs)
        case .plain(let program):
            for index in 0..<count {
                let image = Tensor(
                    shape: shape, data: Array(UnsafeBufferPointer(start: images + index * size, count: size)))
                for (output, tensor) in zip(outputs, try program.run(image)) {
                    tensor.data.withUnsafeBufferPointer {
                        (output + index * $0.count).update(from: $0.baseAddress!, count: $0.count)
                    }
                }
            }
        }
    }
}
