/// What a publication says and an experiment can check.
public enum Claim: Sendable, Equatable {
    /// A recall with a margin within which ours counts as the same.
    case recall(method: String, k: Int, concepts: ConceptShare, published: Double, margin: Double)
    /// Methods from the highest recall to the lowest, at every k.
    case order([String])

    /// As people say it.
    public var text: String {
        switch self {
        case .recall(let method, let k, let concepts, _, _):
            "\(method) recall@\(k)" + (concepts == .all ? "" : " of \(concepts.rawValue) concepts")
        case .order(let methods): methods.joined(separator: " > ")
        }
    }
}

/// What an experiment says of a claim.
public enum Verdict: String, Sendable, Equatable, CaseIterable {
    case reproduced, inconclusive, refuted
    /// The experiment did not compute what the claim speaks of.
    case notRun = "not run"
}

extension Verdict {
    /// The equivalence test: reproduced when the whole interval lies within the margin of the published value, refuted when
    /// none of it does. With a 95 % interval both one-sided tests are at 2.5 %.
    public init(published: Double, margin: Double, ours: Interval) {
        let low = published - margin, high = published + margin
        self = if ours.low >= low && ours.high <= high {
            .reproduced
        } else if ours.high < low || ours.low > high {
            .refuted
        } else {
            .inconclusive
        }
    }

    /// An order: reproduced when every paired difference (a higher method minus the next) is surely positive, refuted when
    /// one is surely negative.
    public init(differences: [Interval]) {
        self = if differences.contains(where: { $0.high < 0 }) {
            .refuted
        } else if !differences.isEmpty, differences.allSatisfy({ $0.low > 0 }) {
            .reproduced
        } else {
            .inconclusive
        }
    }
}

/// A claim with its verdict.
public struct CheckedClaim: Sendable, Equatable {
    /// Where it was published: `A, Table 2`.
    public var source: String
    /// The matrix row it was checked in; nil for a plain experiment.
    public var row: String?
    public var claim: Claim
    public var verdict: Verdict
    /// Ours; for an order the difference that decides. nil when no pair has a ground truth.
    public var ours: Interval?
    /// What the difference is between: `activation − original at 5`.
    public var note: String

    /// A claim of which the experiment computed nothing.
    /// - Parameter why: `image was not evaluated`.
    public init(source: String, row: String? = nil, notRun claim: Claim, why: String) {
        self.source = source
        self.row = row
        self.claim = claim
        verdict = .notRun
        ours = nil
        note = why
    }

    /// Checks a recall.
    /// - Parameter ours: nil when no pair has a ground truth: nothing can be concluded then.
    public init(
        source: String, row: String? = nil, method: String, k: Int, concepts: ConceptShare = .all, published: Double,
        margin: Double, ours: Interval?
    ) {
        self.source = source
        self.row = row
        claim = .recall(method: method, k: k, concepts: concepts, published: published, margin: margin)
        verdict = ours.map { Verdict(published: published, margin: margin, ours: $0) } ?? .inconclusive
        self.ours = ours
        note = ours == nil ? "no pair has a ground truth" : ""
    }

    /// Checks an order.
    /// - Parameter differences: paired differences of neighbours in `methods` at every k, the first minus the second.
    public init(
        source: String, row: String? = nil, order methods: [String],
        differences: [(higher: String, lower: String, k: Int, difference: Interval)]
    ) {
        self.source = source
        self.row = row
        claim = .order(methods)
        let verdict = Verdict(differences: differences.map(\.difference))
        // The lowest upper bound refutes, the lowest lower bound keeps from reproducing.
        let decides = differences.min { a, b in
            verdict == .refuted ? a.difference.high < b.difference.high : a.difference.low < b.difference.low
        }
        self.verdict = verdict
        ours = decides?.difference
        note = decides.map { "\($0.higher) − \($0.lower) at \($0.k)" } ?? "no pair has a ground truth"
    }
}
