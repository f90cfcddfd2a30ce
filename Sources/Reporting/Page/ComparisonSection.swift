/// Runs beside each other, as the page shows them.
extension RunComparison {
    private static let filtersShown = 20, conceptsShown = 40

    /// The runs, by layer what filters keep, and which concepts lead how many filters of which run.
    var html: String {
        let kept = layers.map { layer in
            let agreement = layer.agreement.map {
                "<p>Filters of two runs share \(fixed($0, Decimals.shown)) of their words' weight in the mean.</p>\n"
            }
            let shown = min(layer.filters.count, Self.filtersShown)
            let table = filterTable(layer, most: shown).html
            let filters =
                shown == 0
                ? "" : "<details><summary>The \(shown) filters that keep least</summary>\n\(table)</details>\n"
            return "<h3>\(escaped(layer.name)): \(layer.runs.count) runs</h3>\n" + (agreement ?? "") + filters
        }
        return """
            <p>Runs of one layer of one network have the same filters: <em>kept</em> is the share of a filter's first \
            \(RunWords.compared) words, weighed by lift, that it has in the layer's first run too. A concept is born or lost where it \
            is the first word of some filter of one run and of none of the other, each run against the one before.</p>

            """ + textTable.html + kept.joined()
                + "<h3>How many filters a concept leads</h3>\n" + conceptTable(most: Self.conceptsShown).html
    }
}
