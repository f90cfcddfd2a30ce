extension Deviation {
    /// Every word of the embedding may explain a filter (A for COCO; F).
    public static let embeddingVocabulary = Deviation(
        "embeddingVocabulary", paper: { dataset, _ in dataset == .coco },
        effect: Effect(evaluation: { $0.usesWholeEmbedding = true }))
}
