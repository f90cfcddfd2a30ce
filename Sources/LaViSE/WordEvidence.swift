/// What an evaluation's annotations and other filters say of words as explanations of filters.
public struct WordEvidence: Sendable {
    private let evaluation: Evaluation
    /// Over all pairs with a ground truth: in how many of the truths a word is.
    private let occurrences: [Int32: Int]
    /// The (filter, image) pairs with a ground truth.
    public let pairs: Int

    /// Counts the words of the ground truths once.
    public init(_ evaluation: Evaluation) {
        self.evaluation = evaluation
        var occurrences: [Int32: Int] = [:]
        for truth in evaluation.groundTruth { for word in truth { occurrences[word, default: 0] += 1 } }
        self.occurrences = occurrences
        pairs = evaluation.groundTruth.count { !$0.isEmpty }
    }

    /// Every word that is in a ground truth, with its share of the pairs: how often it is right where nothing is known
    /// of the filter.
    public var shares: [Int32: Double] {
        guard pairs > 0 else { return [:] }
        return occurrences.mapValues { Double($0) / Double(pairs) }
    }

    /// How many of a filter's images have a ground truth.
    /// - Parameter filter: index into `summary.filters`.
    public func pairs(ofFilter filter: Int) -> Int { truths(filter).count { !$0.isEmpty } }

    /// In how many of the filter's ground truths the word is.
    public func seen(_ word: Int32, filter: Int) -> Int { truths(filter).count { $0.contains(word) } }

    /// How likely a filter that has nothing to do with the word has it in at least as many of its ground truths: the
    /// tail of the binomial distribution whose share is the word's own over all pairs. 1 for a filter without pairs.
    public func chance(of word: Int32, filter: Int) -> Double {
        binomialTail(seen(word, filter: filter), of: pairs(ofFilter: filter), share: shares[word] ?? 0)
    }

    private func truths(_ filter: Int) -> ArraySlice<[Int32]> {
        let p = evaluation.summary.imagesPerFilter
        return evaluation.groundTruth[filter * p..<(filter + 1) * p]
    }
}

/// P(X ≥ `least`) for X ~ Binomial(`trials`, `share`), summed from the smallest term; agrees with SciPy's `binom.sf`.
package func binomialTail(_ least: Int, of trials: Int, share: Double) -> Double {
    guard least > 0 else { return 1 }
    guard least <= trials, share > 0 else { return 0 }
    guard share < 1 else { return 1 }
    // Upwards from P(X = 0), as every term is the one before times a ratio.
    var term = 1.0
    for _ in 0..<trials { term *= 1 - share }
    var terms = [term]
    for k in 1...trials {
        term *= Double(trials - k + 1) / Double(k) * share / (1 - share)
        terms.append(term)
    }
    return min(1, terms[least...].sorted().reduce(0, +))
}

/// The largest p-value that still counts where of all that count at most `rate` are expected to do so by chance
/// (Benjamini and Hochberg 1995, their step-up procedure); nil where none counts.
public func falseDiscoveryLimit(_ values: [Double], rate: Double) -> Double? {
    let sorted = values.sorted()
    return sorted.indices.last { sorted[$0] <= rate * Double($0 + 1) / Double(sorted.count) }.map { sorted[$0] }
}
