import LaViSE
import Reporting

/// How often explanations find the concept that a unit was made of (METHOD 11, planted units).
extension ResultTables {
    /// nil where no unit's answer is known.
    package func planted() throws -> ScoreTable? {
        let rows = try variants.enumerated().flatMap { index, variant in
            try variant.plantedRows().map { row in
                var row = row
                row.row = file.label(index)
                return row
            }
        }
        guard !rows.isEmpty else { return nil }
        return ScoreTable(
            fileName: "planted", experiment: file.name, title: file.title,
            caption:
                "Units that are probes of a concept, fitted on training images: in how many the concept is the first word, or among the first "
                + "five, and the area under the precision-recall curve of the words in their order (meta-AUPRC: one by the concept's rank, 0 "
                + "beyond the fifth), mean over units and both halves of the images with the 95 % interval over units",
            rows: rows)
    }
}

extension VariantResults {
    fileprivate func plantedRows() throws -> [ScoreRow] {
        guard let evidence, let planted = units?.concepts else { return [] }
        let answers = evidence.units.map { planted[$0] }
        func line(_ name: String, _ metric: Metric, _ score: Double, low: Double? = nil, high: Double? = nil)
            -> ScoreRow
        {
            ScoreRow(
                explanation: name, metric: metric.rawValue, score: score, low: low, high: high, units: answers.count)
        }
        let rows = try evidence.rows.filter { !$0.words.isEmpty }.flatMap { row in
            try Metric.allCases.map { metric in
                let scores = answers.indices.map { unit in
                    row.words.reduce(0) { sum, half in
                        let rank = half[unit].firstIndex { $0.concept == answers[unit] }
                        return sum + (rank.map { metric.score(rank: $0 + 1) } ?? 0)
                    } / Double(row.words.count)
                }
                let estimate = try bootstrap.estimate(RecallSums(sums: scores, pairs: scores.map { _ in 1 }))
                return line(row.name, metric, estimate.recall ?? 0, low: estimate.low, high: estimate.high)
            }
        }
        // Of a random order of the concepts.
        let chance = Metric.allCases.map { metric in
            let concepts = max(dataset.concepts.count, 1), ranks = 1...min(5, concepts)
            return line(
                Faithfulness.Peer.random.rawValue, metric,
                ranks.reduce(0) { $0 + metric.score(rank: $1) } / Double(concepts))
        }
        return rows + chance
    }

    private enum Metric: String, CaseIterable {
        case first, amongFive = "among five", area = "meta-AUPRC"

        /// - Parameter rank: from 1 to 5.
        func score(rank: Int) -> Double {
            switch self {
            case .first: rank == 1 ? 1 : 0
            case .amongFive: 1
            case .area: 1 / Double(rank)
            }
        }
    }
}
