extension Deviation {
    /// AlexNet's map is flattened, not pooled (F).
    public static let flattenFeatures = Deviation(
        "flattenFeatures", fact2023: { !$1.isPooledByClassifier },
        effect: Effect(features: { $0.flattens = true }, evaluation: { $0.options.flattenFeatures = true }))
}
