import Engine
import Fingerprints
import Foundation
import HDF5
import LaViSE
import Tensors

/// Scores explanations by how well they fit the units, on other images than they were chosen on (METHOD 11) →
/// `evidence.h5`.
struct EvidenceStage: Stage {
    let name = "evidence"
    let revision = 2
    let outputs = [EvidenceFile.name]
    let parameters: Parameters
    /// Explains the units of each half as those of all images.
    let evaluate: EvaluateStage

    struct Parameters: Encodable, Sendable {
        let evaluate: EvaluateStage.Parameters
        let metrics: [EvidenceMetric]
        /// Names of the tools whose labels are the inputs `explanations`.
        let explanations: [String]
        let sharedImages: Bool
        let weighByActivation: Bool
        let layer: String
        let seed: UInt64
        let wordsPerImage: Int
        let ranking: WordRanking
    }

    init(
        _ evaluating: Experiment.Evaluating, evaluate: EvaluateStage, seed: UInt64, layer: String,
        weighByActivation: Bool
    ) {
        self.evaluate = evaluate
        parameters = Parameters(
            evaluate: evaluate.parameters, metrics: evaluating.metrics,
            explanations: evaluating.explanations.map(\.name), sharedImages: evaluating.sharedImages,
            weighByActivation: weighByActivation, layer: layer, seed: seed, wordsPerImage: evaluating.wordsPerImage,
            ranking: evaluating.ranking)
    }

    func numericsKey() throws -> Digest? { try evaluate.numericsKey() }

    func run(_ context: StageContext) throws {
        let dataset = try DatasetFile(context.path(.dataset)),
            maps = try MapFile(context.path(.maps), units: evaluate.directions(context))
        let rows = dataset.evaluatedRows(all: evaluate.rules.evaluatesAll)
        let cut = ImageHalves(images: rows.count, seed: parameters.seed)
        let parts = parameters.sharedImages ? [Array(rows.indices)] : [cut.first, cut.second]
        guard parts.allSatisfy({ !$0.isEmpty }) else {
            context.note(
                "\(rows.count) images are too few to choose words on some and score them on others: no table of evidence"
            )
            return try EvidenceFile(
                units: [], halves: [], images: [], metrics: [], rows: [], dissection: [], sanity: [], tools: []
            )
            .write(to: context.output + "/" + EvidenceFile.name)
        }
        let tools = try parameters.explanations.enumerated().map { index, name in
            (
                name,
                try LabelFile(
                    context.path(.explanations(index)), layer: parameters.layer, channels: maps.shape.channels)
            )
        }
        let conceptRows = try EmbeddingFile(context.path(.embedding), concepts: dataset.concepts).rows(
            of: dataset.concepts)
        context.worked(
            work(
                images: rows.count, mapSize: maps.shape.count, channels: maps.shape.channels, dataset.concepts.count,
                side: dataset.side))
        let halves = try parts.enumerated().map { number, part in
            try half(number, part.map { rows[$0] }, dataset, maps, conceptRows, tools.map { ($0.0, $0.1) }, context)
        }
        let units = halves[0].units, scored = halves.map(\.half)
        let directions =
            scored.count > 1
            ? [(scored[0], scored[1]), (scored[1], scored[0])]
            : [
                (
                    Faithfulness.Half(
                        sums: try trainingSums(dataset, maps, context) ?? scored[0].sums,
                        explanations: scored[0].explanations), scored[0]
                )
            ]
        let table = try Faithfulness(
            directions, metrics: parameters.metrics, frequent: dataset.conceptsByTrainingSamples.first,
            seed: parameters.seed, threads: context.threads)
        let ofRecall = halves[0].sanity.indices.map { test in
            halves.dropFirst().reduce(halves[0].sanity[test]) { $0 + $1.sanity[test] }
        }
        let sanity = try sanityTests(rows, dataset, maps, context) + ofRecall
        try EvidenceFile(
            units: units, halves: parts.map { $0.map { rows[$0] } }, images: directions.map { $0.1.sums.imageCount },
            metrics: parameters.metrics, rows: table.rows,
            dissection: table.dissection, sanity: sanity,
            tools: tools.map { $0.1.explanations(named: $0.0, units: units, concepts: dataset.concepts).1 }
        ).write(to: context.output + "/" + EvidenceFile.name)
    }

    /// Where methods and scores share their images, the peers still choose on the training images, as the explainer
    /// learned there.
    /// - Returns: nil where there are none.
    private func trainingSums(_ dataset: DatasetFile, _ maps: MapFile, _ context: StageContext) throws -> EvidenceSums?
    {
        let rows = (0..<dataset.imageCount).filter { dataset.views[$0] == 0 && dataset.splits[$0] == .train }
        guard !rows.isEmpty else { return nil }
        let data = LabelledMaps(dataset: dataset, maps: maps, rows: rows)
        return try sums(data, "training images", context).1
    }

