import Engine
import LaViSE
import Reporting

extension ExperimentPlan {
    /// The results of every variant, from the store.
    /// - Throws: `ExperimentError` when a stage is not fresh.
    public func results(_ jobs: [JobStatus]) throws -> [VariantResults] {
        try file.variants.indices.map { try results(ofVariant: $0, jobs) }
    }

    /// The results of one variant, from the store.
    public func results(ofVariant index: Int, _ jobs: [JobStatus]) throws -> VariantResults {
        let own = variants[index]
        return try VariantResults(
            file.variants[index].experiment, dataset: path(of: DatasetFile.name, own.dataset, jobs), words: path(of: EmbeddingFile.wordsName, own.embedding, jobs),
            explainer: path(of: TrainStage.explainerName, own.train, jobs), evaluation: path(of: EvaluationFile.name, own.evaluate, jobs))
    }

    /// The path of a job's output in the store.
    /// - Throws: `ExperimentError` when the job is not fresh.
    func path(of output: String, _ job: String, _ jobs: [JobStatus]) throws -> String {
        guard let status = jobs.first(where: { $0.job == job }), status.state == .fresh,
              let record = status.outputs.first(where: { $0.name == output }) else {
            throw ExperimentError("\(file.name): \(job) is not up to date; type: lavise-pipeline run \(file.name) (with the same --set and --seeds)")
        }
        return record.path
    }

    /// Tests every claim of the experiment on its results: an equivalence test on the bootstrap interval; over seeds, their mean.
    public func checkClaims(_ results: [VariantResults]) throws -> ClaimReport {
        var rows: [(name: String?, results: [VariantResults])] = []
        for (index, result) in results.enumerated() {
            let name = file.claimRow(index)
            if let known = rows.firstIndex(where: { $0.name == name }) { rows[known].results.append(result) } else { rows.append((name, [result])) }
        }
        let claims = file.variants[0].experiment.claims
        if let stray = claims.compactMap(\.row).first(where: { row in !rows.contains { $0.name == row } }) {
            let names = rows.compactMap(\.name).joined(separator: "\", \"")
            throw ExperimentError("\(file.name): a claim speaks of the row \"\(stray)\"; " + (names.isEmpty ? "the experiment has no matrix" : "rows are \"\(names)\""))
        }
        return ClaimReport(experiment: file.name, claims: try claims.flatMap { claim in
            try rows.filter { claim.row == nil || claim.row == $0.name }.map { try Self.check(claim, $0.results, row: $0.name) }
        })
    }

    private static func check(_ claim: Claim, _ results: [VariantResults], row: String?) throws -> CheckedClaim {
        if let why = results.lazy.compactMap({ $0.lack(of: claim.statement) }).first {
            return CheckedClaim(source: claim.source, row: row, notRun: claim.statement.shown, why: why)
        }
        switch claim.statement {
        case .recall(let method, let k, let unseen, let published, let margin):
            let intervals = try results.compactMap { try $0.interval(method, k: k, unseen ? .unseen : .all) }
            return CheckedClaim(
                source: claim.source, row: row, method: method, k: k, concepts: unseen ? .unseen : .all, published: published, margin: margin,
                ours: intervals.count == results.count ? Interval(seeds: intervals) : nil)
        case .order(let methods):
            var differences: [(higher: String, lower: String, k: Int, difference: Interval)] = []
            for (higher, lower) in zip(methods, methods.dropFirst()) {
                for k in results[0].evaluation.ks {
                    let intervals = try results.compactMap { try $0.difference(higher, lower, k: k) }
                    if let difference = Interval(seeds: intervals) { differences.append((higher, lower, k, difference)) }
                }
            }
            return CheckedClaim(source: claim.source, row: row, order: methods, differences: differences)
        }
    }
}

extension Claim.Statement {
    /// As reports have it.
    fileprivate var shown: Reporting.Claim {
        switch self {
        case .recall(let method, let k, let unseen, let published, let margin):
            .recall(method: method, k: k, concepts: unseen ? .unseen : .all, published: published, margin: margin)
        case .order(let methods): .order(methods)
        }
    }
}

extension VariantResults {
    /// What a claim speaks of and the experiment did not compute; nil when it did.
    fileprivate func lack(of statement: Claim.Statement) -> String? {
        let evaluated = evaluation.methods.map(\.method.rawValue)
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

    fileprivate func interval(_ method: String, k: Int, _ share: ConceptShare) throws -> Interval? {
        guard let estimate = try recallLines(share).first(where: { $0.method == method && $0.k == k })?.estimate,
              let value = estimate.recall, let low = estimate.low, let high = estimate.high else { return nil }
        return Interval(value: value, low: low, high: high)
    }

    /// The paired difference of two methods over the same draws of filters.
    fileprivate func difference(_ higher: String, _ lower: String, k: Int) throws -> Interval? {
        guard let a = ExplanationMethod(rawValue: higher), let b = ExplanationMethod(rawValue: lower) else {
            throw ExperimentError("a claim orders \"\(higher)\" and \"\(lower)\"; methods are \(ExplanationMethod.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return try bootstrap.difference(sums(a, k: k), sums(b, k: k)).map { Interval(value: $0.difference, low: $0.low, high: $0.high) }
    }
}
