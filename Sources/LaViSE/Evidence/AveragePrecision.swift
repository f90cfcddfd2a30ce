/// Average precision of labels and scores with ties, as scikit-learn's `average_precision_score`: Σ (R_n − R_{n−1}) ·
/// P_n over the different scores, the highest first.
///
/// - Parameters:
///   - isPositive: the label of every item.
///   - positives: how many items have it.
///   - scored: the items with a score above 0, the highest first, each with its score; all others have 0.
/// - Returns: 0 where no item has the label.
package func averagePrecision(isPositive: [Bool], positives: Int, scored: [ConceptLabels.Label]) -> Double {
    guard positives > 0 else { return 0 }
    var precision = 0.0, found = 0, before = 0
    for (rank, label) in scored.enumerated() {
        if isPositive[label.index] { found += 1 }
        guard rank + 1 == scored.count || scored[rank + 1].pixels != label.pixels else { continue }
        precision += Double(found - before) / Double(positives) * Double(found) / Double(rank + 1)
        before = found
    }
    return precision + Double(positives - found) / Double(positives) * Double(positives) / Double(isPositive.count)
}

/// The images among a unit's highest 5 %: ⌈0.05 · N⌉ of them, ties: the lower image first.
package func highest(_ means: ArraySlice<Float>, share: Double = 0.05) -> [Bool] {
    let count = Int((share * Double(means.count)).rounded(.up)), first = means.startIndex
    let order = means.indices.sorted { (-means[$0], $0) < (-means[$1], $1) }
    var isHighest = [Bool](repeating: false, count: means.count)
    for place in order.prefix(count) { isHighest[place - first] = true }
    return isHighest
}

/// The chance that an image with the label has a higher mean than one without (ties half): Bykov et al., "Labeling
/// neural representations with inverse recognition" (NeurIPS 2023). It fails the missing-label test: see `SanityTest`.
///
/// - Returns: ½ where all images have the label, or none.
func areaUnderROC(_ means: ArraySlice<Float>, isLabelled: [Bool]) -> Double {
    let order = means.indices.sorted { means[$0] < means[$1] }
    let positives = isLabelled.count { $0 }, negatives = isLabelled.count - positives
    guard positives > 0, negatives > 0 else { return 0.5 }
    var pairs = 0.0, below = 0, place = 0
    while place < order.count {
        var end = place, labelled = 0
        while end < order.count, means[order[end]] == means[order[place]] {
            if isLabelled[order[end] - means.startIndex] { labelled += 1 }
            end += 1
        }
        let others = end - place - labelled
        pairs += Double(labelled) * (Double(below) + 0.5 * Double(others))
        below += others
        place = end
    }
    return pairs / (Double(positives) * Double(negatives))
}
