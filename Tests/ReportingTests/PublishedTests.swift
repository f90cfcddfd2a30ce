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
        #expect(collected.csv.contains("resnet50_layers_vg,layer3,projection,10,0.156000,0.150000,0.140000,0.160000\n"))
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
}
