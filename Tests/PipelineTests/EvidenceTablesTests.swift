import HDF5
import LaViSE
import Pipeline
import Reporting
import Testing

/// The tables of evidence, worked out by hand from files made by hand.
@Suite struct EvidenceTablesTests {
    /// Four units, probes of the concepts a, b, c, d; the words of each half, places behind them empty (-1), -2 no
    /// concept.
    private static let words: [[[Int32]]] = [
        [[0], [0, 1], [0, 1, 3], [0, 1, 2, -2, 3]], [[0], [1], [3], [3]],
    ]

    private func tables<Result>(_ body: (ResultTables) throws -> Result) throws -> Result {
        try Workspace.with { workspace in
            let folder = workspace.root + "/a",
                plan = try workspace.plan(
                    HandMadeResultsTests.json(), settings: ["evaluate.ranking=frequency"])
            let experiment = plan.file.variants[0].experiment
            let artifacts = HandMadeResultsTests.Artifacts(
                truth: (0..<8).map { $0 < 6 ? [0] : [] },
                words: ["projection": (0..<4).flatMap { _ in [0, 1, 0, 2] as [Int32] }])
            _ = try artifacts.results(in: folder, experiment)
            let units = try HDF5File.create(folder + "/units.h5")
            try units.write("directions", [Float](repeating: 1, count: 8), shape: [4, 2])
            try units.write("concepts", [0, 1, 2, 3] as [Int32])
            try units.close()
            try writeEvidence(to: folder + "/evidence.h5")
            let results = try VariantResults(
                experiment, dataset: folder + "/dataset.h5", words: folder + "/words.txt",
                explainer: folder + "/explainer.h5", evaluation: folder + "/evaluation.h5",
                evidence: folder + "/evidence.h5", units: folder + "/units.h5")
            return try body(ResultTables(plan.file, [results]))
        }
    }

    private func writeEvidence(to path: String) throws {
        let file = try HDF5File.create(path)
        try file.write("units", [0, 1, 2, 3] as [Int32])
        try file.write("halves/0", [0] as [Int32])
        try file.write("halves/1", [1] as [Int32])
        try file.write("images", [3, 4] as [Int64])
        try file.write("metrics", strings: ["iou", "corr"])
        try file.write("rows/name", strings: ["projection", "best"])
        for (row, scores) in [("projection", [0.1, 0.2, 0.3, 0.4]), ("best", [0.5, 0.5, 0.5, 0.5])] {
            try file.write("rows/score/\(row)/iou", scores)
            try file.write("rows/score/\(row)/corr", scores.map { -$0 })
        }
        let words = Self.words.flatMap { $0 }.flatMap { $0 + [Int32](repeating: -1, count: 5 - $0.count) }
        try file.write("rows/words/projection", words, shape: [2, 4, 5])
        try file.write("rows/weights/projection", [Double](repeating: 1, count: 40), shape: [2, 4, 5])
        try file.write("dissection", [0.05, 0.03, 0.5, 0.04, 0.05, 0.05, 0, 0.04], shape: [2, 4])
        try file.write("sanity/metric", strings: ["iou", "corr"])
        try file.write("sanity/counts", [8, 7, 8, 10, 9, 10] as [Int64], shape: [2, 3])
        try file.write("tools/name", strings: [])
        try file.write("tools/unnamed", [Int64]())
        try file.write("tools/first", strings: [])
        try file.close()
    }

    /// First in one half and second in the other; among the first five in both; not at all; fifth and first.
    @Test func plantedUnitsByHand() throws {
        let table = try tables { try $0.planted() }
        func score(_ row: String, _ metric: String) -> Double? {
            table?.rows.first { $0.explanation == row && $0.metric == metric }?.score
        }
        let expected = [
            // Units 1, ½, 0, ½; 1, 1, 0, 1; 1, (½ + 1) / 2, 0, (1/5 + 1) / 2.
            ("projection", [0.5, 0.75, (1 + 0.75 + 0 + 0.6) / 4]),
            // Of four concepts in a random order each rank is as likely, and a fifth there is not.
            ("random", [0.25, 1, (1 + 0.5 + 1.0 / 3 + 0.25) / 4]),
        ]
        for (row, scores) in expected {
            for (metric, wanted) in zip(["first", "among five", "meta-AUPRC"], scores) {
                #expect(abs((score(row, metric) ?? -1) - wanted) < 1e-12, "\(row) \(metric)")
            }
        }
    }

    @Test func faithfulnessByHand() throws {
        let table = try #require(try tables { try $0.faithfulness() })
        func row(_ name: String, _ metric: String) -> ScoreRow? {
            table.rows.first { $0.explanation == name && $0.metric == metric }
        }
        #expect(abs((row("projection", "iou")?.score ?? 0) - 0.25) < 1e-12 && row("projection", "iou")?.units == 4)
        #expect(abs((row("best", "iou")?.difference ?? 0) - 0.25) < 1e-12)
        #expect(abs((row("best", "corr")?.difference ?? 0) + 0.25) < 1e-12)
        #expect(row("projection", "iou")?.difference == nil && table.reference == "projection")
        // 7 of 8 is less than 90 %: that metric fails, and its column says so. 9 of 10 is enough.
        #expect(table.marked == ["iou"])
        let note = try #require(table.footnotes.first)
        #expect(note.contains("iou fails (falls in 87 % of 8 cases with half the labels, in 100 % with twice as many)"))
        #expect(note.contains("corr passes (falls in 90 % of 10 cases"))
        #expect(table.caption.contains("(3 and 4 images)"))
    }

    /// IoU above 0.04 in both halves, one, one and none; a is every filter's first word, of six truths the one.
    @Test func agreementByHand() throws {
        let table = try tables { try $0.agreement() }
        func score(_ row: String, _ metric: String) -> Double? {
            table.rows.first { $0.explanation == row && $0.metric == metric }?.score
        }
        #expect(score("net-dissect", "IoU > .04") == 0.5)
        #expect(score("projection", "P-A@1") == 1 && score("projection", "R-A@5") == 1)
        #expect(abs((score("projection", "P-A@5") ?? 0) - 1.0 / 3) < 1e-12)
        #expect(score("projection", "concepts") == 1)
    }
}
