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
            try ComparableTable(a, name: "a"), try ComparableTable(b, name: "b"), tolerances: try Tolerances(tolerances)
        )
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
        let diff = try Self.diff(
            Self.table([("projection", 5, 0.5), ("projection", 10, 0.8)]),
            Self.table([("projection", 5, 0.4), ("projection", 10, 0.8)]))
        #expect(diff.changes.count == 1)
        let change = try #require(diff.changes.first)
        #expect(change.row == "projection, 5" && change.column == "recall")
        let absolute = try #require(change.absolute), relative = try #require(change.relative)
        #expect(abs(absolute + 0.1) < 1e-12 && abs(relative + 0.2) < 1e-12)
        #expect(!diff.isWithinTolerance)
        #expect(
            diff.markdown().contains(
                "| projection, 5 | recall | 0.500000 | 0.400000 | -0.100000 | -20.00 % | outside |"))
        #expect(
            diff.text(colour: false) == """
                  row            column       old       new   change  relative
                ! projection, 5  recall  0.500000  0.400000  -0.1000   -20.0 %
                b against a: 1 of 12 cells differ, 1 outside tolerance

                """)
        #expect(diff.text(colour: true).contains("\u{1B}[31m! projection, 5"))
        #expect(diff.json.contains("\"within_tolerance\": false"))
    }

    @Test(arguments: [
        (["0.1"], true), (["0.09"], false), (["20%"], true), (["19%"], false), (["recall=0.1"], true),
        (["low=1,recall=0.2"], true),
        (["low=1"], false), (["1", "recall=0.01"], false),
    ])
    func tolerances(texts: [String], isWithin: Bool) throws {
        let diff = try Self.diff(Self.table([("m", 5, 0.5)]), Self.table([("m", 5, 0.40000001)]), texts)
        #expect(diff.changes.count == 1 && diff.isWithinTolerance == isWithin)
    }

    /// Decimals as printed: in binary, 0.30 − 0.29 is more than 0.01, and 0.707 is more than 1 % from 0.7.
    @Test(arguments: [
        ("0.29", "0.30", "0.01", true), ("0.30", "0.29", "0.01", true), ("0.29", "0.300001", "0.01", false),
        ("0.7", "0.707", "1%", true), ("-0.7", "-0.707", "1%", true), ("0.7", "0.707001", "1%", false),
        ("0.1", "0.3", "0.2", true), ("1e-3", "0.002", "1e-3", true), ("0", "0.000001", "50%", false),
        ("0.29 0.7", "0.30 0.71", "0.01", true), ("0.29 0.7", "0.30 0.72", "0.01", false), ("x", "y", "1", false),
        ("0x1", "0x2", "5", false), ("nan", "1", "9", false),
    ])
    func tolerancesAreDecimal(old: String, new: String, tolerance: String, isWithin: Bool) throws {
        func table(_ cell: String) throws -> ComparableTable {
            try ComparableTable(CSV(header: ["method", "recall"], rows: [["m", cell]]), name: "x")
        }
        let diff = TableDiff(try table(old), try table(new), tolerances: try Tolerances([tolerance]))
        #expect(diff.changes.count == 1 && diff.isWithinTolerance == isWithin)
    }

    /// What is allowed of a number is allowed of its bounds, unless they have a tolerance of their own.
    @Test func boundsFollowTheirNumber() throws {
        func table(_ cells: [String]) throws -> ComparableTable {
            try ComparableTable(
                CSV(
                    header: ["method", "recall", "low", "high", "change", "change_low", "change_high"],
                    rows: [["m"] + cells]),
                name: "x")
        }
        let old = try table(["0.5", "0.4", "0.6", "0.1", "0", "0.2"]),
            new = try table(["0.51", "0.41", "0.59", "0.1", "0", "0.2"])
        #expect(TableDiff(old, new, tolerances: try Tolerances(["recall=0.01"])).isWithinTolerance)
        #expect(
            TableDiff(old, new, tolerances: try Tolerances(["recall=0.009"])).changes.allSatisfy {
                !$0.isWithinTolerance
            })
        let strict = TableDiff(old, new, tolerances: try Tolerances(["recall=0.01,low=0"]))
        #expect(strict.changes.filter { !$0.isWithinTolerance }.map(\.column) == ["low"])
        let changed = TableDiff(
            old, try table(["0.5", "0.4", "0.6", "0.15", "0.05", "0.25"]), tolerances: try Tolerances(["change=0.05"]))
        #expect(changed.changes.count == 3 && changed.isWithinTolerance)
        #expect(!TableDiff(old, new, tolerances: try Tolerances(["change=1"])).isWithinTolerance)
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
        // What only the new table has is a change as well.
        let back = try Self.diff(less, more, ["1000"])
        #expect(back.changes.map(\.row) == diff.changes.map(\.row) && back.changes[1].old == nil)
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

    /// Tables whose rows have other names, or that have nothing in common, are not held beside each other.
    @Test func strangersAreNamed() throws {
        func table(_ header: [String], _ rows: [[String]]) throws -> ComparableTable {
            try ComparableTable(CSV(header: header, rows: rows), name: "x")
        }
        let recall = try table(["experiment", "method", "k", "recall"], [["e", "m", "5", "0.5"]])
        let filters = try table(["filter", "recall"], [["m, 5", "0.5"]])
        let lines = try table(["recall"], [["0.5"]])
        #expect(recall.keyColumns == ["method", "k"] && recall.columns == ["recall"] && recall.rows[0].key == "m, 5")
        #expect(
            filters.strangeness(to: recall) == "its rows are named by filter, the other's by k and method")
        #expect(lines.strangeness(to: filters) == "its rows are named by line, the other's by filter")
        let losses = try table(["method", "k", "loss"], [["m", "5", "0.5"]])
        #expect(recall.strangeness(to: losses) == "they have no column in common")
        let others = try table(["method", "k", "recall"], [["m", "10", "0.5"]])
        #expect(recall.strangeness(to: others) == "they have no row in common")
        let own = try table(["k", "method", "loss", "recall"], [["10", "m", "1", "1"], ["5", "m", "1", "1"]])
        #expect(own.rows[1].key == "m, 5" && recall.strangeness(to: own) == nil && own.strangeness(to: recall) == nil)
        #expect(throws: TableError.self) { try table(["method", "recall"], []) }
        #expect(throws: TableError.self) { try table(["method", "k"], [["m", "5"]]) }
    }

    @Test func sameRowTwiceIsAnError() {
        let table = CSV(header: ["method", "k"], rows: [["m", "5"], ["m", "5"]])
        #expect(throws: TableError.self) { try ComparableTable(table, name: "x") }
    }
}

