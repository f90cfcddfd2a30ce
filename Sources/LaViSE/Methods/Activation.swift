extension ExplanationMethod {
    /// The feature under the filter's active positions, [F_u > T_u] (METHOD 6.3).
    public static let activation = ExplanationMethod("activation") { question in
        var attention = Attention.everything(question.feature)
        attention.positions = question.feature.map(question.filter).map { $0 > question.threshold ? 1 : 0 }
        return attention
    }
}
