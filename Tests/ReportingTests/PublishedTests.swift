import Reporting
import Testing

@Suite struct PublishedTests {
    @Test(arguments: PublishedTable.all)
    func everyRowHasAValueAColumn(table: PublishedTable) {
        for row in table.rows { #expect(row.values.count == table.columns.count, "\(row.label)") }
        LaTeXSubset.check(CollectedTable(table, from: []).latex)
    }

    @Test func oursStandsUnderThePublished() {
        let ours = RecallTable(
            experiment: "resnet50_layers_vg", title: "",
            rows: [
                RecallRow(
                    row: "layer3", method: "projection", k: 10, recall: 0.15, low: 0.14, high: 0.16, filters: 1,
                    pairs: 1)
            ])
        let collected = CollectedTable(.paperTable3, from: [ours])
        #expect(collected.computed == 1)
        #expect(
            collected.markdown == """
                # A, Table 3 (p. 8339): recall of ResNet-50's layers on Visual Genome

                | layer |  | recall@5 | recall@10 | recall@20 |
                | --- | --- | ---: | ---: | ---: |
                | layer4 | published | 0.226 | 0.302 | 0.373 |
                |  | ours | not run | not run | not run |
                | layer3 | published | 0.110 | 0.156 | 0.207 |
                |  | ours | not run | 0.150 [0.140, 0.160] | not run |
                | layer2 | published | 0.086 | 0.131 | 0.181 |
                |  | ours | not run | not run | not run |
                | layer1 | published | 0.042 | 0.060 | 0.092 |
                |  | ours | not run | not run | not run |

                1 of 4 rows computed here so far.

                """)
        #expect(collected.csvs.map(\.name) == ["A-table-3"])
        #expect(
            collected.csvs[0].text.contains(
                "resnet50_layers_vg,layer3,projection,10,0.156000,0.150000,0.140000,0.160000\n"))
        LaTeXSubset.check(collected.latex)
    }

    @Test func figure7TakesTheUnseenConcepts() {
        var table = RecallTable(
            experiment: "unseen_vg", title: "", concepts: .all,
            rows: [
                RecallRow(
                    row: "0.7", method: "projection", k: 20, recall: 0.4, low: 0.3, high: 0.5, filters: 1, pairs: 1)
            ])
        #expect(CollectedTable(.paperFigure7, from: [table]).computed == 0)
        table.concepts = .unseen
        let collected = CollectedTable(.paperFigure7, from: [table])
        #expect(collected.computed == 1)
        let plot = collected.plot
        #expect(plot.series.map(\.points.count) == [0, 4, 0, 4, 0, 4, 1, 4])
        #expect(plot.xLabels == ["10 %", "30 %", "50 %", "70 %"])
    }

    /// Precision and recall by annotations stand beside the columns of the paper's examiners, method by method.
    @Test func agreementStandsBesideWhatPeopleJudged() throws {
        func row(_ explanation: String, _ metric: String, _ score: Double, _ low: Double? = nil) -> ScoreRow {
            ScoreRow(
                explanation: explanation, metric: metric, score: score, low: low, high: low.map { ($0 * 10 + 2) / 10 },
                units: 8)
        }
        let agreement = ScoreTable(
            fileName: "agreement", experiment: "resnet18_vg", title: "", caption: "",
            rows: [
                row("projection", "P-A@1", 0.5, 0.4), row("projection", "concepts", 31),
                row("net-dissect", "IoU > .04", 0.25, 0.2), row("net-dissect", "concepts", 70),
            ])
        let read = try ScoreTable(json: agreement.json, name: "results/resnet18_vg/agreement.json")
        #expect(read.rows == agreement.rows && read.experiment == "resnet18_vg" && read.fileName == "agreement")
        func collected(_ table: PublishedTable) -> CollectedTable {
            CollectedTable(table, from: [], agreements: [read])
        }

        let second = collected(.paperTable2), lines = second.markdown.split(separator: "\n").map(String.init)
        #expect(lines[1].hasSuffix("| recall@5 | recall@10 | recall@20 | P-H/P-A@1 | P-H/P-A@5 | R-H/R-A@5 |"))
        #expect(lines.contains("|  | projection | published | 0.273 | 0.353 | 0.429 | – | – | – |"))
        #expect(
            lines.contains("|  |  | ours | not run | not run | not run | 0.500 [0.400, 0.600] | not run | not run |"))
        #expect(second.computed == 1 && second.csvs.map(\.name) == ["A-table-2", "A-table-2-agreement"])
        #expect(second.csvs[0].text.split(separator: "\n").count == 1 + 4 * 4 * 3)
        let row18 = "resnet18_vg,\"ResNet-18 layer4, ImageNet; VG\",projection,P-A@1,,0.500000,0.400000,0.600000\n"
        #expect(second.csvs[1].text.contains(row18), "\(second.csvs[1].text)")
        let entries = try #require(second.value["agreement"]?.arrayValue)
        #expect(entries.count == 48 && second.value["rows"]?.arrayValue?.count == 48)
        #expect(entries.count { $0["score"]?.doubleValue == 0.5 && $0["published"] == .null } == 1)

        let first = collected(.paperTable1).markdown
        let label = "ResNet-18 layer4, ImageNet; VG"
        #expect(first.contains("| \(label) | net-dissect | ours | 0.250 [0.200, 0.400] | 70 |\n"), "\(first)")
        #expect(first.contains("|  | projection | ours | – | 31 |\n"), "\(first)")
        let learned = collected(.paperConcepts).markdown
        #expect(learned.contains("| ImageNet | published | 219 |\n|  | ours | 31 |\n"), "\(learned)")
        #expect(learned.contains("| random | published | 150 |\n|  | ours | not run |\n"), "\(learned)")
    }

    @Test func aBrokenAgreementSaysWhere() {
        for (text, reason) in [
            ("{", "x.json:1"), ("{\"schema\": 2}", "schema is not 1"),
            ("{\"schema\": 1}", "experiment or rows is missing"),
            (#"{"schema": 1, "experiment": "x", "rows": [{"metric": "P-A@1"}]}"#, "rows[0] has no explanation"),
        ] {
            let error = #expect(throws: TableError.self) { _ = try ScoreTable(json: text, name: "x.json") }
            #expect("\(error.map { "\($0)" } ?? "")".contains(reason), "\(text): \(String(describing: error))")
        }
    }
}
