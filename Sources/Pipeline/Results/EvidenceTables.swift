import LaViSE
import Reporting

/// The tables that say how well explanations fit (METHOD 11) and agree with annotations (METHOD 12).
extension ResultTables {
    /// nil where no variant has scores.
    package func faithfulness() throws -> ScoreTable? {
        let scored = variants.enumerated().compactMap { index, variant in variant.evidence.map { (index, variant, $0) }
        }.filter { !$0.2.rows.isEmpty }
        guard let (_, first, evidence) = scored.first else { return nil }
        let reference = first.headlineMethod.name
        let rows = try scored.flatMap { index, variant, evidence in
            try variant.scoreRows(evidence, reference: reference).map { row in
                var row = row
                row.row = file.label(index)
                return row
            }
        }
        let failing = Set(scored.flatMap { $0.2.sanity.filter { $0.passes == false }.map(\.metric) })
        return ScoreTable(
            fileName: "faithfulness", experiment: file.name, title: file.title,
            caption:
                "How well explanations fit the units, mean over units with the 95 % interval: the first word's score, of simulation the words' "
                + "together; " + evidence.origin(isShared: first.experiment.evaluate.sharedImages),
            rows: rows, reference: reference, marked: failing,
            footnotes: scored.flatMap { index, variant, evidence in
                variant.evidenceNotes(evidence).map { note in file.label(index).map { "\($0): \(note)" } ?? note }
            })
    }

    /// Both tables that there are, for a page.
    func scores() throws -> [(title: String, table: ScoreTable)] {
        let fit = try faithfulness().map { [("Faithfulness: how well explanations fit the units", $0)] } ?? []
        return fit + [("Agreement with the annotations", try agreement())].filter { !$0.1.rows.isEmpty }
    }

    /// The agreement's files' name without the ending.
    static let agreementName = "agreement"

    /// P-A and R-A of the methods, the number of concepts that are a filter's first word, and the units that network
    /// dissection finds a concept for.
    package func agreement() throws -> ScoreTable {
        let rows = try variants.enumerated().flatMap { index, variant in
            try variant.agreementRows().map { row in
                var row = row
                row.row = file.label(index)
                return row
            }
        }
        return ScoreTable(
            fileName: Self.agreementName, experiment: file.name, title: file.title,
            caption:
                "How far a filter's first word (P-A@1) and first five (P-A@5, R-A@5) agree with the ground truth of its first "
                + "\(Agreement.images) images, mean over (filter, image) pairs with the 95 % interval over filters; how many concepts are the first "
                + "word of a filter; and the share of units with IoU > 0.04 for network dissection's word on images that it was not chosen on",
            rows: rows)
    }
}

extension EvidenceFile {
    fileprivate func origin(isShared: Bool) -> String {
        if isShared {
            return "words and scores share the \(images.first ?? 0) images, so that the scores are too favourable; "
                + "the peers' words come from the training images"
        }
        return
            "words chosen on one half of the images are scored on the other (\(images.map(String.init).joined(separator: " and ")) images)"
    }
}

extension VariantResults {
    /// A (explanation, metric) each, in the table's order.
    fileprivate func scoreRows(_ evidence: EvidenceFile, reference: String) throws -> [ScoreRow] {
        func sums(_ row: Faithfulness.Row, _ metric: EvidenceMetric) -> RecallSums {
            let scores = row.scores[metric] ?? []
            return RecallSums(sums: scores, pairs: [Int](repeating: 1, count: scores.count))
        }
        let zero = RecallSums(
            sums: [Double](repeating: 0, count: evidence.units.count),
            pairs: [Int](repeating: 1, count: evidence.units.count))
        return try evidence.rows.flatMap { row in
            try evidence.metrics.map { metric in
                let own = sums(row, metric)
                var line = ScoreRow(
                    explanation: row.name, metric: metric.rawValue, score: own.recall, units: evidence.units.count)
                if metric.isShare {
                    let estimate = try bootstrap.estimate(own)
                    (line.low, line.high) = (estimate.low, estimate.high)
                } else {
                    let estimate = try bootstrap.difference(own, zero)
                    (line.low, line.high) = (estimate?.low, estimate?.high)
                }
                guard row.name != reference, let base = evidence.rows.first(where: { $0.name == reference }) else {
                    return line
                }
                let difference = try bootstrap.difference(own, sums(base, metric))
                (line.difference, line.differenceLow, line.differenceHigh) = (
                    difference?.difference, difference?.low, difference?.high
                )
                return line
            }
        }
    }

    fileprivate func evidenceNotes(_ evidence: EvidenceFile) -> [String] {
        let tests = evidence.sanity.map { test -> String in
            guard test.cases > 0 else { return "\(test.metric): no unit to test it on" }
            func share(_ change: SanityTest.Change) -> String { "\(Int((100 * test.share(change)).rounded(.down))) %" }
            return
                "\(test.metric) \(test.passes == true ? "passes" : "fails") (falls in \(share(.missing)) of \(test.cases) cases with half "
                + "the labels, in \(share(.extra)) with twice as many)"
        }
        let tools = evidence.tools.filter { $0.unnamed > 0 }.map { tool in
            "\(tool.name): \(tool.unnamed) of \(evidence.units.count) descriptions name no concept of the dataset, such as \"\(tool.first)\"; "
                + "they score what a word does that no image shows"
        }
        return [
            "sanity tests, which a metric passes where it falls in 90 % of the cases: " + tests.joined(separator: "; ")
        ] + tools
    }

    /// Word ids of every filter's first words by a method.
    func firstWords(_ method: ExplanationMethod, count: Int) -> [[Int32]] {
        evaluation.summary.filters.indices.map { explanation($0, method).prefix(count).map(\.word) }
    }

    fileprivate func agreementRows() throws -> [ScoreRow] {
        let units = evaluation.summary.filters.count
        var rows = try evaluation.methods.flatMap { said -> [ScoreRow] in
            let words = firstWords(said.method, count: 5)
            let measures = try Agreement.Measure.allCases.map { measure in
                let estimate = try bootstrap.estimate(evaluation.agreementSums(measure, words: words))
                return ScoreRow(
                    explanation: said.method.name, metric: measure.rawValue, score: estimate.recall, low: estimate.low,
                    high: estimate.high,
                    units: units)
            }
            let learned = Set(words.compactMap(\.first)).count
            return measures + [
                ScoreRow(explanation: said.method.name, metric: "concepts", score: Double(learned), units: units)
            ]
        }
        if let evidence, !evidence.dissection.isEmpty {
            let count = Double(evidence.dissection.count)
            let shares = evidence.units.indices.map { unit in
                Double(evidence.dissection.count { $0[unit] > 0.04 }) / count
            }
            let estimate = try bootstrap.estimate(RecallSums(sums: shares, pairs: shares.map { _ in 1 }))
            rows.append(
                ScoreRow(
                    explanation: Faithfulness.Peer.netDissect.rawValue, metric: "IoU > .04", score: estimate.recall,
                    low: estimate.low,
                    high: estimate.high, units: evidence.units.count))
            for row in evidence.rows
            where !row.words.isEmpty && evaluation.methods.allSatisfy({ $0.method.name != row.name }) {
                let first = row.words.flatMap { $0 }.compactMap { $0.first?.concept }
                rows.append(
                    ScoreRow(
                        explanation: row.name, metric: "concepts", score: Double(Set(first).count),
                        units: evidence.units.count))
            }
        }
        return rows
    }
}
