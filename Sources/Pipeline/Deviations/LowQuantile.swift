import LaViSE

extension Deviation {
    /// A filter's threshold is the 0.005 quantile of its map (F).
    public static let lowQuantile = Deviation(
        "lowQuantile", effect: Effect(evaluation: { $0.options.quantile = EvaluationOptions.lowQuantile }))
}
