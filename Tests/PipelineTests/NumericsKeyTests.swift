import Engine
import Fingerprints
import Foundation
import Networks
import Pipeline
import Tensors
import Testing

/// The numerics key tells bits apart, and nothing else.
@Suite struct NumericsKeyTests {
    private static let supported = InstructionSet.allCases.filter(\.isSupported)

    @Test(arguments: KernelFamily.allCases) func everyInstructionSetHasOneKey(family: KernelFamily) throws {
        let digests = try Self.supported.map { try Canaries(instructions: $0).digest(of: family) }
        #expect(Set(digests).count == 1)
        // Twice the same, too.
        #expect(try Canaries().digest(of: family) == digests[0])
    }

    /// Kernels that round otherwise: each product and sum by itself, in another order, in double.
    @Test func otherKernelsHaveOtherKeys() throws {
        let real = try Canaries().digest(of: .products)
        func product(
            _ size: Canaries.ProductSize, _ a: [Float], _ b: [Float], _ sum: (_ terms: [(Float, Float)]) -> Float
        ) -> [Float] {
            (0..<size.rows * size.columns).map { place in
                let (row, column) = (place / size.columns, place % size.columns)
                return sum((0..<size.terms).map { (a[row * size.terms + $0], b[$0 * size.columns + column]) })
            }
        }
        func key(_ sum: @escaping ([(Float, Float)]) -> Float) throws -> Digest {
            var canaries = Canaries()
            canaries.multiply = { product($1, $2, $3, sum) }
            return try canaries.digest(of: .products)
        }
        // The same arithmetic written down plainly has the same key.
        #expect(try key { $0.reduce(Float(0)) { $0.addingProduct($1.0, $1.1) } } == real)
        #expect(try key { $0.reduce(Float(0)) { $0 + $1.0 * $1.1 } } != real)
        #expect(try key { $0.reversed().reduce(Float(0)) { $0.addingProduct($1.0, $1.1) } } != real)
        #expect(try key { Float($0.reduce(0.0) { $0 + Double($1.0) * Double($1.1) }) } != real)
    }

    /// One bit of one number of any case.
    @Test func aSingleBitIsNoticed() throws {
        func changed<Number: BinaryFloatingPoint>(_ numbers: [Number]) -> [Number] {
            var numbers = numbers
            numbers[numbers.count / 2] = numbers[numbers.count / 2].nextUp
            return numbers
        }
        let real = try Dictionary(
            uniqueKeysWithValues: KernelFamily.allCases.map { ($0, try Canaries().digest(of: $0)) })
        func expectOther(_ family: KernelFamily, _ change: (inout Canaries) -> Void) throws {
            var canaries = Canaries()
            change(&canaries)
            for other in KernelFamily.allCases {
                #expect(try (canaries.digest(of: other) == real[other]) == (other != family), "\(family), \(other)")
            }
        }
        for changedShape in Canaries.convolutions {
            for changedAlgorithm in ConvolutionAlgorithm.allCases where changedAlgorithm.handles(changedShape) {
                var canaries = Canaries()
                canaries.convolve = { [convolve = canaries.convolve] shape, algorithm, input, weights, bias in
                    let output = convolve(shape, algorithm, input, weights, bias)
                    return shape == changedShape && algorithm == changedAlgorithm ? changed(output) : output
                }
                #expect(
                    try canaries.digest(of: .convolutions) != real[.convolutions], "\(changedAlgorithm) \(changedShape)"
                )
            }
        }
        try expectOther(.convolutions) { canaries in canaries.pool = { [pool = canaries.pool] in changed(pool($0, $1)) }
        }
        for kind in Canaries.Product.allCases {
            try expectOther(.products) { canaries in
                canaries.multiply = { [multiply = canaries.multiply] in
                    $0 == kind ? changed(multiply($0, $1, $2, $3)) : multiply($0, $1, $2, $3)
                }
            }
        }
        for optimiser in Optimiser.allCases {
            try expectOther(.training) { canaries in
                canaries.train = { [train = canaries.train] in try $0 == optimiser ? changed(train($0)) : train($0) }
            }
        }
        try expectOther(.maps) { canaries in
            canaries.enlarge = { [enlarge = canaries.enlarge] in changed(enlarge($0, $1, $2)) }
        }
        try expectOther(.plainConvolutions) { canaries in
            canaries.convolvePlainly = { [plain = canaries.convolvePlainly] in changed(plain($0, $1, $2, $3)) }
        }
    }

    /// Every algorithm and every kind of layer of the backbones has a case.
    @Test func everyAlgorithmHasACanary() {
        for algorithm in ConvolutionAlgorithm.allCases {
            #expect(Canaries.convolutions.contains { algorithm == .fastest(for: $0) }, "\(algorithm)")
        }
    }

    @Test func stagesHaveTheKeysOfTheirKernels() throws {
        try Workspace.with { workspace in
            func keys(_ settings: [String] = []) throws -> [String: Digest?] {
                let json = """
                    {"name": "x", "dataset": {"kind": "demo-scenes", "scenes": 8}, "embedding": {"kind": "demo-scenes"},
                     "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true}, "evaluate": {"methods": ["original"]}}
                    """
                return Dictionary(
                    uniqueKeysWithValues: try workspace.plan(json, settings: settings).plan.jobs.map {
                        ($0.id, try $0.stage.numericsKey())
                    })
            }
            let plain = try keys(), convolutions = try numericsKey([.convolutions]),
                probes = try numericsKey([.convolutions, .plainConvolutions])
            #expect(plain["scenes"] == .some(nil) && plain["preprocess"] == .some(nil) && plain["tables"] == .some(nil))
            #expect(plain["features"] == convolutions)
            #expect(try plain["train"] == numericsKey([.products, .training]))
            #expect(try plain["evaluate"] == numericsKey([.products, .maps]))
            // A method that passes images through the backbone again.
            let again = try keys(["evaluate.methods=[\"original\",\"image\"]"])
            #expect(try again["evaluate"] == numericsKey([.products, .maps, .convolutions]))
            #expect(again["features"] == convolutions)
            let probed = try keys(["protocol={\"base\":\"paper\",\"deviations\":[\"probedBatchNorm\"]}"])
            #expect(probed["features"] == probes && probed["train"] == plain["train"])
        }
    }
}
