extension ExplanationMethod {
    /// The filter attention: every channel weighed by its cosine with the filter's map, cos(F_u, F_k) (paper A,
    /// section 3.3).
    public static let projection = ExplanationMethod("projection") { question in
        question.options.unnormalisedAttention
            ? Attention.unnormalisedProjection(question.feature, filter: question.filter)
            : Attention.projection(question.feature, filter: question.filter)
    }
}

extension Attention {
    fileprivate static func projection(_ feature: Feature, filter: Int) -> Attention {
        var attention = everything(feature)
        let map = feature.map(filter), norm = feature.norms[filter]
        for k in 0..<feature.channels {
            // The floor is PyTorch's: a channel that is 0 everywhere has cosine 0.
            attention.channels[k] = dot(map, feature.map(k)) / max(norm * feature.norms[k], 1e-12)
        }
        return attention
    }
}
