import Fingerprints

/// The rank of every concept in the seeded draw of seen ones: at category fraction f the concepts of rank below round(f·C) are seen.
/// Drawn without replacement (METHOD 2; OFF draws with replacement), so every fraction's draw holds the smaller ones'.
public func drawOrder(concepts: Int, seed: UInt64) -> [Int32] {
    var random = RandomSource(seed: seed, stream: "seen concepts")
    var order = Array(0..<concepts)
    random.shuffle(&order)
    var ranks = [Int32](repeating: 0, count: concepts)
    for (rank, concept) in order.enumerated() { ranks[concept] = Int32(rank) }
    return ranks
}