@Suite struct ClaimTests {
    @Test(arguments: [
        (0.49, 0.51, Verdict.reproduced), (0.45, 0.55, .reproduced), (0.44, 0.5, .inconclusive),
        (0.2, 0.9, .inconclusive),
        (0.56, 0.6, .refuted), (0.1, 0.44, .refuted),
    ])
    func equivalence(low: Double, high: Double, verdict: Verdict) {
        // Binary fractions would hide that 0.5 − 0.05 is not 0.45: the bounds are exact to the last bit here.
        #expect(
            Verdict(published: 0.5, margin: 0.05, ours: Interval(value: (low + high) / 2, low: low, high: high))
                == verdict)
    }

    @Test func order() {
        func difference(_ low: Double, _ high: Double) -> Interval {
            Interval(value: (low + high) / 2, low: low, high: high)
        }
        #expect(Verdict(differences: [difference(0.1, 0.2), difference(0.01, 0.3)]) == .reproduced)
        #expect(Verdict(differences: [difference(0.1, 0.2), difference(-0.01, 0.3)]) == .inconclusive)
        #expect(Verdict(differences: [difference(0.1, 0.2), difference(-0.3, -0.01), difference(-0.1, 1)]) == .refuted)
        #expect(Verdict(differences: []) == .inconclusive)
    }

    /// A bound that just touches the margin is within it: in binary 0.7 + 0.1 is less than 0.8, 0.3 − 0.1 less than
    /// 0.2.
    @Test(arguments: [(0.7, 0.1, 0.6, 0.8), (0.3, 0.1, 0.2, 0.4), (0.675, 0.07, 0.605, 0.745)])
    func touchedMargins(published: Double, margin: Double, low: Double, high: Double) {
        func verdict(_ a: Double, _ b: Double) -> Verdict {
            Verdict(published: published, margin: margin, ours: Interval(value: (a + b) / 2, low: a, high: b))
        }
        #expect(verdict(low, high) == .reproduced)
        #expect(verdict(low - 0.000001, high) == .inconclusive && verdict(low, high + 0.000001) == .inconclusive)
        #expect(verdict(high, high + 0.1) == .inconclusive && verdict(high + 0.000001, 0.95) == .refuted)
        #expect(verdict(low - 0.1, low) == .inconclusive && verdict(low - 0.1, low - 0.000001) == .refuted)
    }

    static let evidence = Evidence(seeds: 10, filters: 256, pairs: 17420)

    @Test(arguments: [(0, false), (1, false), (2, true)])
    func oneSeedDecidesNothing(seeds: Int, decides: Bool) {
        let evidence = Evidence(seeds: seeds, filters: 256, pairs: 1742)
        func recall(_ low: Double, _ high: Double) -> Verdict {
            CheckedClaim(
                source: "S", method: "m", k: 5, published: 0.5, margin: 0.1,
                ours: Interval(value: low, low: low, high: high),
                evidence: evidence
            ).verdict
        }
        #expect(recall(0.1, 0.2) == (decides ? .refuted : .inconclusive))
        #expect(recall(0.45, 0.55) == (decides ? .reproduced : .inconclusive))
        let order = CheckedClaim(
            source: "S", order: ["a", "b"], differences: [("a", "b", 5, Interval(value: -0.2, low: -0.3, high: -0.1))],
            evidence: evidence)
        #expect(order.verdict == (decides ? .refuted : .inconclusive))
    }

    /// A difference that some seed lacks leaves an order open: the others cannot reproduce it, but they can refute it.
    @Test func missingDifferences() {
        func claim(_ known: Interval) -> CheckedClaim {
            CheckedClaim(
                source: "S", order: ["a", "b", "c"], differences: [("a", "b", 5, known), ("b", "c", 5, nil)],
                evidence: Self.evidence)
        }
        let open = claim(Interval(value: 0.2, low: 0.1, high: 0.3))
        #expect(open.verdict == .inconclusive && open.ours == nil && open.note == "no interval of b − c at 5")
        let against = claim(Interval(value: -0.2, low: -0.3, high: -0.1))
        #expect(against.verdict == .refuted && against.note == "a − b at 5")
    }

    @Test func noIntervalNoVerdict() {
        func claim(pairs: Int) -> CheckedClaim {
            CheckedClaim(
                source: "S", method: "m", k: 5, published: 0.5, margin: 0.1, ours: nil,
                evidence: Evidence(seeds: 3, filters: 1, pairs: pairs))
        }
        #expect(claim(pairs: 0).verdict == .inconclusive && claim(pairs: 0).note == "no pair has a ground truth")
        #expect(
            claim(pairs: 6).verdict == .inconclusive && claim(pairs: 6).note.hasPrefix("no interval: under 3 filters"))
    }

    static let report = ClaimReport(
        experiment: "x",
        claims: [
            CheckedClaim(
                source: "A, Table 2", method: "projection", k: 5, published: 0.675, margin: 0.07,
                ours: Interval(value: 0.36, low: 0.34, high: 0.38), evidence: evidence),
            CheckedClaim(
                source: "A, Figure 7", row: "0.7", method: "projection", k: 5, concepts: .unseen, published: 0.174,
                margin: 0.02, ours: nil,
                evidence: Evidence(seeds: 1, filters: 1, pairs: 0)),
            CheckedClaim(
                source: "A, Table 2", order: ["projection", "image"],
                differences: [
                    ("projection", "image", 5, Interval(value: 0.25, low: 0.2, high: 0.3)),
                    ("projection", "image", 10, Interval(value: 0.2, low: 0.1, high: 0.3)),
                ],
                evidence: evidence),
        ])

    @Test func reportInEveryForm() {
        let report = Self.report
        #expect(report.claims.map(\.verdict) == [.refuted, .inconclusive, .reproduced])
        #expect(report.isRefuted)
        #expect(report.summary == "x: 3 claims: 1 reproduced, 1 inconclusive, 1 refuted")
        #expect(
            report.text(colour: false) == """
                refuted       projection recall@5  (A, Table 2)
                              published 0.675 ± 0.070, ours 0.360 [0.340, 0.380]
                              10 seeds, 256 filters, 17420 pairs
                inconclusive  0.7: projection recall@5 of unseen concepts  (A, Figure 7)
                              published 0.174 ± 0.020, no pair has a ground truth
                              one seed, 1 filter, 0 pairs
                reproduced    projection > image  (A, Table 2)
                              ours 0.200 [0.100, 0.300], projection − image at 10
                              10 seeds, 256 filters, 17420 pairs
                x: 3 claims: 1 reproduced, 1 inconclusive, 1 refuted

                """)
        #expect(
            report.markdown.contains(
                "| projection > image | A, Table 2 | reproduced |  |  | 0.200 | [0.100, 0.300] | 10 seeds, 256 filters, 17420 pairs | projection − image at 10 |"
            ))
        #expect(report.value.json(pretty: true).contains("\"verdict\": \"refuted\""))
        #expect(ClaimReport(experiment: "y", claims: []).summary == "y: no claims")
    }

    /// Settled is what is not open, whatever the verdict.
    @Test func settledReports() {
        func report(_ verdicts: [Verdict]) -> ClaimReport {
            ClaimReport(
                experiment: "x",
                claims: verdicts.map {
                    var claim = Self.report.claims[0]
                    claim.verdict = $0
                    return claim
                })
        }
        #expect(report([]).isSettled && report([.reproduced, .refuted, .notRun]).isSettled)
        #expect(!report([.reproduced, .inconclusive]).isSettled && !report([.inconclusive, .refuted]).isSettled)
        #expect(report([.reproduced, .refuted]).isRefuted && !report([.reproduced, .inconclusive, .notRun]).isRefuted)
        #expect(!report([]).isRefuted && report([]).confidence == 0.95)
    }

    /// What holds on other settings than the source's is said to, and nothing of it is green.
    @Test func onOtherSettings() {
        var report = Self.report
        report.claims.removeFirst(2)
        let own = report.text(colour: true)
        report.claims[0].differs = "layer3 in place of layer4; dropout 0 in place of 0.1"
        #expect(report.summary == "x: 1 claim: 1 reproduced on other settings, 0 inconclusive, 0 refuted")
        #expect(
            report.text(colour: false) == """
                reproduced    projection > image  (A, Table 2)
                              ours 0.200 [0.100, 0.300], projection − image at 10
                              10 seeds, 256 filters, 17420 pairs
                              on other settings than A, Table 2:
                              - layer3 in place of layer4
                              - dropout 0 in place of 0.1
                x: 1 claim: 1 reproduced on other settings, 0 inconclusive, 0 refuted

                """)
        let green = "\u{1B}[32m"
        #expect(own.contains(green) && !report.text(colour: true).contains(green))
        #expect(
            report.markdown.contains("| reproduced on other settings |")
                && report.markdown.contains("not as the source: layer3"))
        #expect(
            report.claims[0].verdict == .reproduced
                && report.value["claims"]?.arrayValue?[0]["differs"]
                    == .string("layer3 in place of layer4; dropout 0 in place of 0.1")
        )
        #expect(Badge(report).message == "1 on other settings" && Badge(report).colour == "#7f8c8d")
        report.claims[0].verdict = .inconclusive
        #expect(report.summary == "x: 1 claim: 0 reproduced, 1 inconclusive, 0 refuted")
    }
}
