import Engine
import Fingerprints
import Foundation
import HDF5
import LaViSE
import Pipeline
import Reporting
import Testing

/// Results worked out by hand from artifacts made by hand.
@Suite struct HandMadeResultsTests {
    /// What the artifacts of one variant say.
    struct Artifacts {
        /// Of the concepts a, b, c, d.
        var seen: [UInt8] = [1, 1, 1, 1]
        var ks: [Int32] = [1, 2]
        /// Image and concept of every sample; image 0 trains, image 1 validates.
        var samples: [(image: Int32, concept: Int32)] = [(0, 3), (0, 3), (1, 0)]
        /// The ground truth of every filter's two images, as indices of concepts.
        var truth: [[Int32]]
        /// The two nearest words of each image by method.
        var words: [String: [Int32]]
        /// Filters that no image activates.
        var silent: Set<Int> = []
        /// The loss of every epoch's validation, and the steps of an epoch.
        var losses: [Double] = [1]
        var steps = 1
        /// Words of the embedding behind the concepts.
        var otherWords = 0
        /// recall@k of every filter's two images at every k, and every filter's correlation with the four concepts
        /// over 30 images; nil: none.
        var recalls: [Float]?, correlations: [Float]?

        /// Writes them in the documented formats.
        func results(in folder: String, _ experiment: Experiment) throws -> VariantResults {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(("a\nb\nc\nd\n" + (0..<otherWords).map { "w\($0)\n" }.joined()).utf8).write(
                to: URL(fileURLWithPath: folder + "/words.txt"))
            let dataset = try HDF5File.create(folder + "/dataset.h5")
            try dataset.write("concepts/token", strings: ["a", "b", "c", "d"])
            try dataset.write("images/id", [1, 2] as [Int64])
            try dataset.write("images/split", [0, 1] as [UInt8])
            try dataset.write("images/view", [0, 0] as [UInt8])
            try dataset.write(
                "images/pixels", [UInt8](repeating: 0, count: 2 * 224 * 224 * 3), shape: [2, 224, 224, 3])
            try dataset.write("skipped/file", strings: [])
            try dataset.write("concepts/draw", [0, 1, 2, 3] as [Int32])
            try dataset.write("annotations/notes", [0, 0, 0, 0] as [Int64])
            try dataset.write("annotations/first", strings: [])
            try dataset.write("instances/image", samples.map(\.image))
            try dataset.write("instances/split", samples.map { UInt8($0.image == 0 ? 0 : 1) })
            try dataset.write("instances/offset", (0...samples.count).map { Int32($0) })
            try dataset.write("instances/concepts", samples.map(\.concept))
            let masks = [UInt8](repeating: 0, count: samples.count * 6272)
            try dataset.write("instances/mask224", masks, shape: [samples.count, 6272])
            try dataset.close()
            let explainer = try HDF5File.create(folder + "/explainer.h5")
            try explainer.write("history", losses.flatMap { [1, $0, 0, 0, 1e-4] }, shape: [losses.count, 5])
            try explainer.setAttribute(
                "columns", on: "history", "train_loss,valid_loss,train_hit@1,valid_hit@1,learning_rate")
            let stepLosses = [Double](repeating: 1, count: losses.count * steps)
            try explainer.write("step_loss", stepLosses, shape: [losses.count, steps])
            try explainer.write("concepts/seen", seen)
            try explainer.write("samples", [2, 1, 0] as [Int64])
            try explainer.close()
            try writeEvaluation(to: folder + "/evaluation.h5")
            return try VariantResults(
                experiment, dataset: folder + "/dataset.h5", words: folder + "/words.txt",
                explainer: folder + "/explainer.h5",
                evaluation: folder + "/evaluation.h5")
        }

