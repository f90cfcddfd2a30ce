import Fingerprints

/// Draws words at random, for the tests of recall@k.
struct WordDraws {
    private var random: RandomSource

    init(seed: UInt64, unit: Int) { random = RandomSource(seed: seed, stream: "evidence/sanity/words/\(unit)") }

    /// Each word with a chance of ½.
    mutating func half(of words: [Int32]) -> [Int32] { words.filter { _ in random.uniform() < 0.5 } }

    /// `count` different words, or all.
    mutating func some(_ count: Int, of words: [Int32]) -> [Int32] {
        var left = words
        return (0..<min(count, left.count)).map { _ in
            let place = random.below(left.count)
            left.swapAt(place, left.count - 1)
            return left.removeLast()
        }
    }
}