    private func sums(
        _ data: LabelledMaps, _ what: String, _ context: StageContext
    ) throws -> (MapSummary, EvidenceSums) {
        let progress: ProgressHandler = { progress in
            context.progress(progress.done, of: progress.total, what)
            try context.checkCancelled()
        }
        let summary = try MapSummary(of: data, options: evaluate.options(threads: context.threads), progress: progress)
        return try (
            summary,
            EvidenceSums(
                of: data, units: summary.filters, thresholds: summary.thresholds, concepts: data.dataset.concepts.count,
                threads: context.threads, progress: progress)
        )
    }

    /// On the images of both halves, for which no words are chosen: a metric is not to fail for want of labels.
    private func sanityTests(
        _ rows: [Int], _ dataset: DatasetFile, _ maps: MapFile, _ context: StageContext
    ) throws -> [SanityTest] {
        let looked = SanityTest.spread(rows.count, most: SanityTest.mostImages).map { rows[$0] }
        let data = LabelledMaps(dataset: dataset, maps: maps, rows: looked)
        let (summary, sums) = try sums(data, "images of the sanity tests", context)
        return try SanityTest.all(
            data, sums: sums, units: summary.filters, thresholds: summary.thresholds, metrics: parameters.metrics,
            seed: parameters.seed, threads: context.threads)
    }

    private struct ExplainedHalf {
        let units: [Int]
        let half: Faithfulness.Half
        /// Of recall@k.
        let sanity: [SanityTest]
    }

    private func half(
        _ number: Int, _ rows: [Int], _ dataset: DatasetFile, _ maps: MapFile, _ conceptRows: [Int32],
        _ tools: [(String, LabelFile)],
        _ context: StageContext
    ) throws -> ExplainedHalf {
        let progress: ProgressHandler = { progress in
            context.progress(progress.done, of: progress.total, "\(progress.phase.rawValue) of half \(number + 1)")
            try context.checkCancelled()
        }
        let evaluation = try explained(number, rows, context, progress)
        let units = evaluation.summary.filters, data = LabelledMaps(dataset: dataset, maps: maps, rows: rows)
        let sums = try EvidenceSums(
            of: data, units: units, thresholds: evaluation.summary.thresholds, concepts: dataset.concepts.count,
            threads: context.threads,
            progress: progress)
        let concepts = Dictionary(conceptRows.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let said = evaluation.methods.map { method in
            let layer = LayerWords(
                evaluation, method: method.method, wordsPerImage: parameters.wordsPerImage,
                weighByActivation: parameters.weighByActivation)
            return WordExplanations(
                name: method.method.name,
                words: units.indices.map { unit in
                    layer.words(ofFilter: unit, by: parameters.ranking).prefix(5)
                        .map { .init(concept: concepts[$0.word], weight: Double($0.frequency)) }
                })
        }
        let sanity =
            evaluation.methods.last.map { said in
                parameters.evaluate.ks.compactMap {
                    SanityTest.recall(
                        evaluation, method: said.method, k: $0, vocabulary: conceptRows, seed: parameters.seed)
                }
            } ?? []
        let explanations =
            said + tools.map { $0.1.explanations(named: $0.0, units: units, concepts: dataset.concepts).0 }
        return ExplainedHalf(units: units, half: .init(sums: sums, explanations: explanations), sanity: sanity)
    }

    /// The evaluation of a half, kept in the scratch.
    private func explained(
        _ number: Int, _ rows: [Int], _ context: StageContext, _ progress: @escaping ProgressHandler
    ) throws -> Evaluation {
        let path = context.scratch + "/half-\(number).h5"
        if !FileManager.default.fileExists(atPath: path) {
            let opened = try evaluate.opened(context, rows: rows)
            var evaluation = try LaViSE.evaluate(
                opened.data, vocabulary: opened.vocabulary, options: opened.options,
                progress: progress, threads: { context.threads })
            evaluation.summary = evaluation.summary.numbered(from: opened.firstUnit)
            try context.keep(path, faultPoint: "evidence.half") {
                try EvaluationFile.write(evaluation, imageRows: opened.rows, unmatched: opened.unmatched, to: $0)
            }
        }
        return try EvaluationFile.read(path, methods: parameters.evaluate.methods)
    }
}

extension DatasetFile {
    /// The concepts by their number of training samples, the most frequent first; ties: the lower.
    var conceptsByTrainingSamples: [Int] {
        var counts = [Int](repeating: 0, count: concepts.count)
        for sample in 0..<sampleCount where sampleSplits[sample] == .train {
            for concept in concepts(ofSample: sample) { counts[Int(concept)] += 1 }
        }
        return counts.indices.sorted { (-counts[$0], $0) < (-counts[$1], $1) }
    }
}
