import Glibc

/// Whether a filter is active in other shares of two groups of images (METHOD 12: §4.6 of the paper, without people).
public struct GroupDifference: Sendable, Equatable {
    /// The channel.
    public var filter: Int
    /// Images of the group, of the others, and in how many of them the filter is active.
    public var active: (own: Int, others: Int)
    /// Images of the group and of the others, at least 1 each.
    public var images: (own: Int, others: Int)
    /// The share of the group less that of the others, with its 95 % interval (Newcombe 1998, method 10: from
    /// Wilson's).
    public var difference: Double
    /// The lower bound of `difference`, from −1 to 1.
    public var low: Double
    /// The upper bound of `difference`, from −1 to 1.
    public var high: Double
    /// Of Fisher's exact test, two-sided.
    public var p: Double
    /// The false-discovery rate at which it would be found, over all that were compared (Benjamini and Hochberg 1995).
    public var q: Double

    /// In which share of each the filter is active.
    public var rates: (own: Double, others: Double) {
        (Double(active.own) / Double(max(images.own, 1)), Double(active.others) / Double(max(images.others, 1)))
    }

    /// - Parameters:
    ///   - active: `[filters]` in how many images of the group, and of the others, each filter is active.
    ///   - images: of the group, and of the others; at least 1 each.
    public static func all(active: [(own: Int, others: Int)], filters: [Int], images: (own: Int, others: Int))
        -> [GroupDifference]
    {
        zip(filters, active).map { filter, active in
            let own = Wilson(active.own, of: images.own), others = Wilson(active.others, of: images.others)
            let difference = own.rate - others.rate
            let below = (own.rate - own.low, others.high - others.rate),
                above = (own.high - own.rate, others.rate - others.low)
            return GroupDifference(
                filter: filter, active: active, images: images, difference: difference,
                low: difference - (below.0 * below.0 + below.1 * below.1).squareRoot(),
                high: difference + (above.0 * above.0 + above.1 * above.1).squareRoot(),
                p: fisher(active.own, images.own, active.others, images.others), q: 1)
        }
    }

    /// With the false-discovery rates over all of them, the surest first; ties: the larger difference, then the lower
    /// filter.
    public static func ranked(_ all: [GroupDifference]) -> [GroupDifference] {
        var all = all, rate = 1.0
        let order = all.indices.sorted { (all[$0].p, $0) < (all[$1].p, $1) }
        for (rank, index) in order.enumerated().reversed() {
            rate = min(rate, all[index].p * Double(all.count) / Double(rank + 1))
            all[index].q = rate
        }
        return all.sorted { ($0.p, -abs($0.difference), $0.filter) < ($1.p, -abs($1.difference), $1.filter) }
    }

    /// Whether all numbers are equal; tuples have no `==` to derive it from.
    public static func == (a: GroupDifference, b: GroupDifference) -> Bool {
        a.filter == b.filter && a.active == b.active && a.images == b.images && a.difference == b.difference
            && a.low == b.low
            && a.high == b.high && a.p == b.p && a.q == b.q
    }

    /// Wilson's 95 % interval of a share.
    private struct Wilson {
        let rate: Double, low: Double, high: Double

        init(_ count: Int, of total: Int) {
            let n = Double(total), p = Double(count) / n, z = 1.959963984540054, zz = z * z
            let centre = (p + zz / (2 * n)) / (1 + zz / n),
                margin = z / (1 + zz / n) * (p * (1 - p) / n + zz / (4 * n * n)).squareRoot()
            rate = p
            low = count == 0 ? 0 : centre - margin
            high = count == total ? 1 : centre + margin
        }
    }

    /// Fisher's exact test, two-sided: the chance of all tables with the same margins that are as unlikely as this one
    /// or more.
    static func fisher(_ a: Int, _ rowA: Int, _ b: Int, _ rowB: Int) -> Double {
        let column = a + b, least = max(0, column - rowB), most = min(column, rowA)
        func logChance(_ x: Int) -> Double {
            logChoices(rowA, x) + logChoices(rowB, column - x) - logChoices(rowA + rowB, column)
        }
        let own = logChance(a)
        let chance = (least...most).reduce(0.0) { sum, x in
            let other = logChance(x)
            return other <= own + 1e-7 ? sum + exp(other) : sum
        }
        return min(chance, 1)
    }

    private static func logChoices(_ n: Int, _ k: Int) -> Double {
        lgamma(Double(n + 1)) - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1))
    }
}
