extension Deviation {
    /// Training images are evaluated beside the validation images (F). `evaluate.images`, where given, decides.
    public static let evaluateOnAll = Deviation(
        "evaluateOnAll", effect: Effect(features: { $0.evaluatesAll = true }, evaluation: { $0.evaluatesAll = true }))
}
