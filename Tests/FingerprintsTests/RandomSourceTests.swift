import Fingerprints
import Foundation
import Testing

@Suite struct RandomSourceTests {
    /// Pinned: these numbers must never change, or no experiment can be repeated.
    @Test func numbersArePinned() {
        var random = RandomSource(seed: 7, stream: "shuffle")
        #expect(
            (0..<3).map { _ in random.next() } == [16532738403054237796, 17774671138012175964, 1926971970090659176])
        #expect(
            (0..<3).map { _ in random.uniform().bitPattern } == [
                4604324586043026217, 4602476271126415084, 4603177197750150780,
            ])
        #expect(
            (0..<3).map { _ in random.normal().bitPattern } == [
                4609647663746963223, 13831861051238400359, 4612729582306498191,
            ])
        #expect((0..<8).map { _ in random.below(10) } == [4, 3, 1, 0, 6, 4, 4, 2])
        var order = Array(0..<10)
        random.shuffle(&order)
        #expect(order == [0, 6, 4, 5, 2, 9, 3, 8, 7, 1])
    }

    /// Without the rejection a bound of 3 · 2⁶¹ would give a number that is 2 modulo 3 in a quarter of the draws.
    @Test func largeBoundsHaveNoBias() {
        var random = RandomSource(seed: 4, stream: "bias")
        let share = Double((0..<6000).count { _ in random.below(3 << 61) % 3 == 2 }) / 6000
        #expect(abs(share - 1.0 / 3) < 0.03, "\(share)")
    }

    @Test func streamsAndSeedsDiffer() {
        let sources = [
            RandomSource(seed: 0, stream: "a"), RandomSource(seed: 0, stream: "b"), RandomSource(seed: 1, stream: "a"),
            RandomSource(seed: 10, stream: "a"), RandomSource(seed: 1, stream: "0a"),
        ]
        #expect(
            Set(
                sources.map { source in
                    var source = source; return source.next()
                }
            ).count == sources.count)
    }

    @Test func stateSurvivesCoding() throws {
        var random = RandomSource(seed: 3, stream: "epoch")
        for _ in 0..<5 { _ = random.normal() }
        var copy = try JSONDecoder().decode(RandomSource.self, from: JSONEncoder().encode(random))
        #expect((0..<5).map { _ in random.normal() } == (0..<5).map { _ in copy.normal() })
        #expect(random.next() == copy.next())
    }

    @Test func momentsOfUniformAndNormal() {
        var random = RandomSource(seed: 0, stream: "moments")
        let count = 200_000
        let uniform = (0..<count).map { _ in random.uniform() }
        #expect(uniform.allSatisfy { $0 >= 0 && $0 < 1 })
        #expect(abs(uniform.reduce(0, +) / Double(count) - 0.5) < 0.003)
        let normal = (0..<count).map { _ in random.normal() }
        let mean = normal.reduce(0, +) / Double(count)
        let square = normal.reduce(0) { $0 + $1 * $1 } / Double(count)
        let fourth = normal.reduce(0) { $0 + $1 * $1 * $1 * $1 } / Double(count)
        #expect(abs(mean) < 0.01)
        #expect(abs(square - 1) < 0.02)
        #expect(abs(fourth - 3) < 0.1)
        #expect((0..<100).allSatisfy { _ in (-2.0..<5).contains(random.uniform(-2, 5)) })
    }

    @Test func manyAtOnceAreTheSame() {
        var one = RandomSource(seed: 3, stream: "many"), many = one
        for count in [1, 0, 7, 64] {
            let expected = (0..<count).map { _ in one.next() }
            let numbers = [UInt64](unsafeUninitializedCapacity: count) {
                many.next(into: UnsafeMutableBufferPointer(rebasing: $0[..<count]))
                $1 = count
            }
            #expect(numbers == expected)
        }
        #expect(one == many)
    }

    @Test func belowIsEven() {
        var random = RandomSource(seed: 0, stream: "below")
        var counts = [Int](repeating: 0, count: 7)
        for _ in 0..<70_000 { counts[random.below(7)] += 1 }
        #expect(counts.allSatisfy { abs($0 - 10_000) < 400 })
        #expect(random.below(1) == 0)
    }

    @Test func shuffleReachesEveryOrderEvenly() {
        var random = RandomSource(seed: 0, stream: "orders")
        var counts: [[Int]: Int] = [:]
        for _ in 0..<24_000 {
            var order = [0, 1, 2, 3]
            random.shuffle(&order)
            counts[order, default: 0] += 1
        }
        #expect(counts.count == 24)
        #expect(counts.values.allSatisfy { abs($0 - 1000) < 150 })
    }
}
