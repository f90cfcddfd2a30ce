import Datasets

extension Experiment {
    /// How this experiment's annotations become samples: METHOD's rules, its settings and its deviations.
    var datasetRules: DatasetRules {
        var rules = DatasetRules()
        rules.limit = dataset.limit
        rules.minimumCount = dataset.minimumCount
        rules.validationShare = dataset.validationShare
        rules.failsOnBadAnnotation = dataset.onBadAnnotation == .fail
        rules.seed = seed
        rules.crop = backbone.preprocessing.crop
        rules.words = dataset.words
        rules.names = dataset.names
        for deviation in deviations.sorted() { deviation.effect.dataset?(&rules, dataset.kind) }
        return rules
    }
}
