import Engine
import Fingerprints
import LaViSE
import Reporting

extension ExperimentState {
    /// The results of every variant, from the store.
    /// - Throws: `ExperimentError` when a stage is not fresh.
    public func results() throws -> [VariantResults] { try file.variants.indices.map(results(ofVariant:)) }

    /// The results of one variant, from the store.
    /// - Throws: `ExperimentError` when a stage is not fresh.
    public func results(ofVariant index: Int) throws -> VariantResults {
        let own = experiment.variants[index]
        return try VariantResults(
            file.variants[index].experiment, dataset: path(of: own.dataset), words: path(of: own.words),
            target: own.target.map(path), explainer: path(of: own.explainer), evaluation: path(of: own.evaluation),
            evidence: own.evidence.map(path), units: own.units.map(path))
    }
}

extension ExperimentPlan {
    /// Tests every claim of the experiment on its results: an equivalence test on the interval of the mean over seeds.
    /// - Throws: `ExperimentError` for a claim of a row that the matrix does not have.
    public func checkClaims(_ results: [VariantResults], confidence: Double = 0.95) throws -> ClaimReport {
        var results = results
        for index in results.indices { results[index].bootstrap.confidence = confidence }
        var rows: [(name: String?, results: [VariantResults])] = []
        for (index, result) in results.enumerated() {
            let name = file.claimRow(index)
            if let known = rows.firstIndex(where: { $0.name == name }) {
                rows[known].results.append(result)
            } else {
                rows.append((name, [result]))
            }
        }
        let claims = file.variants[0].experiment.claims
        if let stray = claims.compactMap(\.row).first(where: { row in !rows.contains { $0.name == row } }) {
            let names = rows.compactMap(\.name).joined(separator: "\", \"")
            throw ExperimentError(
                "\(file.name): a claim speaks of the row \"\(stray)\"; "
                    + (names.isEmpty ? "the experiment has no matrix" : "rows are \"\(names)\""))
        }
        return ClaimReport(
            experiment: file.name,
            claims: try claims.flatMap { claim in
                try rows.filter { claim.row == nil || claim.row == $0.name }.map { row in
                    var checked = try Self.check(claim, row.results, row: row.name)
                    let differences = (claim.differs.map { [$0] } ?? []) + file.changesOfClaims
                    checked.differs = differences.isEmpty ? nil : differences.joined(separator: "; ")
                    return checked
                }
            }, confidence: confidence)
    }

    /// - Parameter results: of every seed of the row.
    private static func check(_ claim: PublishedClaim, _ results: [VariantResults], row: String?) throws -> CheckedClaim
    {
        if let why = results.lazy.compactMap({ $0.lack(of: claim.statement) }).first {
            return CheckedClaim(source: claim.source, row: row, notRun: claim.statement.shown, why: why)
        }
        switch claim.statement {
        case .recall(let method, let k, let unseen, let published, let margin):
            let share: ConceptShare = unseen ? .unseen : .all
            let estimates = try results.map { try $0.estimate(method, k: k, share) }
            return CheckedClaim(
                source: claim.source, row: row, method: method, k: k, concepts: share, published: published,
                margin: margin,
                ours: interval(estimates.map { $0?.interval }, results, within: 0...1),
                evidence: Evidence(estimates.compactMap(\.self)))
        case .order(let methods):
            var differences: [(higher: String, lower: String, k: Int, difference: Interval?)] = []
            for (higher, lower) in zip(methods, methods.dropFirst()) {
                for k in results[0].evaluation.ks {
                    let difference = interval(try results.map { try $0.difference(higher, lower, k: k) }, results)
                    differences.append((higher, lower, k, difference))
                }
            }
            let first = try results.compactMap { try $0.estimate(methods[0], k: $0.evaluation.ks[0], .all) }
            return CheckedClaim(
                source: claim.source, row: row, order: methods, differences: differences, evidence: Evidence(first))
        }
    }

    /// The mean over seeds; nil where a seed has no interval: leaving it out would choose among the seeds.
    private static func interval(
        _ seeds: [SeedInterval?], _ results: [VariantResults], within range: ClosedRange<Double> = -1...1
    ) -> Interval? {
        let known = seeds.compactMap { $0 }
        guard known.count == seeds.count, let confidence = results.first?.bootstrap.confidence else { return nil }
        return SeedInterval(seeds: known, confidence: confidence, within: range).map {
            Interval(value: $0.value, low: $0.low, high: $0.high)
        }
    }
}

