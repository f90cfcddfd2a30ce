import Fingerprints
import Engine
import Foundation
import Imaging
import LaViSE
import Reporting

/// What an experiment's results say of single filters.
public struct FilterExplainer {
    let state: ExperimentState
    let threads: Int
    let variant: Int
    /// The results that are asked.
    public let results: VariantResults
    /// The explanation method whose words are shown.
    public let method: ExplanationMethod

    /// - Parameters:
    ///   - method: nil for the results' `headlineMethod`.
    ///   - row: the matrix row, by its labels; nil for the first.
    ///   - layer: only rows of this layer; nil for all.
    /// - Throws: `ExperimentError` when a stage is not fresh, or there is no such method or row.
    public init(
        _ state: ExperimentState, method: String?, row: String?, layer: String? = nil, threads: Int
    ) throws {
        self.state = state
        self.threads = threads
        variant = try state.file.variant(row: row, layer: layer)
        results = try state.results(ofVariant: variant)
        let known = (ExplanationMethod.all + results.experiment.evaluate.methods).inTableOrder
        self.method =
            try method.map { name in
                guard let method = known.first(where: { $0.name == name }) else {
                    throw ExperimentError("--method \(name): methods are \(known.map(\.name).joined(separator: ", "))")
                }
                return method
            } ?? results.headlineMethod
    }

    var files: ExperimentPlan.VariantFiles { state.experiment.variants[variant] }

    /// A filter's words by the method, `words` of them at most.
    /// - Throws: `ExperimentError` for a filter or method that the experiment did not evaluate.
    public func row(ofFilter filter: Int, words: Int) throws -> FilterRow {
        guard results.evaluation[method] != nil else {
            let known = results.evaluation.methods.map(\.method.name).joined(separator: ", ")
            throw ExperimentError(
                "--method \(method.name): \(state.file.name) evaluated \(known); only with --image can it be another"
            )
        }
        return results.filterRow(try results.index(ofFilter: filter), method, most: words)
    }

    /// The filter's heat maps in its top images, best first, with each image's name and nearest words.
    /// - Throws: `ExperimentError` for a filter that was not evaluated, or is active in no image; what reading the
    ///   features throws.
    public func grid(ofFilter filter: Int) throws -> RGBImage {
        let index = try results.index(ofFilter: filter)
        let features = try state.path(of: files.maps)
        let images = results.topImages(index, method, words: 3)
        let tiles = try ReportPictures(results, features: features).tiles(ofFilter: index, threads: threads)
        guard !images.isEmpty else {
            throw ExperimentError("filter \(filter) is active in no image: it has no heat map; choose another --filter")
        }
        let most = images.first?.maximum ?? 0
        return RGBImage.grid(
            zip(tiles, images).enumerated().map { rank, tile in
                tile.0.labelled([
                    "filter \(filter), image \(rank + 1): \(String(format: "%.2f of %.2f", tile.1.maximum, most))",
                    tile.1.words.joined(separator: ", "), tile.1.name,
                ])
            }, columns: 3)
    }

    /// The filters that have `word` among their first `count` words, the best explained by it first.
    /// - Throws: `ExperimentError` for a word that is no concept, naming the nearest.
    public func filters(saying word: String, among count: Int) throws -> [(rank: Int, row: FilterRow)] {
        let rows = results.filterRows(method, most: max(count, VariantResults.wordsKept))
        let found = rows.saying(word, among: count, chance: results.evaluation.scores?.chanceCorrelation ?? 0)
        let known = Set(results.dataset.concepts).union(rows.flatMap { $0.words.map(\.text) })
        if found.isEmpty, !known.contains(word) {
            let parts = word.split(separator: " ").map(String.init).filter(known.contains)
            let hint =
                parts.isEmpty
                ? nearest(to: word, among: known.sorted()).map { "did you mean \"\($0)\"?" }
                    ?? "words.csv of the results lists the words"
                : "a name of several words is a concept of each (dataset.names): "
                    + parts.map { "\"\($0)\"" }.joined(separator: ", ")
            throw ExperimentError(
                "--concept \(word): neither a concept of \(state.file.name) nor a filter's word; \(hint)")
        }
        return found
    }
}

extension [FilterRow] {
    /// The filters that have `word` among their first `count` words: first those that correlate with it above `chance`,
    /// then by its lift, its rank from 1, and the lower filter first.
    package func saying(_ word: String, among count: Int, chance: Double) -> [(rank: Int, row: FilterRow)] {
        func key(_ found: (rank: Int, row: FilterRow)) -> (Int, Double, Int, Int) {
            let said = found.row.words[found.rank - 1]
            return (said.correlation ?? 0 > chance ? 0 : 1, -(said.lift ?? 0), found.rank, found.row.filter)
        }
        return compactMap { row in
            row.words.prefix(count).firstIndex { $0.text == word }.map { (rank: $0 + 1, row: row) }
        }
        .sorted { key($0) < key($1) }
    }
}
