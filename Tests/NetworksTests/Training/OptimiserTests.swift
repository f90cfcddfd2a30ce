import HDF5
import Networks
import Tensors
import Testing

/// Optimisers and scheduler beside PyTorch's and the published DAdaptAdam: `Fixtures/Training/make_optimisers.py`.
@Suite struct Optimisers {
    /// Follows the fixture; `step` changes the parameters with the gradients.
    private func follow(_ name: String, step: (UnsafeMutablePointer<Float>, UnsafePointer<Float>) throws -> Void) throws
    {
        let file = try trainingFixture("optimisers.h5")
        var p: [Float] = try file.read("start")
        let all: [Float] = try file.read("gradients"), golden: [Float] = try file.read(name)
        for row in 0..<60 {
            let gradients = Array(all[row * p.count..<(row + 1) * p.count])
            try p.withUnsafeMutableBufferPointer { try step($0.baseAddress!, gradients) }
            let expected = Array(golden[row * p.count..<(row + 1) * p.count])
            #expect(relativeError(p, expected) < 1e-5, "step \(row + 1): \(relativeError(p, expected))")
        }
    }

    @Test func adamIsPyTorchs() throws {
        var adam = Adam(count: 64, learningRate: 1e-2)
        try follow("adam") { try adam.step($0, $1, on: ThreadTeam(threads: 1)) }
    }

    @Test func dadaptAdamIsThePublishedOne() throws {
        var adam = DAdaptAdam(count: 64), distances: [Double] = []
        try follow("dadapt") {
            try adam.step($0, $1, on: ThreadTeam(threads: 1))
            distances.append(adam.distance)
        }
        let golden: [Double] = try trainingFixture("optimisers.h5").read("dadapt_distance")
        for (ours, theirs) in zip(distances, golden) { #expect(abs(ours - theirs) <= 1e-5 * theirs) }
    }

    @Test func plateauIsPyTorchs() throws {
        let file = try trainingFixture("optimisers.h5")
        let losses: [Double] = try file.read("plateau_losses"), golden: [Double] = try file.read("plateau_rates")
        var plateau = Plateau(factor: 0.1, patience: 3), rate = 1e-4
        for (loss, expected) in zip(losses, golden) {
            rate = plateau.step(loss, learningRate: rate)
            #expect(abs(rate - expected) < 1e-12 * expected)
        }
    }

    /// More numbers than one block holds.
    @Test(arguments: Optimiser.allCases) func threadsDoNotMatter(optimiser: Optimiser) throws {
        let count = 100_003
        let gradients = (0..<count).map { (place: Int) -> Float in Float((place * 7919) % 1000 - 500) / 500 }
        func run(_ threads: Int) throws -> [Float] {
            let team = ThreadTeam(threads: threads)
            var p = [Float](repeating: 0.5, count: count)
            var adam = Adam(count: count, learningRate: 1e-3), dadapt = DAdaptAdam(count: count)
            for _ in 0..<3 {
                try p.withUnsafeMutableBufferPointer {
                    switch optimiser {
                    case .adam: try adam.step($0.baseAddress!, gradients, on: team)
                    case .dadaptAdam: try dadapt.step($0.baseAddress!, gradients, on: team)
                    }
                }
            }
            return p
        }
        let one = try run(1)
        #expect(try run(2) == one && run(5) == one)
    }
}
