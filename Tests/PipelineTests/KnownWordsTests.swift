import Fingerprints
import Foundation
import Pipeline
import Reporting
import Testing

@Suite struct KnownWordsTests {
    private struct Known {
        let method: String, ranking: String, wordsPerImage: Int
        /// P-A@1 and the correlation of the first word, on the images that the words are from.
        let agreement: Double, correlation: Double
        /// Different first words of the 256 filters.
        let distinct: Int
    }

    /// What an independent computation on the sample says (METHOD 10).
    private static let known = [
        Known(
            method: "projection", ranking: "frequency", wordsPerImage: 20, agreement: 0.067, correlation: 0.052,
            distinct: 24),
        Known(
            method: "projection", ranking: "frequency", wordsPerImage: 5, agreement: 0.139, correlation: 0.061,
            distinct: 24),
        Known(
            method: "projection", ranking: "lift", wordsPerImage: 5, agreement: 0.145, correlation: 0.070, distinct: 31),
        Known(
            method: "projection", ranking: "lift", wordsPerImage: 20, agreement: 0.145, correlation: 0.078, distinct: 49
        ),
        Known(
            method: "activation", ranking: "frequency", wordsPerImage: 20, agreement: 0.032, correlation: 0.059,
            distinct: 16),
        Known(
            method: "activation", ranking: "lift", wordsPerImage: 20, agreement: 0.117, correlation: 0.058, distinct: 38
        ),
        Known(
            method: "activation", ranking: "frequency", wordsPerImage: 5, agreement: 0.044, correlation: 0.061,
            distinct: 6),
        Known(
            method: "activation", ranking: "lift", wordsPerImage: 5, agreement: 0.123, correlation: 0.073, distinct: 26),
    ]

    /// The words of the COCO sample: other rankings of what one evaluation says.
    @Test(.enabled(if: Reference.isHere, "needs the reference material at LAVISE_REFERENCE"))
    func wordsOfTheSample() throws {
        try Workspace.with(data: Reference.data, sharesStore: true) { workspace in
            for words in [5, 20] {
                let experiment = try workspace.plan(
                    Self.sample, settings: ["evaluate.wordsPerImage=\(words)", "evaluate.metrics=[]"])
                let jobs = try workspace.run(experiment.plan, until: ["evaluate"])
                if words == 20 {
                    #expect(jobs["evaluate"]?.ran == false, "the words shown are no business of evaluation")
                }
                let rows = try ExperimentState(experiment, Array(jobs.values)).results()[0].rankings(row: nil)
                for known in Self.known where known.wordsPerImage == words {
                    let row = try #require(rows.first { $0.method == known.method && $0.ranking == known.ranking })
                    let agreement = try #require(row.agreement[0]), correlation = try #require(row.correlation)
                    #expect(abs(agreement - known.agreement) < 0.01, "P-A@1 of \(known)")
                    #expect(abs(correlation - known.correlation) < 0.01, "corr of \(known)")
                    #expect(row.distinct == known.distinct && row.wordsPerImage == words, "\(known)")
                }
            }
        }
    }

    /// The filter that a word explains best sees it: a zebra stands in its first picture.
    @Test(.enabled(if: Reference.isHere, "needs the reference material at LAVISE_REFERENCE"))
    func theFirstFilterOfAWordShowsIt() throws {
        try Workspace.with(data: Reference.data, sharesStore: true) { workspace in
            let settings = ["evaluate.methods=[\"projection\"]", "evaluate.metrics=[]"]
            let experiment = try workspace.plan(Self.sample, settings: settings)
            let results = try ExperimentState(
                experiment, Array(workspace.run(experiment.plan, until: ["evaluate"]).values)
            ).results()[0]
            let chance = try #require(results.evaluation.scores?.chanceCorrelation)
            let found = results.filterRows(.projection, most: 20).saying("zebra", among: 10, chance: chance)
            let first = try #require(found.first).row
            #expect(try #require(first.words.first { $0.text == "zebra" }?.correlation) > chance)
            let index = try results.index(ofFilter: first.filter),
                picture = try #require(results.topImages(index, .projection, words: 1).first)
            let labels = try Value(
                json: [UInt8](
                    Data(
                        contentsOf: URL(
                            fileURLWithPath: Reference.data + "/coco-sample/annotations/instances_val2017.json"))))
            let zebra = try #require(labels["categories"]?.arrayValue?.first { $0["name"] == "zebra" }?["id"])
            let shown = labels["annotations"]?.arrayValue?.contains {
                $0["category_id"] == zebra && $0["image_id"]?.intValue.map(String.init) == picture.name
            }
            #expect(shown == true, "filter \(first.filter), \(picture.name)")
        }
    }

    private static let sample = """
        {"name": "x", "dataset": {"kind": "coco", "root": "coco-sample"},
         "embedding": {"kind": "glove", "path": "glove.6B.300d.sample.txt"},
         "backbone": {"architecture": "resnet18", "layer": "layer3", "weights": {"path": "resnet18-imagenet-layer3.pth"}},
         "train": {"epochs": 10, "batchSize": 64, "optimiser": "adam", "dropout": 0, "shuffle": false},
         "evaluate": {"methods": ["activation", "projection"], "images": "validation", "vocabulary": "concepts"}}
        """
}
