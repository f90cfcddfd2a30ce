import Foundation
import Graphs
import Testing

/// Programs of one or two nodes: what each argument of an operator means, and what it is where it is left out.
@Suite struct PT2ProgramTests {
    /// −6, −5 … 5: three channels of two by two.
    static let image = (0..<12).map { Float($0 - 6) }
    static let x = TinyProgram.Argument.tensor("x")

    private func expect(
        _ program: TinyProgram, _ expected: [Double], shape: [Int]? = nil, image: [Float] = Self.image,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let (found, numbers) = try program.run(image)
        if let shape { #expect(found == shape, sourceLocation: location) }
        #expect(
            numbers.count == expected.count && zip(numbers, expected).allSatisfy { abs(Double($0) - $1) <= 2e-6 },
            "\(numbers)", sourceLocation: location)
    }

    private func refusal(_ program: TinyProgram) -> String {
        do {
            _ = try program.graph()
            return "read"
        } catch { return error is GraphError ? "\(error)" : "another error: \(error)" }
    }

    // MARK: Numbers of a file

    /// A channel's number added to it, from a file whose first numbers are another tensor's.
    @Test func tensorsLieAnywhereInTheirFile() throws {
        let bytes = ([9, 9, 1, 2, 4] as [Float]).flatMap(TinyProgram.Stored.bytes)
        func program(_ offset: Int) -> TinyProgram {
            .of(
                "add.Tensor", [("other", .tensor("k"))],
                [.init("k", type: 7, [1, 3, 1, 1], strides: [3, 1, 1, 1], offset: offset, bytes: bytes)])
        }
        try expect(program(2), [-5, -4, -3, -2, 0, 1, 2, 3, 6, 7, 8, 9])
        #expect(refusal(program(3)).contains("from number 3 on in a file of 5 numbers"))
        #expect(refusal(program(6)).contains("numbers from 6 on in a file of 5"))
    }

    /// Columns of a matrix that lies turned: the number of channel c and column w is the (c + 3w)-th.
    @Test func stridesAreSteps() throws {
        let bytes = (0..<6).flatMap { TinyProgram.Stored.bytes(Float($0)) }
        let turned = TinyProgram.Stored("k", type: 7, [1, 3, 1, 2], strides: [6, 1, 6, 3], bytes: bytes)
        try expect(
            .of("add.Tensor", [("other", .tensor("k"))], [turned]),
            [0, 3, 0, 3, 1, 4, 1, 4, 2, 5, 2, 5], image: [Float](repeating: 0, count: 12))
        let repeated = TinyProgram.Stored("k", type: 7, [1, 3, 1, 2], strides: [0, 0, 0, 1], bytes: bytes)
        try expect(
            .of("add.Tensor", [("other", .tensor("k"))], [repeated]), [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1],
            image: [Float](repeating: 0, count: 12))
    }

    /// 1.5, −2 and 3.140625 in every kind of floating number.
    @Test(arguments: [
        (6, [0x00, 0x3E, 0x00, 0xC0, 0x48, 0x42]), (13, [0xC0, 0x3F, 0x00, 0xC0, 0x49, 0x40]),
        (7, [0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0, 0, 0, 0x49, 0x40]),
        (8, [0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0x20, 0x09, 0x40]),
    ])
    func kindsOfNumbers(type: Int, bytes: [UInt8]) throws {
        let stored = TinyProgram.Stored("k", type: type, [1, 3, 1, 1], strides: [3, 1, 1, 1], bytes: bytes)
        let expected = [1.5, -2, 3.140625].flatMap { [Double](repeating: $0, count: 4) }
        try expect(
            .of("add.Tensor", [("other", .tensor("k"))], [stored]), expected,
            image: [Float](repeating: 0, count: 12))
    }

