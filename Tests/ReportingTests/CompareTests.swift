import Reporting
import Testing

@Suite struct CompareTests {
    static func table(_ rows: [(String, Int, Double?)]) -> RecallTable {
        RecallTable(
            experiment: "x", title: "x",
            rows: rows.map { RecallRow(method: $0, k: $1, recall: $2, low: 0, high: 1, filters: 4, pairs: 9) })
    }

    static func diff(_ a: RecallTable, _ b: RecallTable, _ tolerances: [String] = []) throws -> TableDiff {
        TableDiff(
            try ComparableTable(a, name: "a"), try ComparableTable(b, name: "b"), tolerances: try Tolerances(tolerances))
    }

    @Test func equalTablesDoNotDiffer() throws {
        let table = Self.table([("projection", 5, 0.5), ("image", 5, nil)])
        var renamed = table
        renamed.experiment = "y"
        let diff = try Self.diff(table, renamed)
        #expect(diff.changes.isEmpty && diff.isWithinTolerance)
        #expect(diff.summary == "b equals a: 12 cells")
    }

    @Test func changesAreAbsoluteAndRelative() throws {
        let diff = try Self.diff(Self.table([("projection", 5, 0.5), ("projection", 10, 0.8)]), Self.table([("projection", 5, 0.4), ("projection", 10, 0.8)]))
        #expect(diff.changes.count == 1)
        let change = try #require(diff.changes.first)
        #expect(change.row == "projection, 5" && change.column == "recall")
        let absolute = try #require(change.absolute), relative = try #require(change.relative)
        #expect(abs(absolute + 0.1) < 1e-12 && abs(relative + 0.2) < 1e-12)
        #expect(!diff.isWithinTolerance)
        #expect(diff.markdown().contains("| projection, 5 | recall | 0.500000 | 0.400000 | -0.100000 | -20.00 % | outside |"))
        #expect(diff.text(colour: false) == """
              row            column       old       new   change  relative
            ! projection, 5  recall  0.500000  0.400000  -0.1000   -20.0 %
            b against a: 1 of 12 cells differ, 1 outside tolerance

            """)
        #expect(diff.text(colour: true).contains("\u{1B}[31m! projection, 5"))
        #expect(diff.json.contains("\"within_tolerance\": false"))
    }

    @Test(arguments: [
        (["0.1"], true), (["0.09"], false), (["20%"], true), (["19%"], false), (["recall=0.1"], true), (["low=1,recall=0.2"], true),
        (["low=1"], false), (["1", "recall=0.01"], false),
    ])
    func tolerances(texts: [String], isWithin: Bool) throws {
        let diff = try Self.diff(Self.table([("m", 5, 0.5)]), Self.table([("m", 5, 0.40000001)]), texts)
        #expect(diff.changes.count == 1 && diff.isWithinTolerance == isWithin)
    }

    @Test(arguments: ["x", "-1", "a=b=1", "=1", "recall=", "nan", "%"])
    func brokenTolerancesAreQuoted(text: String) {
        let error = #expect(throws: ToleranceError.self) { try Tolerances([text]) }
        #expect(error?.text == text)
    }

    @Test func missingRowsAndCellsAreOutside() throws {
        let more = Self.table([("m", 5, 0.5), ("n", 5, nil)]), less = Self.table([("m", 5, nil)])
        let diff = try Self.diff(more, less, ["1000"])
        #expect(diff.changes.map(\.row) == ["m, 5", "n, 5", "n, 5", "n, 5", "n, 5", "n, 5", "n, 5"])
        #expect(!diff.changes.contains { $0.isWithinTolerance })
        #expect(diff.changes[0].new == "" && diff.changes[1].new == nil)
    }

    @Test func publishedTableIsAPart() throws {
        var ours = Self.table([("m", 5, 0.5), ("m", 10, 0.7)])
        ours.rows[0].published = 0.52
        let old = try ComparableTable(ours.publishedTable, name: "published", columns: ["recall"])
        let new = try ComparableTable(ours, name: "ours", columns: ["recall"])
        let diff = TableDiff(old, new, tolerances: try Tolerances(["0.03"]), oldIsPart: true)
        #expect(diff.compared == 1 && diff.changes.count == 1 && diff.isWithinTolerance)
    }

    @Test func listsCompareNumberByNumber() throws {
        let a = CSV(header: ["filter", "words", "similarities"], rows: [["0", "x y", "0.5 0.25"]])
        let b = CSV(header: ["filter", "words", "similarities"], rows: [["0", "x z", "0.5 0.26"]])
        let diff = TableDiff(
            try ComparableTable(a, name: "a"), try ComparableTable(b, name: "b"), tolerances: try Tolerances(["0.02"]))
        #expect(diff.changes.map(\.isWithinTolerance) == [false, true])
    }

    @Test func sameRowTwiceIsAnError() {
        let table = CSV(header: ["method", "k"], rows: [["m", "5"], ["m", "5"]])
        #expect(throws: TableError.self) { try ComparableTable(table, name: "x") }
    }
}

@Suite struct ClaimTests {
    @Test(arguments: [
        (0.49, 0.51, Verdict.reproduced), (0.45, 0.55, .reproduced), (0.44, 0.5, .inconclusive), (0.2, 0.9, .inconclusive),
        (0.56, 0.6, .refuted), (0.1, 0.44, .refuted),
    ])
    func equivalence(low: Double, high: Double, verdict: Verdict) {
        // Binary fractions would hide that 0.5 − 0.05 is not 0.45: the bounds are exact to the last bit here.
        #expect(Verdict(published: 0.5, margin: 0.05, ours: Interval(value: (low + high) / 2, low: low, high: high)) == verdict)
    }

    @Test func order() {
        func difference(_ low: Double, _ high: Double) -> Interval { Interval(value: (low + high) / 2, low: low, high: high) }
        #expect(Verdict(differences: [difference(0.1, 0.2), difference(0.01, 0.3)]) == .reproduced)
        #expect(Verdict(differences: [difference(0.1, 0.2), difference(-0.01, 0.3)]) == .inconclusive)
        #expect(Verdict(differences: [difference(0.1, 0.2), difference(-0.3, -0.01), difference(-0.1, 1)]) == .refuted)
        #expect(Verdict(differences: []) == .inconclusive)
    }

    @Test func seedsWidenTheInterval() throws {
        let one = Interval(value: 0.5, low: 0.4, high: 0.7)
        #expect(Interval(seeds: [one]) == one)
        #expect(Interval(seeds: []) == nil)
        #expect(Interval(seeds: [one, one, one]) == one)
        // Values 0.4 and 0.6: s = √0.02, s / √2 = 0.1, times 12.706; joined with 0.1 below and 0.2 above.
        let two = try #require(Interval(seeds: [
            Interval(value: 0.4, low: 0.3, high: 0.6), Interval(value: 0.6, low: 0.5, high: 0.8),
        ]))
        #expect(abs(two.value - 0.5) < 1e-12)
        #expect(abs(two.value - two.low - (0.01 + 1.2706 * 1.2706).squareRoot()) < 1e-9)
        #expect(abs(two.high - two.value - (0.04 + 1.2706 * 1.2706).squareRoot()) < 1e-9)
    }

    static let report = ClaimReport(
        experiment: "x",
        claims: [
            CheckedClaim(source: "A, Table 2", method: "projection", k: 5, published: 0.675, margin: 0.07, ours: Interval(value: 0.36, low: 0.34, high: 0.38)),
            CheckedClaim(source: "A, Figure 7", row: "0.7", method: "projection", k: 5, concepts: .unseen, published: 0.174, margin: 0.02, ours: nil),
            CheckedClaim(
                source: "A, Table 2", order: ["projection", "image"],
                differences: [("projection", "image", 5, Interval(value: 0.25, low: 0.2, high: 0.3)), ("projection", "image", 10, Interval(value: 0.2, low: 0.1, high: 0.3))]),
        ])

    @Test func reportInEveryForm() {
        let report = Self.report
        #expect(report.claims.map(\.verdict) == [.refuted, .inconclusive, .reproduced])
        #expect(report.isRefuted)
        #expect(report.summary == "x: 3 claims: 1 reproduced, 1 inconclusive, 1 refuted")
        #expect(report.text(colour: false) == """
            refuted       projection recall@5  (A, Table 2)
                          published 0.675 ± 0.070, ours 0.360 [0.340, 0.380]
            inconclusive  0.7: projection recall@5 of unseen concepts  (A, Figure 7)
                          published 0.174 ± 0.020, no pair has a ground truth
            reproduced    projection > image  (A, Table 2)
                          ours 0.200 [0.100, 0.300], projection − image at 10
            x: 3 claims: 1 reproduced, 1 inconclusive, 1 refuted

            """)
        #expect(report.markdown.contains("| projection > image | A, Table 2 | reproduced |  |  | 0.200 | [0.100, 0.300] | projection − image at 10 |"))
        #expect(report.value.json(pretty: true).contains("\"verdict\": \"refuted\""))
        #expect(ClaimReport(experiment: "y", claims: []).summary == "y: no claims")
    }
}
