import Foundation
import LaViSE

/// Something that is wrong with results where it can be known, and what to try.
package struct ResultWarning: Sendable, Equatable {
    package let finding: String
    package let advice: String

    package var text: String { "\(finding): \(advice)" }
}

extension VariantResults {
    /// The loss of the last epoch, as a share of the best one before it, below which training was still learning.
    private static let stillLearning = 0.995
    private static let fewSteps = 100
    /// Words to choose from for every concept.
    private static let wideVocabulary = 1000
    /// The share of the filters that a word may lead, of layers with so many filters at least.
    private static let mostLed = 0.25, fewestLed = 16

    /// What is wrong, the gravest first.
    package func warnings() throws -> [ResultWarning] {
        try belowBaselines() + training() + vocabulary() + filters()
    }

    private func number(_ value: Double) -> String { String(format: "%.3f", value) }

    /// The headline method says less than words that know nothing of the filter.
    private func belowBaselines() throws -> [ResultWarning] {
        let lines = try recallLines(.all)
        func recall(_ method: String, _ k: Int) -> Double? {
            lines.first { $0.method == method && $0.k == k }?.estimate.recall
        }
        return [RecallLine.random, RecallLine.mostFrequent].compactMap { baseline in
            let below = evaluation.ks.compactMap { k -> String? in
                guard let own = recall(headlineMethod.name, k), let other = recall(baseline, k), own < other else { return nil }
                return "recall@\(k) \(number(own)), \(baseline) \(number(other))"
            }
            guard !below.isEmpty else { return nil }
            return ResultWarning(
                finding: "\(headlineMethod.name) finds less than the words of \(baseline), which know no filter (\(below.joined(separator: "; ")))",
                advice: "try evaluate.vocabulary=concepts, more steps of training (train.steps), more annotated images, or another layer")
        }
    }

    private func training() -> [ResultWarning] {
        var warnings: [ResultWarning] = []
        let losses = history.epochs.map(\.validLoss)
        let steps = losses.count * ((samplesTrained + experiment.train.batchSize - 1) / experiment.train.batchSize)
        if steps < Self.fewSteps {
            warnings.append(ResultWarning(
                finding: "the explainer trained for \(steps) steps (\(samplesTrained) samples, \(losses.count) epochs, batches of "
                    + "\(experiment.train.batchSize))",
                advice: "try train.steps=500, or a smaller train.batchSize"))
        }
        if let last = losses.last, let before = losses.dropLast().min(), last < before * Self.stillLearning {
            warnings.append(ResultWarning(
                finding: "the explainer was still learning in its last epoch (validation loss \(number(before)) → \(number(last)))",
                advice: "try train.epochs=\(2 * losses.count)"))
        }
        return warnings
    }

    private func vocabulary() -> [ResultWarning] {
        let rules = experiment.deviations.changing(EvaluationRules(), by: \.evaluation)
        guard rules.usesWholeEmbedding, experiment.evaluate.entities == nil,
            words.count >= Self.wideVocabulary * dataset.concepts.count
        else { return [] }
        return [ResultWarning(
            finding: "explanations choose among \(words.count) words, \(words.count / dataset.concepts.count) for each of the "
                + "\(dataset.concepts.count) concepts that training knows",
            advice: "try evaluate.vocabulary=concepts, or a list of words (evaluate.entities)")]
    }

    private func filters() -> [ResultWarning] {
        let summary = evaluation.summary, filters = summary.filters.count
        let silent = summary.filters.indices.count { index in
            summary.topImages[index * summary.imagesPerFilter..<(index + 1) * summary.imagesPerFilter].allSatisfy { $0 < 0 }
        }
        var warnings: [ResultWarning] = []
        if silent > 0 {
            warnings.append(ResultWarning(
                finding: "\(silent) of \(filters) filters are active in none of the \(images.evaluatedRows(all: evaluatesAll).count) images, and have no word",
                advice: "try more images, or check that the weights and the preprocessing are the model's"))
        }
        var led: [Int32: Int] = [:]
        for index in summary.filters.indices {
            guard let word = layerWords[headlineMethod]?.words(ofFilter: index, by: experiment.evaluate.ranking).first else { continue }
            led[word.word, default: 0] += 1
        }
        let most = led.max { ($0.value, $1.key) < ($1.value, $0.key) }
        if let most, filters >= Self.fewestLed, Double(most.value) > Self.mostLed * Double(filters) {
            warnings.append(ResultWarning(
                finding: "\"\(words[Int(most.key)])\" is the first word of \(most.value) of \(filters) filters",
                advice: "try evaluate.ranking=lift, evaluate.wordsPerImage=5, more steps of training, or more concepts"))
        }
        return warnings
    }

    private var evaluatesAll: Bool {
        experiment.target != nil || experiment.deviations.changing(EvaluationRules(), by: \.evaluation).evaluatesAll
    }
}
