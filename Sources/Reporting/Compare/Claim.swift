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
    /// The equivalence test: reproduced when the whole interval lies within the margin of the published value, refuted
    /// when none of it does. With a 95 % interval both one-sided tests are at 2.5 %. Numbers are compared as they are
    /// stored, so that a bound which just touches the margin is within it.
    public init(published: Double, margin: Double, ours: Interval) {
        func stored(_ number: Double) -> Double { rounded(number, Decimals.stored) ?? number }
        let low = stored(published - margin), high = stored(published + margin)
        self =
            if stored(ours.low) >= low && stored(ours.high) <= high {
                .reproduced
            } else if stored(ours.high) < low || stored(ours.low) > high {
                .refuted
            } else {
                .inconclusive
            }
    }

    /// An order: reproduced when every paired difference (a higher method minus the next) is surely positive, refuted
    /// when one is surely negative.
    public init(differences: [Interval]) {
        self =
            if differences.contains(where: { $0.high < 0 }) {
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
    /// What was published.
    public var claim: Claim
    /// Inconclusive without an interval, and with one seed.
    public var verdict: Verdict
    /// Ours; for an order the difference that decides. nil where a seed has no interval.
    public var ours: Interval?
    /// nil where nothing was computed.
    public var evidence: Evidence?
    /// What the difference is between: `activation − original at 5`; or why there is none.
    public var note: String
    /// How our settings differ from the source's; nil where they are its own.
    public var differs: String?

    /// As people are told it: what holds on other settings than the source's does not reproduce the source.
    public var verdictText: String {
        let isSettled = verdict == .reproduced || verdict == .refuted
        return differs != nil && isSettled ? "\(verdict.rawValue) on other settings" : verdict.rawValue
    }

    /// A claim of which the experiment computed nothing.
    /// - Parameter why: `image was not evaluated`.
    public init(source: String, row: String? = nil, notRun claim: Claim, why: String) {
        self.source = source
        self.row = row
        self.claim = claim
        verdict = .notRun
        (ours, evidence) = (nil, nil)
        note = why
    }

    /// Checks a recall.
    /// - Parameter ours: nil when a seed has no interval: nothing can be concluded then.
    public init(
        source: String, row: String? = nil, method: String, k: Int, concepts: ConceptShare = .all, published: Double,
        margin: Double, ours: Interval?, evidence: Evidence
    ) {
        self.source = source
        self.row = row
        claim = .recall(method: method, k: k, concepts: concepts, published: published, margin: margin)
        let found = ours.map { Verdict(published: published, margin: margin, ours: $0) }
        verdict = evidence.isEnough ? found ?? .inconclusive : .inconclusive
        self.ours = ours
        self.evidence = evidence
        note = ours == nil ? evidence.lack : ""
    }

    /// Checks an order.
    /// - Parameter differences: paired differences of neighbours in `methods` at every k, the first minus the second;
    ///   one that is nil lacks its interval in some seed, and leaves the order open unless another refutes it.
    public init(
        source: String, row: String? = nil, order methods: [String],
        differences: [(higher: String, lower: String, k: Int, difference: Interval?)], evidence: Evidence
    ) {
        self.source = source
        self.row = row
        claim = .order(methods)
        let known = differences.compactMap { known in
            known.difference.map { (name: "\(known.higher) − \(known.lower) at \(known.k)", difference: $0) }
        }
        var verdict = Verdict(differences: known.map(\.difference))
        let missing = differences.first { $0.difference == nil }
        if missing != nil, verdict == .reproduced { verdict = .inconclusive }
        // The lowest upper bound refutes, the lowest lower bound keeps from reproducing.
        let decides = known.min { a, b in
            verdict == .refuted ? a.difference.high < b.difference.high : a.difference.low < b.difference.low
        }
        self.verdict = evidence.isEnough ? verdict : .inconclusive
        self.evidence = evidence
        if let missing, verdict != .refuted {
            ours = nil
            note =
                evidence.pairs == 0
                ? evidence.lack : "no interval of \(missing.higher) − \(missing.lower) at \(missing.k)"
        } else {
            ours = decides?.difference
            note = decides?.name ?? evidence.lack
        }
    }
}
