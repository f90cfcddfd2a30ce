/// The words of the filters of every row of an experiment: `results/NAME/words.csv` and `concepts.csv`.
public struct WordTable: Sendable, Equatable {
    /// One row of a matrix: a layer's filters with their words.
    public struct Layer: Sendable, Equatable {
        /// The row's name; nil for a plain experiment.
        public var row: String?
        /// The target layer.
        public var layer: String
        /// In the order of the evaluation.
        public var filters: [FilterRow]

        /// - Parameter row: nil for a plain experiment.
        public init(row: String?, layer: String, filters: [FilterRow]) {
            self.row = row
            self.layer = layer
            self.filters = filters
        }
    }

    /// The words of a filter that count as its explanation in `concepts.csv`.
    private static let explaining = 5

    /// In the order of the matrix; one of a plain experiment.
    public var layers: [Layer]

    /// - Parameter layers: in the order of the matrix.
    public init(layers: [Layer]) { self.layers = layers }

    private var isMatrix: Bool { layers.contains { $0.row != nil } }

    private func text(_ header: [String], _ rows: (Layer) -> [[String]]) -> String {
        CSV(
            header: header + (isMatrix ? ["row"] : []),
            rows: layers.flatMap { layer in rows(layer).map { $0 + (isMatrix ? [layer.row ?? ""] : []) } }
        ).text
    }

    /// A row a layer, filter and word, the first word first.
    public var csv: String {
        text(["layer", "filter", "rank", "word", "images", "cosine", "lift", "corr", "iou"]) { layer in
            layer.filters.flatMap { filter in
                filter.words.enumerated().map { rank, word in
                    [layer.layer, String(filter.filter), String(rank + 1), word.text, String(word.frequency)]
                        + [word.similarity, word.lift, word.correlation, word.intersectionOverUnion].map {
                            fixed($0, Decimals.stored)
                        }
                }
            }
        }
    }

    /// A row a layer and word that is the first of a filter or one of its first five: how many filters each, the filter
    /// that has it with the highest lift, and that filter's numbers. The most frequent first word comes first.
    public var conceptsCSV: String {
        text(["layer", "concept", "first_of", "among_five_of", "best_filter", "lift", "corr", "iou"]) { layer in
            concepts(layer).map { concept in
                let best = concept.best.word
                return [
                    layer.layer, best.text, String(concept.first), String(concept.count), String(concept.best.filter),
                    fixed(best.lift, Decimals.stored), fixed(best.correlation, Decimals.stored),
                    fixed(best.intersectionOverUnion, Decimals.stored),
                ]
            }
        }
    }

    private struct Concept {
        var first = 0, count = 0
        var best: (filter: Int, word: FilterRow.Word)
    }

    private func concepts(_ layer: Layer) -> [Concept] {
        var found: [String: Concept] = [:]
        for filter in layer.filters {
            for (rank, word) in filter.words.prefix(Self.explaining).enumerated() {
                var concept = found[word.text] ?? Concept(best: (filter.filter, word))
                concept.count += 1
                if rank == 0 { concept.first += 1 }
                if word.lift ?? 0 > concept.best.word.lift ?? 0 { concept.best = (filter.filter, word) }
                found[word.text] = concept
            }
        }
        return found.values.sorted { a, b in
            if (a.first, a.count) != (b.first, b.count) { return (a.first, a.count) > (b.first, b.count) }
            return a.best.word.text.utf8.lexicographicallyPrecedes(b.best.word.text.utf8)
        }
    }
}
