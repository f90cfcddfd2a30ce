extension EvaluationOptions {
    /// Deviation `lowQuantile` (METHOD 9): FACT2023's code thresholds a filter at the 0.005 quantile of its map where
    /// the paper means the value that 0.005 of the positions exceed (A, section 3.3).
    public static let lowQuantile = 0.005
}