extension ExperimentFile {
    /// Keys on which no recall depends, and the seed, of which a claim says nothing.
    private static let unclaimed = [
        "name", "title", "claims", "seed", "matrix.seed", "evaluate.bootstrap", "evaluate.explanations",
        "evaluate.metrics", "evaluate.ranking", "evaluate.sharedImages", "evaluate.wordsPerImage",
    ]

    /// What `--set` made of the file's settings, for which its claims were written: `train.epochs 3 in place of 10`.
    fileprivate var changesOfClaims: [String] {
        func text(_ value: Value?) -> String { value.map { $0.stringValue ?? $0.json(pretty: false) } ?? "the default" }
        let old = original.leaves(), new = set.leaves()
        return Set(old.keys).union(new.keys).sorted().filter { key in
            old[key] != new[key] && !Self.unclaimed.contains { key == $0 || key.hasPrefix("\($0).") }
        }.map { "\($0) \(text(new[$0])) in place of \(text(old[$0]))" }
    }
}

extension Value {
    /// What is no object, by its path `a.b`.
    fileprivate func leaves(at path: String = "") -> [String: Value] {
        guard case .object(let members) = self else { return [path: self] }
        return members.reduce(into: [:]) { found, member in
            let leaves = member.value.leaves(at: path.isEmpty ? member.key : "\(path).\(member.key)")
            found.merge(leaves) { first, _ in first }
        }
    }
}

extension PublishedClaim.Statement {
    /// As reports have it.
    fileprivate var shown: Claim {
        switch self {
        case .recall(let method, let k, let unseen, let published, let margin):
            .recall(method: method, k: k, concepts: unseen ? .unseen : .all, published: published, margin: margin)
        case .order(let methods): .order(methods)
        }
    }
}

extension VariantResults {
    /// What a claim speaks of and the experiment did not compute; nil when it did.
    fileprivate func lack(of statement: PublishedClaim.Statement) -> String? {
        let evaluated = evaluation.methods.map(\.method.name)
        let known = evaluated + [RecallLine.mostFrequent, RecallLine.random]
        func missing(_ methods: [String]) -> String? {
            methods.first { !known.contains($0) }.map {
                "\($0) was not evaluated, only \(evaluated.joined(separator: ", "))"
            }
        }
        switch statement {
        case .recall(let method, let k, _, _, _):
            return missing([method])
                ?? (evaluation.ks.contains(k)
                    ? nil
                    : "no recall@\(k) was computed, only \(evaluation.ks.map(String.init).joined(separator: ", "))")
        case .order(let methods): return missing(methods)
        }
    }
}

extension Evidence {
    /// - Parameter seeds: an estimate a seed.
    fileprivate init(_ seeds: [RecallEstimate]) {
        self.init(seeds: seeds.count, filters: seeds.first?.filters ?? 0, pairs: seeds.reduce(0) { $0 + $1.pairs })
    }
}

extension RecallEstimate {
    fileprivate var interval: SeedInterval? {
        guard let recall, let low, let high else { return nil }
        return SeedInterval(value: recall, low: low, high: high)
    }
}

extension VariantResults {
    fileprivate func estimate(_ method: String, k: Int, _ share: ConceptShare) throws -> RecallEstimate? {
        try recallLines(share).first { $0.method == method && $0.k == k }?.estimate
    }

    /// The paired difference of two methods over the same draws of filters.
    fileprivate func difference(_ higher: String, _ lower: String, k: Int) throws -> SeedInterval? {
        let methods = evaluation.methods.map(\.method)
        guard let a = methods.first(where: { $0.name == higher }), let b = methods.first(where: { $0.name == lower })
        else {
            let known = methods.map(\.name).joined(separator: ", ")
            throw ExperimentError("a claim orders \"\(higher)\" and \"\(lower)\"; evaluated methods are \(known)")
        }
        guard let found = try bootstrap.difference(sums(a, k: k), sums(b, k: k)), let low = found.low,
            let high = found.high
        else { return nil }
        return SeedInterval(value: found.difference, low: low, high: high)
    }
}