    @Test func kindsThatAreNotRead() {
        let complex = TinyProgram.Stored("k", type: 9, [1], strides: [1], bytes: [UInt8](repeating: 0, count: 8))
        #expect(
            refusal(.of("add.Tensor", [("other", .tensor("k"))], [complex])).contains("numbers of the type 9"))
    }

    /// The image is one of three channels; a size that is left open is the caller's.
    @Test func imagesOfOtherShapes() throws {
        func program(_ sizes: [String]) -> TinyProgram {
            var program = TinyProgram.of("relu.default")
            program.sizes = sizes
            return program
        }
        let one = #"{"as_int": 1}"#, two = #"{"as_int": 2}"#, three = #"{"as_int": 3}"#, open = #"{"as_expr": "s0"}"#
        let graph = try program([open, three, two, open]).graph()
        #expect(graph.values[graph.input].shape == [1, 3, 2, 6])
        #expect(try program([one, open, open, two]).graph().values[0].shape == [1, 3, 5, 2])
        for (sizes, shape) in [
            ([two, three, two, two], "[2, 3, 2, 2]"), ([one, one, two, open], "[1, 1, 2, ?]"),
            ([one, three, two], "[1, 3, 2]"),
        ] {
            #expect(refusal(program(sizes)).contains("has the shape \(shape), not [1, 3, height, width]"))
        }
    }

    @Test func filesOfOtherKinds() throws {
        var program = TinyProgram.of("relu.default")
        program.schema = 7
        #expect(refusal(program).contains("is described by the schema 7.1"))
        program.schema = 8
        program.others = ["tiny/byteorder": "big"]
        #expect(refusal(program).contains("big-endian"))
        program.others = ["tiny/byteorder": "little", "tiny/models/other.json": "{}"]
        #expect(refusal(program) == "read")
        #expect(refusal(.of("add.Tensor", [("other", .tensor("none"))])).contains("reads \"none\", which nothing"))
        #expect(refusal(.of("softmax.int", [("dim", .int(4))])).contains("axis 4 of 4"))
        #expect(refusal(.of("softmax.int", [("dim", .int(-5))])).contains("axis -5 of 4"))
    }

    // MARK: Number by number

    /// Of an operator's arguments those that are left out.
    @Test func defaults() throws {
        func each(_ function: (Double) -> Double) -> [Double] { Self.image.map { function(Double($0)) } }
        try expect(.of("leaky_relu.default"), each { $0 < 0 ? 0.01 * $0 : $0 })
        try expect(.of("leaky_relu.default", [("negative_slope", .float(0.2))]), each { $0 < 0 ? 0.2 * $0 : $0 })
        try expect(.of("elu.default"), each { $0 < 0 ? exp($0) - 1 : $0 })
        try expect(.of("elu.default", [("alpha", .float(0.5))]), each { $0 < 0 ? 0.5 * (exp($0) - 1) : $0 })
        try expect(.of("hardtanh.default"), each { min(max($0, -1), 1) })
        try expect(
            .of("hardtanh.default", [("min_val", .float(-2)), ("max_val", .float(3))]), each { min(max($0, -2), 3) })
        try expect(.of("clamp.default", [("min", .int(-2))]), each { max($0, -2) })
        try expect(.of("clamp.default", [("min", .none), ("max", .int(3))]), each { min($0, 3) })
        try expect(.of("relu6.default"), each { min(max($0, 0), 6) })
        try expect(.of("hardsigmoid.default"), each { min(max($0 / 6 + 0.5, 0), 1) })
        try expect(.of("hardswish.default"), each { $0 * min(max($0 / 6 + 0.5, 0), 1) })
        try expect(.of("silu.default"), each { $0 / (1 + exp(-$0)) })
        try expect(.of("softplus.default"), each { log(1 + exp($0)) })
        try expect(.of("gelu.default"), each { $0 * 0.5 * (1 + erf($0 / 2.0.squareRoot())) })
        try expect(
            .of("gelu.default", [("approximate", .text("tanh"))]),
            each { $0 * 0.5 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) })
        try expect(.of("pow.Tensor_Scalar", [("exponent", .int(2))]), each { $0 * $0 })
        try expect(.of("dropout.default", [("p", .float(0.5)), ("train", .bool(false))]), each { $0 })
    }

    /// The second operand times alpha.
    @Test func alpha() throws {
        let k = TinyProgram.Stored("k", [1, 3, 1, 1], [1, 2, 4])
        for (operation, sign) in [("add", 1.0), ("sub", -1)] {
            for alpha in [nil, 1, 3] as [Double?] {
                let expected = Self.image.enumerated().map {
                    Double($1) + sign * (alpha ?? 1) * [1, 2, 4][$0 / 4]
                }
                var arguments: [(String, TinyProgram.Argument)] = [("other", .tensor("k"))]
                if let alpha { arguments.append(("alpha", .float(alpha))) }
                try expect(.of("\(operation).Tensor", arguments, [k]), expected)
            }
        }
    }

    /// After `x.relu_()` whoever reads what it changed reads the result, by whatever name.
    @Test func inPlace() throws {
        func program(_ operation: String) -> TinyProgram {
            TinyProgram().node("a", "neg.default", [("self", Self.x)])
                .node("b", "alias.default", [("self", .tensor("a"))])
                .node("c", operation, [("self", .tensor("a"))])
                .node("y", "add.Tensor", [("self", .tensor("b")), ("other", Self.x)])
        }
        try expect(program("relu_.default"), Self.image.map { Double(max(-$0, 0) + $0) })
        try expect(program("relu.default"), Self.image.map { _ in 0 })
    }

    @Test func trainingIsRefused() {
        #expect(refusal(.of("dropout.default", [("train", .bool(true))])).contains("call model.eval()"))
        #expect(refusal(.of("softplus.default", [("beta", .float(2))])).contains("with β = 1"))
        #expect(refusal(.of("elu.default", [("scale", .float(2))])).contains("without scales"))
        #expect(refusal(.of("nonsense.default")).contains("nonsense"))
    }

    // MARK: Windows

    private static let four = (0..<48).map { Float($0) }

    /// The largest of every two by two of 0 … 15: 5, 7, 13, 15; a stride that is left out is the kernel.
    @Test func oneNumberIsForBothAxes() throws {
        for kernel in [[2], [2, 2]] {
            try expect(
                .of("max_pool2d.default", [("kernel_size", .ints(kernel))], size: (4, 4)),
                [0, 16, 32].flatMap { start in [5, 7, 13, 15].map { start + $0 } }, shape: [1, 3, 2, 2],
                image: Self.four)
        }
        try expect(
            .of("max_pool2d.default", [("kernel_size", .ints([2])), ("stride", .ints([1, 2]))], size: (4, 4)),
            [0, 16, 32].flatMap { start in [5, 7, 9, 11, 13, 15].map { start + $0 } }, shape: [1, 3, 3, 2],
            image: Self.four)
        // Channel means at every second place: 0, 2, 8, 10 and 16 more for each channel.
        let mean = TinyProgram.Stored("k", [1, 3, 1, 1], [1, 1, 1].map { $0 / 3 })
        let program = TinyProgram((4, 4), [mean]).node(
            "y", "conv2d.default",
            [("input", Self.x), ("weight", .tensor("k")), ("bias", .none), ("stride", .ints([2]))])
        try expect(program, [16, 18, 24, 26], shape: [1, 1, 2, 2], image: Self.four)
    }

    /// Nine places of which some are padding: counted unless it is said that they are not; windows beyond the border
    /// only where asked for.
    @Test func averages() throws {
        let ones = [Float](repeating: 1, count: 12)
        func pool(_ more: [(String, TinyProgram.Argument)]) -> TinyProgram {
            .of("avg_pool2d.default", [("kernel_size", .ints([3])), ("padding", .ints([1]))] + more)
        }
        try expect(pool([("stride", .ints([1]))]), [Double](repeating: 4.0 / 9, count: 12), image: ones)
        try expect(
            pool([("stride", .ints([1])), ("count_include_pad", .bool(false))]), [Double](repeating: 1, count: 12),
            image: ones)
        let wide = [Float](repeating: 1, count: 3 * 9)
        for (isCeiling, side) in [(false, 1), (true, 2)] {
            let program = TinyProgram.of(
                "max_pool2d.default", [("kernel_size", .ints([2])), ("ceil_mode", .bool(isCeiling))], size: (3, 3))
            try expect(
                program, [Double](repeating: 1, count: 3 * side * side), shape: [1, 3, side, side], image: wide)
        }
        try expect(
            .of("max_pool2d.default", [("kernel_size", .ints([2]))], size: (3, 3)), [1, 1, 1], shape: [1, 3, 1, 1],
            image: wide)
        #expect(refusal(pool([("divisor_override", .int(2))])).contains("without divisor_override"))
    }

    /// (x − mean) / √(variance + ε) · weight + bias, ε = 10⁻⁵ where it is left out.
    @Test func norms() throws {
        let stored: [TinyProgram.Stored] = [
            .init("m", [3], [1, 2, 3]), .init("v", [3], [0, 4e-5, 1]), .init("w", [3], [2, 1, 1]),
            .init("b", [3], [0, 1, 0]),
        ]
        let image = (0..<12).map { 1 + Float($0) * 0.01 }
        func program(_ more: [(String, TinyProgram.Argument)]) -> TinyProgram {
            TinyProgram((2, 2), stored).node(
                "y", "batch_norm.default",
                [("input", Self.x), ("running_mean", .tensor("m")), ("running_var", .tensor("v"))] + more)
        }
        func expected(_ epsilon: Double, _ weight: [Double], _ bias: [Double]) -> [Double] {
            image.enumerated().map { place, value in
                let c = place / 4, mean = Double(c + 1), variance = [0, 4e-5, 1][c]
                return (Double(value) - mean) / (variance + epsilon).squareRoot() * weight[c] + bias[c]
            }
        }
        func close(_ program: TinyProgram, _ expected: [Double]) throws {
            let numbers = try program.run(image).numbers
            #expect(zip(numbers, expected).allSatisfy { abs(Double($0) - $1) <= 1e-4 * max(1, abs($1)) }, "\(numbers)")
        }
        try close(program([]), expected(1e-5, [1, 1, 1], [0, 0, 0]))
        try close(
            program([("weight", .tensor("w")), ("bias", .tensor("b")), ("eps", .float(0.01))]),
            expected(0.01, [2, 1, 1], [0, 1, 0]))
        #expect(refusal(program([("training", .bool(true))])).contains("call model.eval()"))
    }

    // MARK: Shapes

    /// Sums of a place of each list, those of the last list next to each other.
    private static func places(_ first: [Double], _ second: [Double], _ third: [Double]) -> [Double] {
        first.flatMap { a in second.flatMap { b in third.map { a + b + $0 } } }
    }

    /// Places in turn, so that the numbers tell where they came from.
    @Test func partsOfAnAxis() throws {
        let places = (0..<24).map { Float($0) }
        func take(_ operation: String, _ arguments: [(String, TinyProgram.Argument)], _ columns: [Double]) throws {
            try expect(
                .of(operation, arguments, size: (2, 4)),
                Self.places([0, 8, 16], [0, 4], columns),
                image: places)
        }
        try take("slice.Tensor", [("dim", .int(3)), ("start", .int(1))], [1, 2, 3])
        try take("slice.Tensor", [("dim", .int(-1)), ("start", .int(-3)), ("end", .int(-1))], [1, 2])
        try take("slice.Tensor", [("dim", .int(3)), ("end", .int(99)), ("step", .int(3))], [0, 3])
        try take("slice.Tensor", [("dim", .int(3)), ("start", .int(0)), ("step", .int(2))], [0, 2])
        try take("select.int", [("dim", .int(3)), ("index", .int(-1))], [3])
        try expect(
            .of("select.int", [("dim", .int(1))], size: (2, 4)), (0..<8).map(Double.init), shape: [1, 2, 4],
            image: places)
        try expect(
            .of("flatten.using_ints", [("start_dim", .int(1))], size: (2, 4)), places.map(Double.init), shape: [1, 24],
            image: places)
        try expect(.of("flatten.using_ints", size: (2, 4)), places.map(Double.init), shape: [24], image: places)
        try expect(
            .of("transpose.int", [("dim0", .int(2)), ("dim1", .int(-1))], size: (2, 4)),
            Self.places([0, 8, 16], [0, 1, 2, 3], [0, 4]), shape: [1, 3, 4, 2], image: places)
        try expect(
            .of("permute.default", [("dims", .ints([0, 2, 3, -3]))], size: (2, 4)),
            Self.places([0, 4], [0, 1, 2, 3], [0, 8, 16]), shape: [1, 2, 4, 3], image: places)
    }

    @Test func sums() throws {
        let places = (0..<12).map { Float($0) }
        try expect(
            .of("mean.dim", [("dim", .ints([2, 3])), ("keepdim", .bool(true))]), [1.5, 5.5, 9.5], shape: [1, 3, 1, 1],
            image: places)
        try expect(.of("mean.dim", [("dim", .ints([-1, -2]))]), [1.5, 5.5, 9.5], shape: [1, 3], image: places)
        try expect(.of("sum.default"), [66], image: places)
        try expect(.of("amax.default", [("dim", .ints([1]))]), [8, 9, 10, 11], shape: [1, 2, 2], image: places)
        try expect(.of("amin.default", [("dim", .ints([1]))]), [0, 1, 2, 3], shape: [1, 2, 2], image: places)
    }

    /// e⁰ and e¹ of their sum, along the last axis where none is named.
    @Test func softmax() throws {
        let places = (0..<12).map { Float($0) }, first = 1 / (1 + exp(1.0))
        let pairs = (0..<6).flatMap { _ in [first, 1 - first] }
        try expect(.of("softmax.int", [("dim", .int(-1))]), pairs, image: places)
        try expect(.of("softmax.int", [("dim", .int(3))]), pairs, image: places)
        let rows = 1 / (1 + exp(2.0))
        try expect(
            .of("softmax.int", [("dim", .int(2))]), (0..<3).flatMap { _ in [rows, rows, 1 - rows, 1 - rows] },
            image: places)
    }

    /// From the last axis on: one column before, two behind, a row above.
    @Test func pads() throws {
        let places = (0..<12).map { Float($0) }
        func rows(_ function: (Double) -> [Double]) -> [Double] { [0, 4, 8].flatMap(function) }
        try expect(
            .of("pad.default", [("pad", .ints([1, 2, 1, 0])), ("value", .float(7))]),
            rows { [7, 7, 7, 7, 7, 7, $0, $0 + 1, 7, 7, 7, $0 + 2, $0 + 3, 7, 7] }, shape: [1, 3, 3, 5], image: places)
        try expect(
            .of("constant_pad_nd.default", [("pad", .ints([1, 0]))]), rows { [0, $0, $0 + 1, 0, $0 + 2, $0 + 3] },
            image: places)
        try expect(
            .of("pad.default", [("pad", .ints([1, 0])), ("mode", .text("replicate"))]),
            rows { [$0, $0, $0 + 1, $0 + 2, $0 + 2, $0 + 3] }, image: places)
        try expect(
            .of("pad.default", [("pad", .ints([1, 0])), ("mode", .text("reflect"))]),
            rows { [$0 + 1, $0, $0 + 1, $0 + 3, $0 + 2, $0 + 3] }, image: places)
        #expect(
            refusal(.of("pad.default", [("pad", .ints([1, 0])), ("mode", .text("circular"))])).contains("circular"))
    }

    /// Zeros around a map are the convolution's own; other numbers are not. Sums over three by three of ones, of which
    /// five are around a corner's four.
    @Test(arguments: [(0.0, 12.0), (2, 42)]) func padsBeforeAConvolution(value: Double, sum: Double) throws {
        let ones = TinyProgram.Stored("k", [1, 3, 3, 3], [Float](repeating: 1, count: 27))
        let program = TinyProgram((2, 2), [ones])
            .node("a", "pad.default", [("self", Self.x), ("pad", .ints([1, 1, 1, 1])), ("value", .float(value))])
            .node("y", "conv2d.default", [("input", .tensor("a")), ("weight", .tensor("k"))])
        try expect(
            program, [sum, sum, sum, sum], shape: [1, 1, 2, 2], image: [Float](repeating: 1, count: 12))
    }
}
