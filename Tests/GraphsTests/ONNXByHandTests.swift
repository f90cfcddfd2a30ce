import Foundation
import Graphs
import Testing

/// Small ONNX models, written byte by byte, with results worked out by hand: what ONNX's own tests leave open.
@Suite struct ONNXByHandTests {
    /// Fields of the wire format of protocol buffers.
    private static func field(_ number: Int, _ bytes: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(bytes.count) + bytes
    }
    private static func field(_ number: Int, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
    private static func field(_ number: Int, _ value: Int) -> [UInt8] { varint(number << 3) + varint(value) }

    private static func varint(_ value: Int) -> [UInt8] {
        value < 128 ? [UInt8(value)] : [UInt8(value & 127) | 128] + varint(value >> 7)
    }

    private static func bytes(_ number: Float) -> [UInt8] {
        withUnsafeBytes(of: number.bitPattern.littleEndian, Array.init)
    }

    /// `TensorProto` of float32 numbers.
    private static func tensor(_ shape: [Int], _ numbers: [Float]) -> [UInt8] {
        shape.flatMap { field(1, $0) } + field(2, 1) + field(9, numbers.flatMap(bytes))
    }

    private enum Attribute {
        case float(Float), int(Int), ints([Int])

        func bytes(_ name: String) -> [UInt8] {
            let value: [UInt8] =
                switch self {
                case .float(let number): [2 << 3 | 5] + ONNXByHandTests.bytes(number) + field(20, 1)
                case .int(let number): field(3, number) + field(20, 2)
                case .ints(let numbers): numbers.flatMap { field(8, $0) } + field(20, 7)
                }
            return field(5, field(1, name) + value)
        }
    }

    private static func node(
        _ operation: String, _ inputs: [String], _ outputs: [String], _ attributes: [(String, Attribute)] = []
    ) -> [UInt8] {
        field(
            1,
            inputs.flatMap { field(1, $0) } + outputs.flatMap { field(2, $0) } + field(4, operation)
                + attributes.flatMap { $1.bytes($0) })
    }

    /// What a model of these nodes gives for `x`.
    private static func run(
        _ nodes: [[UInt8]], _ x: (shape: [Int], numbers: [Float]), outputs: [String] = ["y"], version: Int = 13
    ) throws -> [[Float]?] {
        func value(_ number: Int, _ name: String, _ shape: [Int]) -> [UInt8] {
            let type = field(1, field(1, 1) + field(2, shape.flatMap { field(1, field(1, $0)) }))
            return field(number, field(1, name) + field(2, type))
        }
        let graph =
            nodes.flatMap { $0 } + field(2, "graph") + value(11, "x", x.shape)
            + outputs.flatMap { value(12, $0, [1]) }
        let model = field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, version))
        return try Graph.outputs(ofModel: model, inputs: [tensor(x.shape, x.numbers)])
    }

    /// As nearly equal as can be, the last smaller: seven are 3, 3 and 1.
    @Test(arguments: [(7, 3, [3, 3, 1]), (6, 3, [2, 2, 2]), (5, 2, [3, 2]), (8, 3, [3, 3, 2])])
    func splitsWithoutSizes(length: Int, count: Int, sizes: [Int]) throws {
        let numbers = (0..<length).map { Float($0) }, outputs = (0..<count).map { "y\($0)" }
        let parts = try Self.run(
            [Self.node("Split", ["x"], outputs, [("axis", .int(1))])], ([1, length], numbers), outputs: outputs)
        var rest = numbers[...]
        for (part, size) in zip(parts, sizes) {
            #expect(part == Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        #expect(parts.count == count && rest.isEmpty)
    }

    /// x · hardSigmoid(x) is hardSwish for a slope of a sixth alone: ONNX's own slope is a fifth.
    @Test(arguments: [(nil, 0.2), (1.0 / 6, 1.0 / 6), (0.1667, 0.1667), (0.25, 0.25)] as [(Double?, Double)])
    func hardSwishHasItsSlope(given: Double?, slope: Double) throws {
        let x: [Float] = [-4, -2, -1, 0, 0.5, 1, 2, 4]
        let attributes: [(String, Attribute)] = given.map { [("alpha", .float(Float($0)))] } ?? []
        let y = try #require(
            try Self.run(
                [
                    Self.node("HardSigmoid", ["x"], ["gate"], attributes),
                    Self.node("Mul", ["x", "gate"], ["y"]),
                ], ([1, 8], x))[0])
        for (found, x) in zip(y, x) {
            let expected = Double(x) * min(max(slope * Double(x) + 0.5, 0), 1)
            #expect(abs(Double(found) - expected) <= 1e-6, "\(x): \(found), expected \(expected)")
        }
    }

    /// x · sigmoid(x), whichever stands first; another number's sigmoid makes none.
    @Test func siluIsOfOneNumber() throws {
        let x: [Float] = [-2, 0, 1, 3]
        func run(_ last: [UInt8]) throws -> [Float] {
            try #require(
                try Self.run(
                    [Self.node("Neg", ["x"], ["n"]), Self.node("Sigmoid", ["n"], ["gate"]), last], ([1, 4], x))[0])
        }
        func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
        let own = try run(Self.node("Mul", ["gate", "n"], ["y"])),
            other = try run(Self.node("Mul", ["x", "gate"], ["y"]))
        for index in x.indices {
            let number = Double(x[index])
            #expect(abs(Double(own[index]) + number * sigmoid(-number)) <= 1e-6)
            #expect(abs(Double(other[index]) - number * sigmoid(-number)) <= 1e-6)
        }
    }
}
