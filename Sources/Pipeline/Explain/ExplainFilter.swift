import Fingerprints
import Engine
import Foundation
import Imaging
import LaViSE
import Reporting

/// What an experiment's results say of single filters.
public struct FilterExplainer {
    let experiment: ExperimentPlan
    let jobs: [JobStatus]
    let threads: Int
    let variant: Int
    public let results: VariantResults
    public let method: ExplanationMethod

    /// - Parameters:
    ///   - method: nil for the results' `headlineMethod`.
    ///   - row: the matrix row, by its labels; nil for the first.
    /// - Throws: `ExperimentError` when a stage is not fresh, or there is no such method or row.
    public init(_ experiment: ExperimentPlan, jobs: [JobStatus], method: String?, row: String?, threads: Int) throws {
        self.experiment = experiment
        self.jobs = jobs
        self.threads = threads
        variant = try experiment.file.variant(row: row)
        results = try experiment.results(ofVariant: variant, jobs)
        let known = (ExplanationMethod.all + results.experiment.evaluate.methods).inTableOrder
        self.method = try method.map { name in
            guard let method = known.first(where: { $0.name == name }) else {
                throw ExperimentError("--method \(name): methods are \(known.map(\.name).joined(separator: ", "))")
            }
            return method
        } ?? results.headlineMethod
    }

    /// A filter's words by the method.
    /// - Throws: `ExperimentError` for a filter or method that the experiment did not evaluate.
    public func row(ofFilter filter: Int) throws -> FilterRow {
        guard results.evaluation[method] != nil else {
            let known = results.evaluation.methods.map(\.method.name).joined(separator: ", ")
            throw ExperimentError("--method \(method.name): \(experiment.file.name) evaluated \(known); only with --image can it be another")
        }
        return results.filterRow(try results.index(ofFilter: filter), method)
    }

    /// The filter's heat maps in its top images, five in a row, best first.
    public func grid(ofFilter filter: Int) throws -> RGBImage {
        let index = try results.index(ofFilter: filter)
        let features = try experiment.path(of: experiment.variants[variant].maps, experiment.variants[variant].features, jobs)
        let images = try ReportPictures(results, features: features).heatMaps(index..<index + 1, side: results.dataset.side, threads: threads)[0]
        guard !images.isEmpty else { throw ExperimentError("filter \(filter) is active in no image: it has no heat map; choose another --filter") }
        return RGBImage.grid(images, columns: 5)
    }

    /// The filters that have `word` among their first `count` words, the best explained by it first.
    /// - Throws: `ExperimentError` for a word that is no concept, naming the nearest.
    public func filters(saying word: String, among count: Int) throws -> [(rank: Int, row: FilterRow)] {
        let rows = results.evaluation.summary.filters.indices.map { results.filterRow($0, method) }
        let found = rows.saying(word, among: count)
        let known = Set(results.dataset.concepts).union(rows.flatMap { $0.words.map(\.text) })
        if found.isEmpty, !known.contains(word) {
            let hint = nearest(to: word, among: known.sorted()).map { "did you mean \"\($0)\"?" } ?? "filters.csv of the results lists the words"
            throw ExperimentError("--concept \(word): neither a concept of \(experiment.file.name) nor a filter's word; \(hint)")
        }
        return found
    }
}

extension [FilterRow] {
    /// The filters that have `word` among their first `count` words: by its rank from 1, then the more frequent, the
    /// more similar, the lower filter first.
    package func saying(_ word: String, among count: Int) -> [(rank: Int, row: FilterRow)] {
        compactMap { row in row.words.prefix(count).firstIndex { $0.text == word }.map { (rank: $0 + 1, row: row) } }
            .sorted { a, b in
                let x = a.row.words[a.rank - 1], y = b.row.words[b.rank - 1]
                return (a.rank, -x.frequency, -x.similarity, a.row.filter)
                    < (b.rank, -y.frequency, -y.similarity, b.row.filter)
            }
    }
}
