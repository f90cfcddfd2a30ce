import LaViSE
import Reporting

extension VariantResults {
    /// Nearest words of an image that the page shows.
    private static let nearestShown = 5
    /// Of the filters that are called supported the share that is expected to be so by chance.
    private static let falseDiscoveries = 0.05

    /// What the page shows of these results.
    /// - Parameter labels: the matrix's keys with this row's values.
    func reportRow(name: String, labels: [Report.Fact]) -> ReportRow {
        let summary = evaluation.summary
        let evidence = WordEvidence(evaluation)
        let filters = summary.filters.indices.map { index in
            ReportFilter(
                number: summary.filters[index], threshold: Double(summary.thresholds[index]),
                pairs: evidence.pairs(ofFilter: index), images: reportImages(index))
        }
        let methods = evaluation.methods.map { reportMethod($0.method, evidence) }
        return ReportRow(
            name: name, labels: labels, layer: experiment.backbone.layer, seed: String(experiment.seed),
            isAnnotated: evidence.pairs > 0, filters: filters, methods: methods,
            shownMethod: evaluation.methods.firstIndex { $0.method == headlineMethod } ?? 0,
            base: Dictionary(uniqueKeysWithValues: evidence.shares.map { (words[Int($0)], $1) }))
    }

    /// The top images of the filter at `index`, best first.
    private func reportImages(_ index: Int) -> [ReportImage] {
        places(index).map { place in
            ReportImage(
                id: images.name(Int(evaluation.summary.topImages[place])),
                maximum: Double(evaluation.summary.maxima[place]),
                truth: evaluation.groundTruth[place].map { words[Int($0)] })
        }
    }

    private func reportMethod(_ method: ExplanationMethod, _ evidence: WordEvidence) -> ReportMethod {
        let verdicts = verdicts(method, evidence)
        let explanations = evaluation.summary.filters.indices.map { index in
            let ranked = explanation(index, method)
            let shown = ranked.prefix(20).map { word in
                ReportExplanation.Word(
                    text: words[Int(word.word)], images: word.frequency, similarity: word.similarity,
                    lift: word.lift, seen: evidence.seen(word.word, filter: index))
            }
            return ReportExplanation(
                words: shown, recall: filterRow(index, method).recall, verdict: verdicts[index],
                nearest: nearest(index, method))
        }
        return ReportMethod(name: method.name, explanations: explanations)
    }

    /// What the annotations say of every filter's first word.
    private func verdicts(_ method: ExplanationMethod, _ evidence: WordEvidence) -> [ReportExplanation.Verdict] {
        let chances = evaluation.summary.filters.indices.map { index -> Double? in
            guard evidence.pairs(ofFilter: index) > 0 else { return nil }
            return explanation(index, method).first.map { evidence.chance(of: $0.word, filter: index) }
        }
        let limit = falseDiscoveryLimit(chances.compactMap { $0 }, rate: Self.falseDiscoveries) ?? -1
        return chances.map { chance in chance.map { $0 <= limit ? .supported : .doubtful } ?? .none }
    }

    /// The nearest words of each of the filter's images.
    private func nearest(_ index: Int, _ method: ExplanationMethod) -> [[String]] {
        let s = evaluation.wordsPerImage
        guard let said = evaluation[method]?.words else { return [] }
        return places(index).map { place in
            said[place * s..<place * s + min(Self.nearestShown, s)].map { words[Int($0)] }
        }
    }

    private func places(_ index: Int) -> [Int] {
        let p = evaluation.summary.imagesPerFilter
        return (index * p..<(index + 1) * p).filter { evaluation.summary.topImages[$0] >= 0 }
    }
}
