import Engine
import LaViSE
import Reporting

extension ExperimentState {
    /// What every row of the experiment says of its filters.
    /// - Parameters:
    ///   - method: nil for the results' `headlineMethod`.
    ///   - count: words a filter.
    /// - Throws: `ExperimentError` when a stage is not fresh, or a row has no such method.
    public func runWords(method: String?, count: Int) throws -> [RunWords] {
        try file.variants.indices.map { index in
            let results = try results(ofVariant: index)
            let chosen = try method.map { name in
                guard let said = results.evaluation.methods.first(where: { $0.method.name == name }) else {
                    let known = results.evaluation.methods.map(\.method.name).joined(separator: ", ")
                    throw ExperimentError("--method \(name): \(file.name) evaluated \(known)")
                }
                return said.method
            }
            return runWords(ofVariant: index, results, method: chosen, count: count)
        }
    }

    /// What one row says of its filters.
    /// - Parameters:
    ///   - results: the row's.
    ///   - method: nil for its `headlineMethod`.
    func runWords(
        ofVariant index: Int, _ results: VariantResults, method: ExplanationMethod? = nil,
        count: Int = RunWords.compared
    ) -> RunWords {
        let backbone = results.experiment.backbone, filters = results.evaluation.summary.filters
        return RunWords(
            name: ([file.resultsName] + (file.label(index).map { [$0] } ?? [])).joined(separator: ": "),
            layer: "\(Self.name(backbone.network)) \(backbone.layer)", filters: filters,
            words: filters.indices.map { place in
                results.filterRow(place, method ?? results.headlineMethod).words.prefix(count).map {
                    RunWords.Word(text: $0.text, weight: max(0, $0.weight))
                }
            })
    }
}

extension ExperimentState {
    /// Two model files may be checkpoints of one training, whose filters are the same.
    private static func name(_ network: Network) -> String {
        if case .file = network { "model file" } else { network.name }
    }
}

extension FilterRow.Word {
    /// What a word's share of a filter's explanation is reckoned by: its lift (METHOD 14).
    var weight: Double { lift ?? Double(frequency) }
}
