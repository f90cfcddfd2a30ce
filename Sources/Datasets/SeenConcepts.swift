import Fingerprints

/// Which of `count` concepts are seen in training (METHOD 2): `fraction` of them, rounded, drawn without replacement from
/// the seed. A larger fraction of the same seed contains a smaller one's concepts. (The authors' code draws with
/// replacement, so that its 70 % is 49.8 %: METHOD 9.)
/// - Returns: true for every concept that is seen, by concept index.
public func seenConcepts(count: Int, fraction: Double, seed: UInt64) -> [Bool] {
    var random = RandomSource(seed: seed, stream: "seen-concepts")
    var order = Array(0..<count)
    random.shuffle(&order)
    var seen = [Bool](repeating: false, count: count)
    let drawn = Int((Double(count) * min(1, max(0, fraction))).rounded())
    for concept in order.prefix(drawn) { seen[concept] = true }
    return seen
}
