import Datasets
import Foundation
import HDF5
import LaViSE
import Networks
import Reporting

/// What one variant of an experiment came to, as the tables need it.
public struct VariantResults: Sendable {
    public let experiment: Experiment
    public let evaluation: Evaluation
    let dataset: DatasetFile
    let history: TrainingHistory
    var bootstrap: Bootstrap
    /// The embedding's words, by word id.
    let words: [String]
    /// Word ids of the dataset's concepts.
    private let concepts: [Int32]
    private let seen: [Bool]
    private let samplesLeft: Int
    /// Lines of the entity list that name no word.
    private let unmatchedEntities: UnmatchedEntities
    /// nil where no metric was asked for.
    let evidence: EvidenceFile?

    /// Reads the artifacts of a variant by their paths.
    package init(
        _ experiment: Experiment, dataset: String, words: String, explainer: String, evaluation: String, evidence: String? = nil
    ) throws {
        self.experiment = experiment
        self.evaluation = try EvaluationFile.read(evaluation, methods: experiment.evaluate.methods)
        unmatchedEntities = try UnmatchedEntities(from: HDF5File.open(evaluation))
        self.dataset = try DatasetFile(dataset)
        let list = try WordList(contentsOf: words, concepts: self.dataset.concepts)
        self.words = list.words
        concepts = try self.dataset.concepts.map { token in
            guard let id = list.row(of: token) else { throw ExperimentError("the concept \"\(token)\" is not in \(words)") }
            return id
        }
        let file = try HDF5File.open(explainer)
        history = try TrainingHistory(from: file)
        seen = try file.read("concepts/seen", as: UInt8.self).map { $0 != 0 }
        samplesLeft = try Int(file.read("samples", as: Int64.self)[2])
        self.evidence = try evidence.map(EvidenceFile.read)
        bootstrap = Bootstrap(filters: self.evaluation.summary.filters.count, seed: experiment.seed, resamples: experiment.evaluate.bootstrap)
    }

    var hasUnseen: Bool { seen.contains(false) }

    /// The method whose numbers stand for the variant where there is room for one: `projection`, the paper's own; where
    /// it was not evaluated, the one that comes last in the paper's order (original, image, activation), whatever order
    /// was asked for.
    public var headlineMethod: ExplanationMethod {
        evaluation[.projection] != nil ? .projection : evaluation.methods.last?.method ?? .projection
    }

    private func words(of share: ConceptShare) -> Set<Int32>? {
        switch share {
        case .all: nil
        case .seen: Set(zip(concepts, seen).filter(\.1).map(\.0))
        case .unseen: Set(zip(concepts, seen).filter { !$0.1 }.map(\.0))
        }
    }

    func sums(_ method: ExplanationMethod, k: Int) throws -> RecallSums {
        guard let said = evaluation[method] else { throw ExperimentError("the evaluation has no method \(method.name)") }
        return evaluation.recallSums(of: said, k: k)
    }

    func recallLines(_ share: ConceptShare) throws -> [RecallLine] {
        try evaluation.recallLines(frequent: frequentConcepts, pool: Set(concepts), among: words(of: share), bootstrap: bootstrap)
    }

    /// Word ids of the concepts by their number of training samples, then by concept.
    private var frequentConcepts: [Int32] { dataset.conceptsByTrainingSamples.map { concepts[$0] } }

    var footnotes: [String] {
        var notes = ["\(dataset.imageCount) images, \(dataset.sampleCount) samples, \(dataset.concepts.count) concepts"]
        if samplesLeft > 0 { notes.append("\(samplesLeft) samples took no part in training: their mask is empty on the grid, or they have no seen concept") }
        if !dataset.skipped.isEmpty {
            notes.append("\(dataset.skipped.count) images could not be read and were skipped: \(named(dataset.skipped, most: 10))")
        }
        if let note = UnmatchedNames.note(dataset.unmatched, most: 20) { notes.append(note) }
        if let note = unmatchedEntities.note { notes.append(note) }
        return notes + dataset.notes.footnotes
    }

    /// The first of a list, and how many more there are.
    private func named(_ names: [String], most: Int) -> String {
        let first = names.prefix(most).joined(separator: ", ")
        return names.count > most ? "\(first) and \(names.count - most) more" : first
    }

    var trainingTable: TrainingTable {
        TrainingTable(ks: history.hitKs, rows: history.epochs.enumerated().map { index, epoch in
            TrainingRow(epoch: index + 1, trainLoss: epoch.trainLoss, validLoss: epoch.validLoss, trainHits: epoch.trainHits, validHits: epoch.validHits)
        })
    }

    func filterTable(title: String) -> FilterTable {
        let rows = evaluation.summary.filters.indices.map { filterRow($0, headlineMethod) }
        return FilterTable(title: title, method: headlineMethod.name, ks: evaluation.ks, rows: rows)
    }

    /// Where a filter stands among those explained.
    /// - Throws: `ExperimentError` when it is none of them.
    public func index(ofFilter filter: Int) throws -> Int {
        let filters = evaluation.summary.filters
        guard let index = filters.firstIndex(of: filter) else {
            let range = filters.count == (filters.last ?? 0) + 1 ? "0 to \(filters.count - 1)" : filters.map(String.init).joined(separator: ", ")
            throw ExperimentError("--filter \(filter): \(experiment.name) explains the filters \(range)")
        }
        return index
    }

    /// The words, threshold and recall of the filter at `index` by one method.
    public func filterRow(_ index: Int, _ method: ExplanationMethod) -> FilterRow {
        let summary = evaluation.summary, p = summary.imagesPerFilter
        let ranked = explanation(index, method)
        return FilterRow(
            filter: summary.filters[index], threshold: Double(summary.thresholds[index]),
            words: ranked.prefix(20).map { FilterRow.Word(text: words[Int($0.word)], frequency: $0.frequency, similarity: $0.similarity) },
            recall: recall(filter: index, method), pairs: (0..<p).count { !evaluation.groundTruth[index * p + $0].isEmpty })
    }

    /// The words of the filter at `index` by one method, most explaining first.
    func explanation(_ index: Int, _ method: ExplanationMethod) -> [ExplanationWord] {
        evaluation.explanation(
            filter: index, method: method, weighByActivation: experiment.deviations.contains(.weighByActivation))
    }

    /// Mean recall at every k over a filter's images; nil where none has a ground truth.
    private func recall(filter: Int, _ method: ExplanationMethod) -> [Double?] {
        let p = evaluation.summary.imagesPerFilter, count = evaluation.ks.count
        return (0..<count).map { k in
            let values = (0..<p).map { evaluation[method]?.recall[(filter * p + $0) * count + k] ?? .nan }.filter { !$0.isNaN }
            return values.isEmpty ? nil : values.reduce(0) { $0 + Double($1) } / Double(values.count)
        }
    }
}
