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
    /// The share of the filters that a word may lead, of layers with so many filters at least; among few words it is
    /// `evenly` times what each leads of an even share, and never more than `atMost`.
    private static let mostLed = 0.25, fewestLed = 16, evenly = 4.0, atMost = 0.9

    /// What is wrong, the gravest first.
    package func warnings() throws -> [ResultWarning] {
        let misfit = experiment.backbone.preprocessing.misfit(experiment.backbone.network)
        return try belowBaselines() + (misfit.map { [$0] } ?? []) + training() + vocabulary() + filters()
    }

    /// What to try; of settings that are a protocol's what they are.
    /// - Parameters:
    ///   - settings: changes of the experiment that may help; nil where that is what it has already.
    ///   - others: what is no setting, or does not touch the protocol.
    private func advice(_ settings: [String?], _ others: [String] = []) -> String {
        let changes = (experiment.followsProtocol ? [] : settings.compactMap { $0 }) + others
        let list =
            changes.count < 3
            ? changes.joined(separator: ", or ")
            : changes.dropLast().joined(separator: ", ") + ", or " + (changes.last ?? "")
        let known =
            settings.contains { $0 != nil } && experiment.followsProtocol
            ? "the experiment's protocol is a paper's, whose settings stay; leave \"protocol\" out for words of your own pictures"
            : nil
        return [known, list.isEmpty ? nil : "try " + list].compactMap { $0 }.joined(separator: "; ")
    }

    private var stepsTrained: Int { history.epochs.reduce(0) { $0 + $1.stepLosses.count } }
    /// The steps after which Adam's learning rate had fallen to a hundredth; nil where it did not.
    private var stepsLearned: Int? {
        guard experiment.train.optimiser == .adam, let first = history.epochs.first?.learningRate else { return nil }
        let stop = history.epochs.firstIndex { $0.learningRate <= first / 99 }
        return stop.map { history.epochs[..<$0].reduce(0) { $0 + $1.stepLosses.count } }
    }

    private var moreSteps: String { "train.steps=\(max(Experiment.Training.ownSteps, 2 * stepsTrained))" }
    private var usesWholeEmbedding: Bool {
        experiment.deviations.changing(EvaluationRules(), by: \.evaluation).usesWholeEmbedding
    }
    private var ownConcepts: String? { usesWholeEmbedding ? "evaluate.vocabulary=concepts" : nil }

    private func number(_ value: Double) -> String { String(format: "%.3f", value) }

    /// The headline method says less than words that know nothing of the filter.
    private func belowBaselines() throws -> [ResultWarning] {
        let lines = try recallLines(.all)
        func recall(_ method: String, _ k: Int) -> Double? {
            lines.first { $0.method == method && $0.k == k }?.estimate.recall
        }
        return [RecallLine.random, RecallLine.mostFrequent].compactMap { baseline in
            let below = evaluation.ks.compactMap { k -> String? in
                guard let own = recall(headlineMethod.name, k), let other = recall(baseline, k), own < other else {
                    return nil
                }
                return "recall@\(k) \(number(own)), \(baseline) \(number(other))"
            }
            guard !below.isEmpty else { return nil }
            return ResultWarning(
                finding:
                    "\(headlineMethod.name) finds less than the words of \(baseline), which know no filter (\(below.joined(separator: "; ")))",
                advice: advice([ownConcepts, moreSteps], ["more annotated images", "another layer"]))
        }
    }

    private func training() -> [ResultWarning] {
        var warnings: [ResultWarning] = []
        let losses = history.epochs.map(\.validLoss)
        let steps = stepsTrained
        if steps < Self.fewSteps {
            warnings.append(
                ResultWarning(
                    finding:
                        "the explainer trained for \(steps) steps (\(samplesTrained) samples, \(losses.count) epochs, batches of "
                        + "\(experiment.train.batchSize))",
                    advice: advice([moreSteps])))
        }
        if let stop = stepsLearned, stop < Self.fewSteps, stop < steps {
            warnings.append(
                ResultWarning(
                    finding:
                        "after \(stop) of \(steps) steps the explainer's learning rate was a hundredth of what it began with: "
                        + "no epoch had a better validation loss",
                    advice: advice([moreSteps + " in place of train.epochs"])))
        }
        if let last = losses.last, let before = losses.dropLast().min(), last < before * Self.stillLearning {
            warnings.append(
                ResultWarning(
                    finding:
                        "the explainer was still learning in its last epoch (validation loss \(number(before)) → \(number(last)))",
                    advice: advice([moreSteps])))
        }
        return warnings
    }

    private func vocabulary() -> [ResultWarning] {
        guard usesWholeEmbedding, experiment.evaluate.entities == nil,
            words.count >= Self.wideVocabulary * dataset.concepts.count
        else { return [] }
        return [
            ResultWarning(
                finding:
                    "explanations choose among \(words.count) words, \(words.count / dataset.concepts.count) for each of the "
                    + "\(dataset.concepts.count) concepts that training knows",
                advice: advice([ownConcepts, "a list of words (evaluate.entities)"]))
        ]
    }

    private func filters() -> [ResultWarning] {
        let summary = evaluation.summary, filters = summary.filters.count
        let silent = summary.filters.indices.count { index in
            summary.topImages[index * summary.imagesPerFilter..<(index + 1) * summary.imagesPerFilter].allSatisfy {
                $0 < 0
            }
        }
        var warnings: [ResultWarning] = []
        if silent > 0 {
            warnings.append(
                ResultWarning(
                    finding:
                        "\(silent) of \(filters) filters are active in none of the \(images.evaluatedRows(all: evaluatesAll).count) images, and have no word",
                    advice: "try more images, or check that the weights and the preprocessing are the model's"))
        }
        return warnings + leadingWord()
    }

    /// A word that leads everywhere says nothing of any filter.
    private func leadingWord() -> [ResultWarning] {
        let shown = experiment.evaluate, filters = evaluation.summary.filters.count
        var led: [Int32: Int] = [:]
        for index in evaluation.summary.filters.indices {
            guard let word = layerWords[headlineMethod]?.words(ofFilter: index, by: shown.ranking).first else {
                continue
            }
            led[word.word, default: 0] += 1
        }
        // Of a list of one's own only what is said is known here.
        let choices =
            shown.entities != nil
            ? Set(evaluation[headlineMethod]?.words ?? []).count
            : usesWholeEmbedding ? words.count : dataset.concepts.count
        let share = min(Self.atMost, max(Self.mostLed, Self.evenly / Double(max(1, choices))))
        guard let most = led.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }), filters >= Self.fewestLed,
            Double(most.value) > share * Double(filters)
        else { return [] }
        let own = [
            shown.ranking == .lift ? nil : "evaluate.ranking=lift",
            shown.wordsPerImage <= 5 ? nil : "evaluate.wordsPerImage=5",
        ]
        return [
            ResultWarning(
                finding: "\"\(words[Int(most.key)])\" is the first word of \(most.value) of \(filters) filters",
                // How words are ordered is no part of a protocol.
                advice: advice([moreSteps], own.compactMap { $0 } + ["more concepts", "another layer"]))
        ]
    }

    private var evaluatesAll: Bool {
        experiment.target != nil || experiment.deviations.changing(EvaluationRules(), by: \.evaluation).evaluatesAll
    }
}
