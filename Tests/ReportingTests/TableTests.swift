import Reporting
import Testing

@Suite struct TableTests {
    @Test func filterTable() {
        let table = FilterTable(
            title: "t", method: "projection", ks: [5, 10], wordsShown: 1,
            rows: [
                FilterRow(
                    filter: 7, threshold: 1.25,
                    words: [.init(text: "a,b", frequency: 25, similarity: 0.456), .init(text: "\"|", frequency: 1, similarity: 0.1)],
                    recall: [0.5, 1], pairs: 3),
                FilterRow(filter: 9, threshold: 0, words: [], recall: [nil, nil], pairs: 0),
            ])
        #expect(table.markdown == """
            # Filters by projection: t

            | filter | words (images, mean cosine) | recall@5 | recall@10 | pairs | threshold |
            | --- | --- | ---: | ---: | ---: | ---: |
            | 7 | a,b (25, 0.46) | 0.500 | 1.000 | 3 | 1.250 |
            | 9 |  | – | – | 0 | 0.000 |

            """)
        #expect(table.csv == """
            filter,threshold,method,words,frequencies,similarities,recall@5,recall@10,pairs
            7,1.250000,projection,"a,b ""|",25 1,0.456000 0.100000,0.500000,1.000000,3
            9,0.000000,projection,,,,,,0

            """)
    }

    @Test func trainingTable() {
        let table = TrainingTable(
            rows: [TrainingRow(epoch: 1, trainLoss: 90.5, validLoss: 80.25, trainHits: [0.1, 0.2, 0.3, 0.4], validHits: [0, 0.5, 0.75, 1])])
        #expect(table.csv == """
            epoch,train_loss,valid_loss,train_hit@1,train_hit@5,train_hit@10,train_hit@20,valid_hit@1,valid_hit@5,valid_hit@10,valid_hit@20
            1,90.500000,80.250000,0.100000,0.200000,0.300000,0.400000,0.000000,0.500000,0.750000,1.000000

            """)
    }

    @Test func deviationTable() {
        let table = DeviationTable(
            experiment: "d", title: "t", method: "projection", k: 20,
            rows: [
                DeviationRow(name: "paper", recall: 0.6, low: 0.5, high: 0.7),
                DeviationRow(name: "lowQuantile", recall: 0.4, low: 0.3, high: 0.5, change: -0.2, changeLow: -0.25, changeHigh: -0.0001),
                DeviationRow(name: "all", recall: 0.7, low: 0.6, high: 0.8, change: 0.1, changeLow: 0.05, changeHigh: 0.15),
            ], footnotes: ["9 stage runs of 18"])
        #expect(table.markdown.hasSuffix("""
            | deviation | recall@20 | change |
            | --- | ---: | ---: |
            | paper | 0.600 [0.500, 0.700] | – |
            | lowQuantile | 0.400 [0.300, 0.500] | -0.200 [-0.250, 0.000] |
            | all | 0.700 [0.600, 0.800] | +0.100 [+0.050, +0.150] |

            - 9 stage runs of 18

            """))
        #expect(table.csv.contains("d,lowQuantile,projection,20,0.400000,0.300000,0.500000,-0.200000,-0.250000,-0.000100\n"))
        #expect(table.json.contains("\"change\": -0.2"))
        LaTeXSubset.check(table.latex)
    }

    @Test func seedTable() {
        let table = SeedTable(
            experiment: "s", title: "t",
            rows: [
                SeedRow(method: "projection", k: 5, mean: 0.3666, deviation: 0.0085, seeds: 5),
                SeedRow(method: "projection", k: 20, mean: 0.62, deviation: 0.016, seeds: 5, published: 0.6),
            ])
        #expect(table.markdown.hasSuffix("""
            | method | recall@5 | recall@20 | published | seeds |
            | --- | ---: | ---: | ---: | ---: |
            | projection | 0.367 ± 0.009 | 0.620 ± 0.016 | 0.600 | 5 |

            """))
        #expect(table.csv.contains("s,projection,20,0.620000,0.016000,5,0.600000\n"))
    }

    @Test func csvKeepsEveryCell() throws {
        let table = CSV(header: ["a", "b"], rows: [["", "x,y"], ["\"", "two\nlines"], ["ü", " "]])
        #expect(try CSV(table.text, name: "") == table)
        #expect(try CSV("a,b\r\n1,2", name: "").rows == [["1", "2"]])
    }
}
