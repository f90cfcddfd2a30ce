import Fingerprints

/// The evaluated images cut in two by the seed, so that words and scores never come from the same ones (METHOD 11).
public struct ImageHalves: Sendable, Equatable {
    /// Ascending; the first has the odd one.
    public let first: [Int], second: [Int]

    /// Shuffles the rows `0..<images` by the seed and cuts them in the middle.
    public init(images: Int, seed: UInt64) {
        var order = Array(0..<images), random = RandomSource(seed: seed, stream: "evidence/halves")
        random.shuffle(&order)
        let middle = (images + 1) / 2
        first = order[..<middle].sorted()
        second = order[middle...].sorted()
    }
}
