import LaViSE
import Reporting

/// The tables and plots of an experiment's results folder.
package struct ResultTables {
    let file: ExperimentFile
    let variants: [VariantResults]

    /// - Parameter variants: one for each of `file.variants`.
    package init(_ file: ExperimentFile, _ variants: [VariantResults]) {
        self.file = file
        self.variants = variants
    }

    /// Every file by its name.
    func files() throws -> [(name: String, text: String)] {
        var files = try recalls().flatMap { table -> [(name: String, text: String)] in
            [
                (table.fileName + ".md", table.markdown), (table.fileName + ".csv", table.csv),
                (table.fileName + ".tex", table.latex),
                (table.fileName + ".json", table.json),
            ]
        }
        if let table = try deviations() {
            files += [
                ("deviations.md", table.markdown), ("deviations.csv", table.csv), ("deviations.tex", table.latex),
                ("deviations.json", table.json),
            ]
        }
        files += try (faithfulness()?.files ?? []) + (planted()?.files ?? []) + agreement().files
        if let table = try seeds() { files += [("seeds.md", table.markdown), ("seeds.csv", table.csv)] }
        let words = words(), rankings = try rankings()
        files += [
            ("words.csv", words.csv), ("concepts.csv", words.conceptsCSV), ("words.md", rankings.markdown),
            ("rankings.csv", rankings.csv),
        ]
        let warnings = try warnings()
        if !warnings.isEmpty {
            let rows = warnings.map { [$0.row ?? "", $0.warning.finding, $0.warning.advice] }
            files.append((Self.warningsName, CSV(header: ["row", "finding", "advice"], rows: rows).text))
        }
        guard file.matrixKeys.isEmpty else { return files }
        let filters = variants[0].filterTable(title: file.title), training = variants[0].trainingTable
        return files + [
            ("filters.md", filters.markdown), ("filters.csv", filters.csv), ("training.csv", training.csv),
            ("training-loss.svg", training.lossPlot.svg), ("training-hits.svg", training.hitPlot.svg),
        ]
    }

    /// The words of every row's filters.
    package func words() -> WordTable {
        WordTable(
            layers: variants.enumerated().map { index, variant in
                WordTable.Layer(
                    row: file.label(index), layer: variant.experiment.backbone.layer,
                    filters: variant.filterRows(variant.headlineMethod))
            })
    }

    /// How good the filters' first words are, by row, method and ranking.
    func rankings() throws -> RankingTable {
        RankingTable(
            title: file.title, rows: variants.enumerated().flatMap { $1.rankings(row: file.label($0)) },
            footnotes: file.matrixKeys.isEmpty
                ? try warnings().map { "Warning: \($0.text)" } + variants[0].wordNotes : [])
    }

    /// Where `run` finds what is wrong with the results; absent where nothing is.
    static let warningsName = "warnings.csv"

    /// What is wrong with the results of each row, and what to try.
    func warnings() throws -> [(row: String?, warning: ResultWarning, text: String)] {
        try variants.enumerated().flatMap { index, variant in
            let row = file.label(index)
            return try variant.warnings().map { (row, $0, (row.map { "\($0): " } ?? "") + $0.text) }
        }
    }

    /// recall@k over all concepts and, where some were unseen, over the seen and the unseen ones.
    package func recalls() throws -> [RecallTable] {
        try ConceptShare.allCases.filter { $0 == .all || variants.contains(where: \.hasUnseen) }.map(recall)
    }

    private func recall(_ share: ConceptShare) throws -> RecallTable {
        let rows = try variants.enumerated().flatMap { index, variant in
            try variant.recallLines(share).map { line in
                RecallRow(
                    row: file.label(index), method: line.method, k: line.k, recall: line.estimate.recall,
                    low: line.estimate.low,
                    high: line.estimate.high, filters: line.estimate.filters, pairs: line.estimate.pairs,
                    published: share == .seen
                        ? nil
                        : variant.experiment.claims.published(
                            line.method, line.k, unseen: share == .unseen, row: file.claimRow(index)))
            }
        }
        return RecallTable(
            experiment: file.name, title: file.title, concepts: share, rows: rows,
            footnotes: file.matrixKeys.isEmpty ? variants[0].footnotes : [],
            warnings: share == .all ? try warnings().map(\.text) : [])
    }

    /// What every row of `protocol.deviations` changes against the first, over the same draws of filters; nil for other
    /// matrices.
    package func deviations() throws -> DeviationTable? {
        guard file.matrixKeys == ["protocol.deviations"] else { return nil }
        let method = variants[0].headlineMethod, k = variants[0].evaluation.ks.last ?? 20
        let base = try variants[0].sums(method, k: k), bootstrap = variants[0].bootstrap
        let rows = try variants.enumerated().map { index, variant in
            let sums = try variant.sums(method, k: k)
            let estimate = try variant.bootstrap.estimate(sums)
            // The change is over the same draws of filters, which the flattened or reduced layer of another row may not
            // have.
            let change = index > 0 && sums.sums.count == base.sums.count ? try bootstrap.difference(sums, base) : nil
            return DeviationRow(
                name: file.label(index) ?? "", recall: estimate.recall, low: estimate.low, high: estimate.high,
                change: change?.difference,
                changeLow: change?.low, changeHigh: change?.high)
        }
        return DeviationTable(experiment: file.name, title: file.title, method: method.name, k: k, rows: rows)
    }

    /// Mean and standard deviation over seeds; nil unless the matrix is over seeds alone.
    func seeds() throws -> SeedTable? {
        guard file.matrixKeys == ["seed"] else { return nil }
        let lines = try variants.map { try $0.recallLines(.all) }
        let rows = lines[0].indices.compactMap { place -> SeedRow? in
            let line = lines[0][place]
            guard let summary = SeedSummary(lines.compactMap { $0[place].estimate.recall }) else { return nil }
            return SeedRow(
                method: line.method, k: line.k, mean: summary.mean, deviation: summary.deviation, seeds: summary.seeds,
                published: variants[0].experiment.claims.published(line.method, line.k))
        }
        return SeedTable(experiment: file.name, title: file.title, rows: rows)
    }
}

extension ExperimentFile {
    /// The name of a variant's row in the tables; nil without a matrix.
    func label(_ index: Int) -> String? { matrixKeys.isEmpty ? nil : variants[index].labels.joined(separator: ", ") }

    /// The row that claims know a variant by: its labels but the seed; nil where there are no others.
    func claimRow(_ index: Int) -> String? {
        let labels = zip(matrixKeys, variants[index].labels).filter { $0.0 != "seed" }.map(\.1)
        return labels.isEmpty ? nil : labels.joined(separator: ", ")
    }
}