        private func writeEvaluation(to path: String) throws {
            let file = try HDF5File.create(path)
            try file.write("ks", ks)
            let filters = truth.count / 2
            func each<T>(_ values: [T]) -> [T] { (0..<filters).flatMap { _ in values } }
            try file.write("filters/index", (0..<filters).map { Int32($0) })
            let images: [[Int32]] = (0..<filters).map { silent.contains($0) ? [-1, -1] : [1, 0] }
            try file.write("filters/top_images", images.flatMap { $0 }, shape: [filters, 2])
            try file.write("filters/maxima", each([2, 1] as [Float]), shape: [filters, 2])
            try file.write("filters/threshold", each([0.5] as [Float]))
            for (method, nearest) in words.sorted(by: { $0.key < $1.key }) {
                let similarities = each([0.9, 0.8, 0.7, 0.6] as [Float])
                let recalls = recalls ?? [Float](repeating: 0, count: truth.count * ks.count)
                try file.write("filters/words/\(method)", nearest, shape: [filters, 2, 2])
                try file.write("filters/similarity/\(method)", similarities, shape: [filters, 2, 2])
                try file.write("recall/\(method)", recalls, shape: [filters, 2, ks.count])
            }
            var offsets: [Int32] = [0]
            for words in truth { offsets.append(offsets[offsets.count - 1] + Int32(words.count)) }
            try file.write("truth/offset", offsets)
            try file.write("truth/words", truth.flatMap { $0 })
            if let correlations {
                try file.write("scores/concepts", [0, 1, 2, 3] as [Int32])
                try file.write("scores/images", [30] as [Int64])
                try file.write("scores/correlation", correlations, shape: [filters, 4])
                try file.write("scores/iou", correlations.map { $0 / 10 }, shape: [filters, 4])
            }
            try file.close()
        }
    }

    static func json(_ more: String = "") -> String {
        """
        {"name": "x", "dataset": {"kind": "demo-scenes"}, "embedding": {"kind": "demo-scenes"},
         "backbone": {"architecture": "resnet18", "layer": "layer1", "random": true},
         "evaluate": {"ks": [1, 2], "bootstrap": 100}\(more)}
        """
    }

