import Pipeline

extension Deviation {
    /// A filter's threshold is the median of its map. In no protocol.
    static let medianThreshold = Deviation(
        "medianThreshold", fact2023: { _, _ in false }, effect: Effect(evaluation: { $0.options.quantile = 0.5 }))
}
