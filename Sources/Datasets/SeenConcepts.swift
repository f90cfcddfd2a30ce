import Fingerprints

/// Which of `count` concepts are seen in training (METHOD 2): `fraction` of them, rounded, drawn without replacement
/// from the seed. A larger fraction of the same seed contains a smaller one's concepts. (The authors' code draws with
/// replacement, so that its 70 % is 49.8 %: METHOD 9.)
/// - Returns: true for every concept that is seen, by concept index.
public func seenConcepts(count: Int, fraction: Double, seed: UInt64) -> [Bool] {
    seenConcepts(draw: conceptDraw(count: count, seed: seed), fraction: fraction)
}

/// The concepts that are seen, given the rank of each in the draw.
public func seenConcepts(draw: [Int32], fraction: Double) -> [Bool] {
    let drawn = Int((Double(draw.count) * min(1, max(0, fraction))).rounded())
    return draw.map { $0 < drawn }
}

/// The rank of every concept in the draw from the seed: a permutation of 0..<count.
public func conceptDraw(count: Int, seed: UInt64) -> [Int32] {
    var random = RandomSource(seed: seed, stream: "seen-concepts")
    var order = Array(0..<count)
    random.shuffle(&order)
    var ranks = [Int32](repeating: 0, count: count)
    for (rank, concept) in order.enumerated() { ranks[concept] = Int32(rank) }
    return ranks
}
