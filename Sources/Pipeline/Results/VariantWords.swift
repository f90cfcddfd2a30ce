import Foundation
import LaViSE
import Reporting

/// The words of a variant's filters, with what speaks for them (METHOD 10).
extension VariantResults {
    /// Words of a filter that tables keep.
    static let wordsKept = 20

    func filterTable(title: String) -> FilterTable {
        FilterTable(
            title: title, method: headlineMethod.name, ranking: experiment.evaluate.ranking.rawValue, ks: evaluation.ks,
            rows: filterRows(headlineMethod))
    }

    package func filterRows(_ method: ExplanationMethod, most: Int = wordsKept) -> [FilterRow] {
        evaluation.summary.filters.indices.map { filterRow($0, method, most: most) }
    }

    /// The words, threshold and recall of the filter at `index` by one method.
    /// - Parameter most: words at most.
    func filterRow(_ index: Int, _ method: ExplanationMethod, most: Int = wordsKept) -> FilterRow {
        let summary = evaluation.summary, p = summary.imagesPerFilter
        func shown(_ ranking: WordRanking) -> [FilterRow.Word] {
            ranked(index, method, ranking).prefix(most).map { word in
                let scores = evaluation.scores?.scores(ofFilter: index, word: word.word)
                return FilterRow.Word(
                    text: words[Int(word.word)], frequency: word.frequency, similarity: word.similarity,
                    lift: word.lift,
                    correlation: scores.map { Double($0.correlation) },
                    intersectionOverUnion: scores.map { Double($0.intersectionOverUnion) })
            }
        }
        let ranking = experiment.evaluate.ranking
        return FilterRow(
            filter: summary.filters[index], threshold: Double(summary.thresholds[index]), words: shown(ranking),
            frequent: shown(.frequency), isReliable: isReliable(index, method, ranking),
            recall: recall(filter: index, method),
            pairs: (0..<p).count { !evaluation.groundTruth[index * p + $0].isEmpty })
    }

    /// The words of the filter at `index` by one method in the experiment's ranking, most explaining first.
    func explanation(_ index: Int, _ method: ExplanationMethod) -> [ExplanationWord] {
        ranked(index, method, experiment.evaluate.ranking)
    }

    private func ranked(_ index: Int, _ method: ExplanationMethod, _ ranking: WordRanking) -> [ExplanationWord] {
        layerWords[method]?.words(ofFilter: index, by: ranking) ?? []
    }

    /// Whether the first word's correlation is above chance; nil for a word that the images are not annotated with. A
    /// constant filter fits nothing.
    private func isReliable(_ index: Int, _ method: ExplanationMethod, _ ranking: WordRanking) -> Bool? {
        guard let chance = evaluation.scores?.chanceCorrelation,
            let first = ranked(index, method, ranking).first,
            let scores = evaluation.scores?.scores(ofFilter: index, word: first.word)
        else { return nil }
        return Double(scores.correlation) > chance
    }

    /// How good the first words are, by every method and ranking.
    package func rankings(row: String?) -> [RankingTable.Row] {
        evaluation.methods.flatMap { said in
            WordRanking.allCases.map { ranking in
                let ranked = evaluation.summary.filters.indices.map {
                    self.ranked($0, said.method, ranking).map(\.word)
                }
                let correlations = ranked.enumerated().compactMap { index, words in
                    words.first.flatMap { evaluation.scores?.scores(ofFilter: index, word: $0)?.correlation }
                }.filter { !$0.isNaN }
                let reliable = ranked.indices.compactMap { isReliable($0, said.method, ranking) }
                return RankingTable.Row(
                    row: row, method: said.method.name, ranking: ranking.rawValue,
                    wordsPerImage: experiment.evaluate.wordsPerImage,
                    agreement: Agreement.Measure.allCases.map { evaluation.agreementSums($0, words: ranked).recall },
                    correlation: correlations.isEmpty
                        ? nil : correlations.reduce(0) { $0 + Double($1) } / Double(correlations.count),
                    distinct: Set(ranked.compactMap(\.first)).count,
                    reliable: evaluation.scores == nil ? nil : reliable.count { $0 },
                    filters: ranked.count { !$0.isEmpty })
            }
        }
    }

    /// Mean recall at every k over a filter's images; nil where none has a ground truth.
    private func recall(filter: Int, _ method: ExplanationMethod) -> [Double?] {
        let p = evaluation.summary.imagesPerFilter, count = evaluation.ks.count
        return (0..<count).map { k in
            let values = (0..<p).map { evaluation[method]?.recall[(filter * p + $0) * count + k] ?? .nan }.filter {
                !$0.isNaN
            }
            return values.isEmpty ? nil : values.reduce(0) { $0 + Double($1) } / Double(values.count)
        }
    }
}

extension VariantResults {
    private static let ledShown = 12

    /// What is to be said of the words.
    var wordNotes: [String] {
        let shown = experiment.evaluate
        var notes = [
            "words from the \(shown.wordsPerImage) nearest of each image; filters.md, filters.csv and words.csv order them by "
                + "\(shown.ranking.rawValue) and have the words of \(headlineMethod.name)"
        ]
        if let scores = evaluation.scores, let chance = scores.chanceCorrelation {
            notes.append(
                "above chance: a correlation over \(String(format: "%.3f", chance)) in \(scores.images) images; words and scores are of the same images, "
                    + "which is too favourable")
        }
        var led: [Int32: Int] = [:]
        for filter in firstWords(headlineMethod, count: 1) { if let word = filter.first { led[word, default: 0] += 1 } }
        let most = led.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(Self.ledShown)
        if !most.isEmpty {
            notes.append(
                "first words of the most filters: "
                    + most.map { "\(words[Int($0.key)]) (\($0.value))" }.joined(separator: ", ")
                    + "; concepts.csv has all, words.csv each filter's")
        }
        return notes + targetNotes
    }
}
