import Datasets
import Foundation
import HDF5
import LaViSE
import Networks
import Reporting

/// What one variant of an experiment came to, as the tables need it.
public struct VariantResults: Sendable {
    /// The experiment of this row.
    public let experiment: Experiment
    /// The explanations of its filters and their recall.
    public let evaluation: Evaluation
    package let dataset: DatasetFile
    /// The images that filters are explained on: the target's, or the dataset's.
    package let images: DatasetFile
    let history: TrainingHistory
    var bootstrap: Bootstrap
    /// The embedding's words, by word id.
    let words: [String]
    /// Word ids of the dataset's concepts.
    private let concepts: [Int32]
    private let seen: [Bool]
    /// Of every method evaluated.
    let layerWords: [ExplanationMethod: LayerWords]
    private let samplesLeft: Int
    /// Lines of the entity list that name no word.
    private let unmatchedEntities: UnmatchedEntities
    /// Samples that trained.
    let samplesTrained: Int
    /// nil where no metric was asked for.
    let evidence: EvidenceFile?
    /// nil where filters are channels.
    let units: UnitsFile?

    /// Reads the artifacts of a variant by their paths.
    package init(
        _ experiment: Experiment, dataset: String, words: String, target: String? = nil, explainer: String,
        evaluation: String,
        evidence: String? = nil, units: String? = nil
    ) throws {
        self.experiment = experiment
        let evaluated = try EvaluationFile.read(evaluation, methods: experiment.evaluate.methods)
        self.evaluation = evaluated
        layerWords = Dictionary(
            uniqueKeysWithValues: evaluated.methods.map { said in
                (
                    said.method,
                    LayerWords(
                        evaluated, method: said.method, wordsPerImage: experiment.evaluate.wordsPerImage,
                        weighByActivation: experiment.deviations.contains(.weighByActivation))
                )
            })
        unmatchedEntities = try UnmatchedEntities(from: HDF5File.open(evaluation))
        self.dataset = try DatasetFile(dataset)
        images = try target.map { try DatasetFile($0) } ?? self.dataset
        let list = try WordList(contentsOf: words, concepts: self.dataset.concepts)
        self.words = list.words
        concepts = try self.dataset.concepts.map { token in
            guard let id = list.row(of: token) else {
                throw ExperimentError("the concept \"\(token)\" is not in \(words)")
            }
            return id
        }
        let trained = try ExplainerFile(explainer)
        history = trained.history
        seen = trained.seen
        samplesTrained = trained.samples.trained
        samplesLeft = trained.samples.left
        self.evidence = try evidence.map(EvidenceFile.read)
        self.units = try units.map { try UnitsFile($0) }
        bootstrap = Bootstrap(
            filters: self.evaluation.summary.filters.count, seed: experiment.seed,
            resamples: experiment.evaluate.bootstrap)
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
        guard let said = evaluation[method] else {
            throw ExperimentError("the evaluation has no method \(method.name)")
        }
        return evaluation.recallSums(of: said, k: k)
    }

    func recallLines(_ share: ConceptShare) throws -> [RecallLine] {
        try evaluation.recallLines(
            frequent: frequentConcepts, pool: Set(concepts), among: words(of: share), bootstrap: bootstrap)
    }

    /// Word ids of the concepts by their number of training samples, then by concept.
    private var frequentConcepts: [Int32] { dataset.conceptsByTrainingSamples.map { concepts[$0] } }

    var footnotes: [String] {
        var notes = ["\(dataset.imageCount) images, \(dataset.sampleCount) samples, \(dataset.concepts.count) concepts"]
        let epochs = history.epochs.count
        if epochs > experiment.train.epochs, let steps = experiment.train.steps {
            notes.append(
                "trained for \(epochs) epochs, so that \(samplesTrained) samples give at least \(steps) steps (train.steps)"
            )
        }
        if samplesLeft > 0 {
            notes.append(
                "\(samplesLeft) samples took no part in training: their mask is empty on the grid, or they have no seen concept"
            )
        }
        notes += targetNotes
        if !dataset.skipped.isEmpty {
            notes.append(
                "\(dataset.skipped.count) images could not be read and were skipped: \(named(dataset.skipped, most: 10))"
            )
        }
        if let note = UnmatchedNames.note(dataset.unmatched, most: 20) { notes.append(note) }
        if let note = UnmatchedNames.partNote(dataset.partlyMatched, most: 20) { notes.append(note) }
        if let note = unmatchedEntities.note { notes.append(note) }
        for claim in experiment.claims {
            if let differs = claim.differs { notes.append("not the settings of \(claim.source): \(differs)") }
        }
        return notes + dataset.notes.footnotes
    }

    /// What is to be said of pictures that nobody annotated.
    var targetNotes: [String] {
        guard experiment.target != nil else { return [] }
        let note =
            "filters are explained on \(images.imageCount) pictures of the target, which nobody annotated: there is no recall"
        guard !images.skipped.isEmpty else { return [note] }
        return [
            note,
            "\(images.skipped.count) pictures of the target could not be read: \(named(images.skipped, most: 10))",
        ]
    }

    /// The first of a list, and how many more there are.
    private func named(_ names: [String], most: Int) -> String {
        let first = names.prefix(most).joined(separator: ", ")
        return names.count > most ? "\(first) and \(names.count - most) more" : first
    }

    var trainingTable: TrainingTable {
        TrainingTable(
            ks: history.hitKs,
            rows: history.epochs.enumerated().map { index, epoch in
                TrainingRow(
                    epoch: index + 1, trainLoss: epoch.trainLoss, validLoss: epoch.validLoss,
                    trainHits: epoch.trainHits, validHits: epoch.validHits)
            })
    }

    /// Where a filter stands among those explained.
    /// - Throws: `ExperimentError` when it is none of them.
    public func index(ofFilter filter: Int) throws -> Int {
        let filters = evaluation.summary.filters
        guard let index = filters.firstIndex(of: filter) else {
            let range =
                filters.count == (filters.last ?? 0) + 1
                ? "0 to \(filters.count - 1)" : filters.map(String.init).joined(separator: ", ")
            throw ExperimentError("--filter \(filter): \(experiment.name) explains the filters \(range)")
        }
        return index
    }

    /// The top images of the filter at `index` by name, best first, each with its `count` nearest words.
    package func topImages(_ index: Int, _ method: ExplanationMethod, words count: Int) -> [(
        name: String, maximum: Float, words: [String]
    )] {
        let summary = evaluation.summary, p = summary.imagesPerFilter, s = evaluation.wordsPerImage
        return (index * p..<(index + 1) * p).filter { summary.topImages[$0] >= 0 }.map { place in
            let nearest = evaluation[method]?.words[place * s..<place * s + min(count, s)] ?? []
            return (images.name(Int(summary.topImages[place])), summary.maxima[place], nearest.map { words[Int($0)] })
        }
    }
}
