extension ExplanationMethod {
    /// The whole feature, pooled (METHOD 6.3).
    public static let original = ExplanationMethod("original") { Attention.everything($0.feature) }
}
