/// A fixed generator of random numbers: xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom number
/// generators", 2021), its state the SHA-256 of (seed, stream). The same numbers on every machine and in every release:
/// only exact IEEE operations, no function of the system's mathematical library.
public struct RandomSource: RandomNumberGenerator, Sendable, Codable, Equatable {
    private var state: [UInt64]
    private var spareNormal: Double?

    /// The stream called `stream` of `seed`: streams of other names or seeds are independent.
    public init(seed: UInt64, stream: String) {
        let digest = Value.array([.string("xoshiro256**"), .string(String(seed)), .string(stream)]).digest
        state = digest.bytes.withUnsafeBytes { bytes in
            (0..<4).map { UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) }
        }
    }

    /// The next 64 bits of the stream.
    public mutating func next() -> UInt64 {
        state.withUnsafeMutableBufferPointer { Self.step(&$0[0], &$0[1], &$0[2], &$0[3]) }
    }

    /// What as many calls of `next` return.
    public mutating func next(into numbers: UnsafeMutableBufferPointer<UInt64>) {
        state.withUnsafeMutableBufferPointer { state in
            var (a, b, c, d) = (state[0], state[1], state[2], state[3])
            for index in numbers.indices { numbers[index] = Self.step(&a, &b, &c, &d) }
            (state[0], state[1], state[2], state[3]) = (a, b, c, d)
        }
    }

    @inline(__always) private static func step(
        _ a: inout UInt64, _ b: inout UInt64, _ c: inout UInt64, _ d: inout UInt64
    ) -> UInt64 {
        func rotated(_ word: UInt64, _ by: UInt64) -> UInt64 { word << by | word >> (64 - by) }
        let result = rotated(b &* 5, 7) &* 9
        let shifted = b << 17
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= shifted
        d = rotated(d, 45)
        return result
    }

    /// Uniform in [0, 1), 53 bits.
    public mutating func uniform() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// Uniform in [low, high).
    public mutating func uniform(_ low: Double, _ high: Double) -> Double {
        low + (high - low) * uniform()
    }

    /// Standard normal: Marsaglia's polar method.
    public mutating func normal() -> Double {
        if let spare = spareNormal {
            spareNormal = nil
            return spare
        }
        while true {
            let x = 2 * uniform() - 1
            let y = 2 * uniform() - 1
            let square = x * x + y * y
            guard square < 1, square > 0 else { continue }
            let scale = (-2 * RandomSource.logarithm(square) / square).squareRoot()
            spareNormal = y * scale
            return x * scale
        }
    }

    /// Uniform in 0..<n without bias (Lemire, "Fast random integer generation in an interval", 2019); n > 0.
    public mutating func below(_ n: Int) -> Int {
        precondition(n > 0, "below(n) needs n > 0")
        let bound = UInt64(n)
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let reject = (0 &- bound) % bound
            while product.low < reject { product = next().multipliedFullWidth(by: bound) }
        }
        return Int(product.high)
    }

    /// Fisher–Yates: every order equally likely.
    public mutating func shuffle<T>(_ array: inout [T]) {
        for last in stride(from: array.count - 1, to: 0, by: -1) {
            array.swapAt(last, below(last + 1))
        }
    }

    /// ln x for x > 0 to within 1e-15, by exact operations only: the C library's last bit differs between releases.
    private static func logarithm(_ x: Double) -> Double {
        var exponent = Double(x.exponent)
        var mantissa = x.significand
        if mantissa > 1.4142135623730951 {
            mantissa /= 2
            exponent += 1
        }
        let ratio = (mantissa - 1) / (mantissa + 1)
        let square = ratio * ratio
        var sum = 0.0
        for denominator in stride(from: 21.0, through: 1, by: -2) { sum = sum * square + 1 / denominator }
        return exponent * 0.6931471805599453 + 2 * ratio * sum
    }
}
