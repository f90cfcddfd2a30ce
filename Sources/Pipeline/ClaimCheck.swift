import Engine
import LaViSE
import Reporting

extension ExperimentPlan {
    /// The results of every variant, from the store.
    /// - Throws: `ExperimentError` when a stage is not fresh.
    public func results(_ jobs: [JobStatus]) throws -> [VariantResults] {
        func path(_ job: String, _ output: String) throws -> String {
            guard let status = jobs.first(where: { $0.job == job }), status.state == .fresh,
                  let record = status.outputs.first(where: { $0.name == output }) else {
                throw ExperimentError("\(file.name): \(job) is not up to date; type: lavise-pipeline run \(file.name)")
            }
            return record.path
        }
        return try zip(file.variants, variants).map { variant, jobs in
            try VariantResults(
                variant.experiment, dataset: path(jobs.dataset, DatasetFile.name), words: path(jobs.embedding, EmbeddingFile.wordsName),
                explainer: path(jobs.train, TrainStage.explainerName), evaluation: path(jobs.evaluate, EvaluationFile.name))
        }
    }

    /// Tests every claim of the experiment on its results: an equivalence test on the bootstrap interval; over seeds, their mean.
    public func checkClaims(_ results: [VariantResults]) throws -> ClaimReport {
        var checked: [CheckedClaim] = []
        let bySeed = file.matrixKeys == ["seed"]
        for claim in file.variants[0].experiment.claims {
            let rows = bySeed ? [nil] : file.variants.map { file.matrixKeys.isEmpty ? nil : $0.labels.joined(separator: ", ") }
            for (index, row) in rows.enumerated() where claim.row == nil || claim.row == row {
                checked.append(try Self.check(claim, bySeed ? results : [results[index]], row: row))
            }
        }
        return ClaimReport(experiment: file.name, claims: checked)
    }

    private static func check(_ claim: Claim, _ results: [VariantResults], row: String?) throws -> CheckedClaim {
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

extension VariantResults {
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
