import LaViSE

/// How features are extracted: METHOD's rules, and what deviations change of them.
package struct FeatureRules: Sendable, Equatable {
    /// Maps of the training images are kept too, because evaluation reads them.
    package var evaluatesAll = false
    /// A sample's masked map is kept whole instead of being pooled.
    package var flattens = false
    /// Training sees the backbone after one probe, evaluation after two.
    package var isProbed = false
}

/// How the explainer is trained: METHOD's rules, and what deviations change of them.
package struct TrainingRules: Sendable, Equatable {
    package var frozenBatchNorm = false
    package var keepsEmptyMasks = false
    /// What masks are multiplied by.
    package var dividesMasksBy255 = false
}

/// How filters are explained and scored: METHOD's rules, and what deviations change of them.
package struct EvaluationRules: Sendable, Equatable {
    /// Training images are evaluated beside the validation images.
    package var evaluatesAll = false
    /// Every word of the embedding may explain a filter, not the dataset's concepts alone.
    package var usesWholeEmbedding = false
    /// The backbone's batch norms have moved towards an all-zero image.
    package var isProbed = false
    /// Settings of the method itself; an experiment's own (`topImages`, `ks`…) are set after them.
    package var options = EvaluationOptions()
}
