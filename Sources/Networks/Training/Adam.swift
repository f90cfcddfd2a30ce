import CKernels
import Tensors

/// Numbers an optimiser works on at a time: a fixed layout, so that sums do not depend on threads.
private let optimiserBlock = 32_768

private func forBlocks(_ count: Int, on team: ThreadTeam, _ body: @Sendable (Int, Range<Int>) -> Void) throws {
    try team.run((count + optimiserBlock - 1) / optimiserBlock) { block in
        body(block, block * optimiserBlock..<min(count, (block + 1) * optimiserBlock))
    }
}

/// `torch.optim.Adam` (Kingma & Ba 2015): β 0.9 and 0.999, ε 1e-8, no decay.
package struct Adam: Sendable, Equatable {
    var learningRate: Double
    var steps = 0
    var mean: [Float]
    var square: [Float]

    package init(count: Int, learningRate: Double) {
        self.learningRate = learningRate
        mean = [Float](repeating: 0, count: count)
        square = mean
    }

    package mutating func step(
        _ parameters: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>, on team: ThreadTeam
    ) throws {
        steps += 1
        let rate = Float(learningRate / (1 - power(0.9, steps)))
        let correction = Float(1 / (1 - power(0.999, steps)).squareRoot())
        try mean.withUnsafeMutableBufferPointer { mean in
            try square.withUnsafeMutableBufferPointer { square in
                // Blocks are disjoint.
                nonisolated(unsafe) let m = mean.baseAddress!, v = square.baseAddress!, p = parameters, g = gradients
                try forBlocks(mean.count, on: team) { _, range in
                    let first = range.lowerBound
                    ct_adam(range.count, rate, correction, p + first, g + first, m + first, v + first)
                }
            }
        }
    }

    /// baseⁿ by repeated multiplication: the C library's `pow` may differ in its last bit between releases.
    private func power(_ base: Double, _ exponent: Int) -> Double {
        var result = 1.0, square = base, left = exponent
        while left > 0 {
            if left & 1 == 1 { result *= square }
            square *= square
            left >>= 1
        }
        return result
    }
}

/// DAdaptAdam (Defazio & Mishchenko 2023, `dadaptation` 2.0): learning rate 1, d₀ 1e-6, β 0.9 and 0.999, ε 1e-8, no
/// decay, unbounded growth.
package struct DAdaptAdam: Sendable, Equatable {
    /// The estimate of the distance to the solution: the learning rate.
    package internal(set) var distance = 1e-6
    var numerator = 0.0
    var mean: [Float]
    var square: [Float]
    var sum: [Float]

    package init(count: Int) {
        mean = [Float](repeating: 0, count: count)
        square = mean
        sum = mean
    }

    private struct Sums {
        var gradient = 0.0, weighted = 0.0, absolute = 0.0
    }

    package mutating func step(
        _ parameters: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>, on team: ThreadTeam
    ) throws {
        let count = mean.count
        let beta2 = 0.999, factor = Float(distance * (1 - 0.9)), factor2 = Float(distance * (1 - beta2))
        var partial = [Sums](repeating: Sums(), count: (count + optimiserBlock - 1) / optimiserBlock)
        try mean.withUnsafeMutableBufferPointer { mean in
            try square.withUnsafeMutableBufferPointer { square in
                try sum.withUnsafeMutableBufferPointer { sum in
                    try partial.withUnsafeMutableBufferPointer { partial in
                        // Blocks are disjoint.
                        nonisolated(unsafe) let m = mean.baseAddress!, v = square.baseAddress!, s = sum.baseAddress!
                        nonisolated(unsafe) let g = gradients, sums = partial
                        try forBlocks(count, on: team) { block, range in
                            var total = Sums()
                            for i in range {
                                m[i] = m[i] * 0.9 + g[i] * factor
                                v[i] = v[i] * 0.999 + g[i] * g[i] * 0.001
                                s[i] = s[i] * 0.999 + g[i] * factor2
                                let denominator = v[i].squareRoot() + 1e-8
                                total.gradient += Double(g[i] * g[i] / denominator)
                                total.weighted += Double(s[i] * s[i] / denominator)
                                total.absolute += Double(abs(s[i]))
                            }
                            sums[block] = total
                        }
                    }
                }
            }
        }
        var total = Sums()
        for block in partial {
            total.gradient += block.gradient
            total.weighted += block.weighted
            total.absolute += block.absolute
        }
        numerator = beta2 * numerator + total.gradient * distance * distance * (1 - beta2)
        if total.absolute > 0 { distance = max(distance, (total.weighted / (1 - beta2) - numerator) / total.absolute) }
        try mean.withUnsafeBufferPointer { mean in
            try square.withUnsafeBufferPointer { square in
                nonisolated(unsafe) let m = mean.baseAddress!, v = square.baseAddress!, p = parameters
                try forBlocks(count, on: team) { _, range in
                    for i in range { p[i] -= m[i] / (v[i].squareRoot() + 1e-8) }
                }
            }
        }
    }
}

/// The optimiser in use, with its state.
enum OptimiserState: Sendable, Equatable {
    case adam(Adam)
    case dadaptAdam(DAdaptAdam)

    init(_ optimiser: Optimiser, count: Int, learningRate: Double) {
        switch optimiser {
        case .adam: self = .adam(Adam(count: count, learningRate: learningRate))
        case .dadaptAdam: self = .dadaptAdam(DAdaptAdam(count: count))
        }
    }

    var learningRate: Double {
        switch self {
        case .adam(let adam): adam.learningRate
        case .dadaptAdam(let adam): adam.distance
        }
    }

    mutating func step(
        _ parameters: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>, on team: ThreadTeam
    ) throws {
        // The state is taken out of the enum for the step: a second owner would copy its arrays.
        switch self {
        case .adam(var adam):
            self = .adam(Adam(count: 0, learningRate: 0))
            defer { self = .adam(adam) }
            try adam.step(parameters, gradients, on: team)
        case .dadaptAdam(var adam):
            self = .dadaptAdam(DAdaptAdam(count: 0))
            defer { self = .dadaptAdam(adam) }
            try adam.step(parameters, gradients, on: team)
        }
    }
}
