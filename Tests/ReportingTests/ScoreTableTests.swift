import Foundation
import Reporting
import Testing

@Suite struct ScoreTableTests {
    static let table = ScoreTable(
        fileName: "faithfulness", experiment: "x", title: "A title", caption: "How well",
        rows: [
            ScoreRow(explanation: "projection", metric: "corr", score: 0.25, low: 0.2, high: 0.3, units: 4),
            ScoreRow(explanation: "projection", metric: "cos", score: 0.5, units: 4),
            ScoreRow(
                explanation: "net-dissect", metric: "corr", score: 0.125, low: 0.1, high: 0.15, units: 4,
                difference: -0.125,
                differenceLow: -0.2, differenceHigh: -0.05),
        ],
        reference: "projection", marked: ["cos"], footnotes: ["cos fails"])

    @Test func markdownMarksAMetricThatFails() {
        #expect(
            Self.table.markdown == """
                # A title

                How well.

                | explanation | corr | cos (!) |
                | --- | ---: | ---: |
                | projection | 0.250 [0.200, 0.300] | 0.500 |
                | net-dissect | 0.125 [0.100, 0.150] | – |

                Differences against projection, over the same draws of units, with their 95 % intervals.

                | explanation | corr | cos (!) |
                | --- | ---: | ---: |
                | projection | – | – |
                | net-dissect | -0.125 [-0.200, -0.050] | – |

                - cos fails

                """)
    }

    @Test func filesForPrograms() throws {
        #expect(
            Self.table.csv == """
                experiment,explanation,metric,score,low,high,units
                x,projection,corr,0.250000,0.200000,0.300000,4
                x,projection,cos,0.500000,,,4
                x,net-dissect,corr,0.125000,0.100000,0.150000,4

                """)
        let csv = try CSV(Self.table.csv, name: "csv"),
            json = try CSV(json: Self.table.json, header: csv.header, name: "json")
        #expect(csv.difference(from: json) == nil)
        #expect(
            Self.table.json.contains("\"difference\" : -0.125") || Self.table.json.contains("\"difference\": -0.125"))
        for text in [Self.table.markdown, Self.table.latex] {
            #expect(ShownNumbers.disagreement(of: text, with: csv, table: "faithfulness") == nil)
            let changed = text.replacingOccurrences(of: "0.125 ", with: "0.126 ")
            #expect(changed == text || ShownNumbers.disagreement(of: changed, with: csv, table: "faithfulness") != nil)
        }
        // A row that is missing, or that the file for programs does not have.
        let lines = Self.table.markdown.components(separatedBy: "\n")
        let less = (lines.prefix(7) + [""]).joined(separator: "\n")
        #expect(ShownNumbers.disagreement(of: less, with: csv, table: "faithfulness") == "1 rows, not 2")
        let rows = (1...2).map { number in
            FilterRow(
                filter: number, threshold: 0.25,
                words: (0..<7).map {
                    .init(text: "mp3", frequency: 4 + $0, similarity: 0.5, lift: 1, correlation: 0.125)
                }, frequent: [.init(text: "mp4", frequency: 4, similarity: 0.5)], recall: [0.5], pairs: 3)
        }
        let filters = FilterTable(title: "t", method: "m", ks: [5], rows: rows)
        let cells = try CSV(filters.csv, name: "filters.csv")
        #expect(ShownNumbers.disagreement(of: filters.markdown, with: cells, table: "filters") == nil)
        for (old, new) in [
            ("4, 0.50", "5, 0.50"), ("0.50, 1.00", "0.50, 1.01"), ("| 0.500 |", "| 0.501 |"), ("0.250 |", "0.251 |"),
        ] {
            let changed = filters.markdown.replacingOccurrences(of: old, with: new)
            #expect(ShownNumbers.disagreement(of: changed, with: cells, table: "filters") == "1", "\(old)")
        }
        let more = CSV(header: cells.header, rows: cells.rows + cells.rows)
        #expect(ShownNumbers.disagreement(of: filters.markdown, with: more, table: "filters") == "2 rows, not 4")
        #expect(
            Self.table.files.map(\.name) == [
                "faithfulness.md", "faithfulness.csv", "faithfulness.tex", "faithfulness.json",
            ])
        let keys = try ComparableTable(csv, name: "csv").rows.map(\.key)
        #expect(keys == ["projection, corr", "projection, cos", "net-dissect, corr"])
    }

    @Test func rowsOfAMatrixHaveTheirColumn() {
        var table = Self.table
        table.rows = table.rows.map { row in
            var row = row
            row.row = "layer3"
            return row
        }
        #expect(table.csv.hasPrefix("experiment,explanation,metric,score,low,high,units,row\n"))
        #expect(table.markdown.contains("| row | explanation | corr | cos (!) |"))
    }
}
