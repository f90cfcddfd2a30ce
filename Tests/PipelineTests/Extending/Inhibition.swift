import LaViSE

extension ExplanationMethod {
    /// The feature where the filter is silent: what stands around what it has found.
    static let inhibition = ExplanationMethod("inhibition") { question in
        var attention = Attention.everything(question.feature)
        attention.positions = question.feature.map(question.filter).map { $0 > question.threshold ? 0 : 1 }
        return attention
    }
}