    /// A seed that says nothing of a difference is not left out: that would choose among the seeds.
    @Test(arguments: [true, false]) func anOrderNeedsTheDifferenceOfEverySeed(all: Bool) throws {
        try Workspace.with { workspace in
            let plan = try workspace.plan(
                Self.json(
                    #", "claims": [{"source": "A", "order": ["original", "projection"]}], "matrix": {"seed": [0, 1]}"#))
            let results = try plan.file.variants.enumerated().map { index, variant in
                let artifacts = Artifacts(
                    truth: (0..<12).map { all || index == 0 ? [Int32($0 % 4)] : [] },
                    words: ["original": (0..<24).map { Int32($0 % 4) }, "projection": (0..<24).map { Int32($0 % 3) }])
                return try artifacts.results(in: "\(workspace.root)/\(index)", variant.experiment)
            }
            let claim = try plan.checkClaims(results).claims[0]
            #expect((claim.ours != nil) == all, "\(claim)")
            if !all {
                #expect(claim.verdict == .inconclusive && claim.note == "no interval of original − projection at 1")
            }
        }
    }

    /// Truth {a, c} and {b, c, d}; nearest a, c and d, a. Of the seen a, b: {a} and {b}; of the unseen: {c} and {c, d}.
    @Test func recallOfTheSeenAndOfTheUnseen() throws {
        try Workspace.with { workspace in
            let plan = try workspace.plan(Self.json())
            let artifacts = Artifacts(
                seen: [1, 1, 0, 0], truth: [[0, 2], [1, 2, 3]], words: ["original": [0, 2, 3, 0]])
            let results = try artifacts.results(in: workspace.root + "/a", plan.file.variants[0].experiment)
            let tables = try ResultTables(plan.file, [results]).recalls()
            func recalls(_ name: String) throws -> [Double?] {
                let table = try #require(tables.first { $0.fileName == name })
                return [1, 2].map { table.row(method: "original", k: $0)?.recall }
            }
            #expect(tables.map(\.fileName) == ["recall", "recall-seen", "recall-unseen"])
            // (1/2 + 1/3) / 2 and (1 + 1/3) / 2; (1 + 0) / 2 twice; (0 + 1/2) / 2 and (1 + 1/2) / 2.
            for (name, expected) in [
                ("recall", [5.0 / 12, 2.0 / 3]), ("recall-seen", [0.5, 0.5]), ("recall-unseen", [0.25, 0.75]),
            ] {
                for (found, wanted) in zip(try recalls(name), expected) {
                    #expect(abs((found ?? -1) - wanted) < 1e-12, "\(name): \(String(describing: found))")
                }
            }
            // The one training image has d twice: most frequent is d, then by concept a.
            let frequent = try #require(tables[0].row(method: "most-frequent", k: 2)?.recall)
            #expect(abs(frequent - (0.5 + 1.0 / 3) / 2) < 1e-12)
        }
    }

    /// b and c have one training sample each and d three that validate: most frequent is b, then c.
    @Test func mostFrequentAreTheTrainingSamples() throws {
        try Workspace.with { workspace in
            let plan = try workspace.plan(Self.json())
            let samples: [(image: Int32, concept: Int32)] = [(0, 2), (0, 1), (1, 3), (1, 3), (1, 3)]
            for (truth, expected) in [([1], [1, 1]), ([2], [0, 1]), ([3], [0, 0])] as [([Int32], [Double])] {
                let artifacts = Artifacts(samples: samples, truth: [truth, truth], words: ["original": [0, 2, 3, 0]])
                let folder = "\(workspace.root)/\(truth[0])"
                let results = try artifacts.results(in: folder, plan.file.variants[0].experiment)
                let table = try ResultTables(plan.file, [results]).recalls()[0]
                #expect([1, 2].map { table.row(method: "most-frequent", k: $0)?.recall } == expected)
            }
        }
    }

    /// Intervals come of as many draws as the experiment asks for, from its seed.
    @Test func intervalsTakeTheExperimentsDraws() throws {
        try Workspace.with { workspace in
            let plan = try workspace.plan(Self.json(#", "seed": 7"#))
            let words: [Int32] = (0..<9).flatMap { filter in [0, 1, Int32(filter % 4), 2] as [Int32] }
            let artifacts = Artifacts(truth: (0..<18).map { [Int32($0 % 4)] }, words: ["original": words])
            let results = try artifacts.results(in: workspace.root + "/a", plan.file.variants[0].experiment)
            let row = try #require(try ResultTables(plan.file, [results]).recalls()[0].row(method: "original", k: 1))
            let sums = results.evaluation.recallSums(of: results.evaluation.methods[0], k: 1)
            func interval(_ seed: UInt64, _ resamples: Int) throws -> [Double?] {
                let estimate = try Bootstrap(filters: 9, seed: seed, resamples: resamples).estimate(sums)
                return [estimate.low, estimate.high]
            }
            #expect(try [row.low, row.high] == interval(7, 100))
            #expect(try interval(7, 100) != interval(7, 2000), "the case does not show anything")
            #expect(try interval(7, 100) != interval(0, 100), "the case does not show anything")
        }
    }

    /// The first image's maximum is 2, the second's 1: its words count twice.
    @Test func wordsAreWeighedWhereTheExperimentSaysSo() throws {
        try Workspace.with { workspace in
            let plan = try workspace.plan(
                Self.json(#", "matrix": {"protocol.deviations": [[], ["weighByActivation"]]}"#))
            let frequencies = try (0..<2).map { variant in
                try Artifacts(truth: [[0], [1]], words: ["projection": [0, 1, 2, 3]]).results(
                    in: "\(workspace.root)/\(variant)", plan.file.variants[variant].experiment
                ).filterRows(.projection)[0].words.map { [$0.text: $0.frequency] }.reduce(into: [:]) {
                    $0.merge($1) { first, _ in first }
                }
            }
            #expect(frequencies[0] == ["a": 1, "b": 1, "c": 1, "d": 1])
            #expect(frequencies[1] == ["a": 2, "b": 2, "c": 1, "d": 1])
        }
    }

    /// Those above chance first, then by lift, rank and filter.
    @Test func filtersThatSayAWordAreInOrder() {
        func row(_ filter: Int, _ rank: Int, lift: Double, _ correlation: Double?) -> FilterRow {
            var words = (0..<4).map { FilterRow.Word(text: "other \($0)", frequency: 9, similarity: 0.9, lift: 9) }
            words[rank - 1] = FilterRow.Word(
                text: "dog", frequency: 3, similarity: 0.5, lift: lift, correlation: correlation)
            return FilterRow(filter: filter, threshold: 0, words: words, recall: [], pairs: 0)
        }
        let rows = [
            row(9, 1, lift: 5, 0.1), row(8, 2, lift: 4, 0.3), row(7, 1, lift: 3, 0.3), row(6, 1, lift: 4, 0.3),
            row(3, 1, lift: 4, 0.3), row(2, 1, lift: 6, nil), row(5, 4, lift: 9, 0.9),
            // As much as chance is not above it.
            row(4, 1, lift: 7, 0.2),
        ]
        #expect(rows.saying("dog", among: 3, chance: 0.2).map(\.row.filter) == [3, 6, 8, 7, 4, 2, 9])
        #expect(rows.saying("dog", among: 3, chance: 0.2).map(\.rank) == [1, 1, 2, 1, 1, 1, 1])
        let more = rows.saying("dog", among: 4, chance: 0.2)
        #expect(more.first?.row.filter == 5 && rows.saying("cat", among: 4, chance: 0.2).isEmpty)
    }

    /// A change is the row's recall minus the first row's: fewer words found is below 0.
    @Test func theSignOfADeviationsChange() throws {
        try Workspace.with { workspace in
            let plan = try workspace.plan(
                Self.json(#", "matrix": {"protocol.deviations": [[], ["lowQuantile"], ["keepEmptyMasks"]]}"#))
            let words: [[Int32]] = [[0, 1, 0, 1], [2, 3, 2, 3], [0, 2, 0, 2]]
            let results = try words.enumerated().map { index, words in
                try Artifacts(truth: [[0, 1], [0, 1]], words: ["projection": words]).results(
                    in: "\(workspace.root)/\(index)", plan.file.variants[index].experiment)
            }
            let table = try #require(try ResultTables(plan.file, results).deviations())
            #expect(table.rows.map(\.recall) == [1, 0, 0.5])
            #expect(table.rows.map(\.change) == [nil, -1, -0.5])
            // Filters that are alike, or fewer than three, tell no error.
            #expect(table.rows.allSatisfy { $0.changeLow == nil && $0.changeHigh == nil })
        }
    }

    /// Of several seeds one has no pair with a ground truth: nothing can be concluded from the others.
    @Test func aSeedWithoutPairsLeavesAClaimOpen() throws {
        try Workspace.with { workspace in
            let claims =
                #", "claims": [{"source": "S", "method": "original", "k": 1, "published": 0.5, "margin": 0.5}]"#
            let plan = try workspace.project.plan(
                ExperimentFile(json: Self.json(claims), file: "x.json", seeds: [0, 1, 2]))
            func verdict(_ truths: [[[Int32]]]) throws -> (String, Double?) {
                let results = try truths.enumerated().map { index, truth in
                    // Four filters of two images: both found, none, the first, the second.
                    let words: [Int32] = [0, 2, 0, 2, 1, 2, 1, 2, 0, 2, 1, 2, 1, 2, 0, 2]
                    return try Artifacts(truth: truth, words: ["original": words]).results(
                        in: "\(workspace.root)/\(UUID())", plan.file.variants[index].experiment)
                }
                let claim = try plan.checkClaims(results).claims[0]
                return (claim.verdict.rawValue, claim.ours?.value)
            }
            let truth = [[Int32]](repeating: [0], count: 8), none = [[Int32]](repeating: [], count: 8)
            #expect(try verdict([truth, truth, truth]) == ("reproduced", 0.5))
            #expect(try verdict([truth, none, truth]) == ("inconclusive", nil))
        }
    }

    /// An interval of half the confidence is narrower, about the same number.
    @Test func intervalsAreOfTheConfidenceThatIsAsked() throws {
        try Workspace.with { workspace in
            let claims = #", "claims": [{"source": "S", "method": "original", "k": 1, "published": 0.5}]"#
            let plan = try workspace.plan(Self.json(claims))
            let words: [Int32] = [0, 2, 0, 2, 1, 2, 1, 2, 0, 2, 1, 2, 1, 2, 0, 2]
            let results = try Artifacts(truth: [[Int32]](repeating: [0], count: 8), words: ["original": words])
                .results(in: workspace.root + "/a", plan.file.variants[0].experiment)
            func interval(_ confidence: Double) throws -> Interval {
                try #require(try plan.checkClaims([results], confidence: confidence).claims[0].ours)
            }
            let wide = try interval(0.95), narrow = try interval(0.5)
            #expect(wide.value == 0.5 && narrow.value == 0.5)
            #expect(narrow.high - narrow.low < 0.9 * (wide.high - wide.low))
        }
    }

    @Test func whatWasNotEvaluatedIsNotRun() throws {
        try Workspace.with { workspace in
            let claims = #"""
                , "claims": [{"source": "S", "method": "image", "k": 1, "published": 0.5},
                 {"source": "S", "method": "original", "k": 7, "published": 0.5},
                 {"source": "S", "order": ["projection", "original"]},
                 {"source": "S", "method": "original", "k": 1, "published": 0.5, "margin": 0.1}]
                """#
            let plan = try workspace.plan(Self.json(claims))
            let results = try Artifacts(truth: [[0, 1], [0, 1]], words: ["original": [0, 1, 0, 1]]).results(
                in: workspace.root + "/a", plan.file.variants[0].experiment)
            let report = try plan.checkClaims([results])
            #expect(report.claims.map(\.verdict.rawValue) == ["not run", "not run", "not run", "inconclusive"])
            #expect(
                report.claims.map(\.note).dropLast() == [
                    "image was not evaluated, only original", "no recall@7 was computed, only 1, 2",
                    "projection was not evaluated, only original",
                ])
            #expect(
                report.summary == "x: 4 claims: 0 reproduced, 1 inconclusive, 0 refuted, 3 not run"
                    && !report.isRefuted)
        }
    }

    /// The paper's own method stands for the rest; without it the last in the paper's order, whatever was asked for
    /// first.
    @Test func theHeadlineMethod() throws {
        try Workspace.with { workspace in
            let plan = try workspace.plan(Self.json())
            for (methods, headline) in [
                (["original", "projection", "image"], "projection"), (["activation", "original"], "activation"),
                (["image", "original"], "image"),
            ] {
                let words = Dictionary(uniqueKeysWithValues: methods.map { ($0, [0, 1, 0, 1] as [Int32]) })
                let results = try Artifacts(truth: [[0], [0]], words: words).results(
                    in: "\(workspace.root)/\(headline)", plan.file.variants[0].experiment)
                #expect(results.headlineMethod.name == headline)
            }
        }
    }

    /// Ranked by the multiple of the threshold; what has none is in no ranking.
    @Test func filtersWithoutThresholdAreNotRanked() {
        let ranking = PictureRanking(peaks: [3, 5, 4, 0, 9, 2], thresholds: [1, 0, 2, 1, -1, 1])
        #expect(ranking.order == [0, 2, 5, 3])
        #expect((0..<6).map(ranking.strength) == [3, nil, 2, 0, nil, 2])
    }
}

/// Which execution a provenance speaks of.
@Suite struct ProvenanceOutcomeTests {
    /// Other bytes every time.
    private struct Careless: Stage {
        let name = "careless", revision = 1, outputs = ["out"]
        let parameters = Value.object([:])
        func numericsKey() -> Digest? { nil }
        func run(_ context: StageContext) throws {
            try Data(UUID().uuidString.utf8).write(to: URL(fileURLWithPath: context.output + "/out"))
        }
    }

    /// The first outcome's artifact is gone, the second is in use: the record names the second.
    @Test func theOutcomeInUseIsNamed() throws {
        try Workspace.with { workspace in
            let plan = try Plan([Job(id: "careless", stage: Careless(), inputs: [])])
            let first = try workspace.run(plan)["careless"]
            let old = try #require(first?.outputs.first)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755],
                ofItemAtPath: URL(fileURLWithPath: old.path).deletingLastPathComponent().path)
            try FileManager.default.removeItem(atPath: old.path)
            _ = try? workspace.run(plan)
            let status = try workspace.project.runner().status(of: plan)
            let new = try #require(status.first?.outputs.first)
            #expect(new.digest != old.digest)
            let steps = try ProvenanceRecord.steps(status, in: workspace.project)
            #expect(steps.map { $0.outputs.map(\.digest) } == [[new.digest]])
        }
    }
}
