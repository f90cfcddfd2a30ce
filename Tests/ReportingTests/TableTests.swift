import Reporting
import Testing

@Suite struct TableTests {
    private static let filters = [
        FilterRow(
            filter: 7, threshold: 1.25,
            words: [
                .init(
                    text: "a,b", frequency: 25, similarity: 0.456, lift: 2.5, correlation: 0.25,
                    intersectionOverUnion: 0.125),
                .init(text: "\"|", frequency: 1, similarity: 0.1, lift: -0.5),
            ],
            frequent: [.init(text: "\"|", frequency: 26, similarity: 0.1)], isReliable: false, recall: [0.5, 1],
            pairs: 3),
        FilterRow(filter: 9, threshold: 0, words: [], recall: [nil, nil], pairs: 0),
    ]

    /// What would be markup stands for itself.
    @Test func backslashesAndBarsAreEscaped() {
        let table = TextTable(columns: ["a_b"], textColumns: 1, rows: [[.text(#"c\d|e%"#)]])
        #expect(table.latex.contains(#"c\textbackslash{}d|e\% \\"#) && table.latex.contains(#"a\_b \\"#))
        #expect(table.markdown.contains(##"| c\\d\|e% |"##))
    }

    @Test func filterTable() {
        let table = FilterTable(title: "t", method: "projection", ks: [5, 10], wordsShown: 1, rows: Self.filters)
        #expect(
            table.markdown == """
                # Filters by projection: t

                corr and IoU are the first word's, over all evaluated images.

                | filter | words by lift (images, mean cosine, lift) | by frequency | corr | IoU | recall@5 | recall@10 | pairs | threshold |
                | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
                | 7 | no reliable word: a,b (25, 0.46, 2.50) | "\\| | 0.250 | 0.125 | 0.500 | 1.000 | 3 | 1.250 |
                | 9 |  |  | – | – | – | – | 0 | 0.000 |

                """)
        #expect(
            table.csv == """
                filter,threshold,method,words,frequencies,similarities,recall@5,recall@10,pairs,ranking,lifts,by_frequency,reliable
                7,1.250000,projection,"a,b ""|",25 1,0.456000 0.100000,0.500000,1.000000,3,lift,2.500000 -0.500000,\(#""""|""#),no
                9,0.000000,projection,,,,,,0,lift,,,

                """)
    }

    /// Five words are shown where nothing else is asked; a word that fits is no doubt.
    @Test func filterTableAsItIs() throws {
        let words = (1...7).map { FilterRow.Word(text: "w\($0)", frequency: 8 - $0, similarity: 0.5) }
        let rows = [
            FilterRow(filter: 1, threshold: 1, words: words, frequent: words, isReliable: true, recall: [], pairs: 1),
            FilterRow(filter: 2, threshold: 1, words: words, isReliable: false, recall: [], pairs: 1),
            FilterRow(filter: 3, threshold: 1, words: words, recall: [], pairs: 1),
        ]
        let table = FilterTable(title: "t", method: "m", ks: [], rows: rows)
        #expect(table.wordsShown == 5 && table.ranking == "lift")
        let lines = table.markdown.split(separator: "\n").suffix(3)
        #expect(lines.allSatisfy { $0.contains("w5 (3, 0.50)") && !$0.contains("w6") })
        #expect(lines.map { $0.contains("no reliable word: w1") } == [false, true, false])
        #expect(lines.first?.contains("| w1, w2, w3, w4, w5 |") == true)
        let csv = try CSV(table.csv, name: "filters.csv"), column = try #require(csv.header.firstIndex(of: "reliable"))
        #expect(csv.rows.map { $0[column] } == ["yes", "no", ""])
    }

    @Test func wordTables() {
        let other = [
            FilterRow(
                filter: 0, threshold: 1, words: [.init(text: "a,b", frequency: 3, similarity: 0.5, lift: 3)],
                recall: [], pairs: 0)
        ]
        let plain = WordTable(layers: [.init(row: nil, layer: "layer3", filters: Self.filters + other)])
        #expect(
            plain.csv == """
                layer,filter,rank,word,images,cosine,lift,corr,iou
                layer3,7,1,"a,b",25,0.456000,2.500000,0.250000,0.125000
                layer3,7,2,\(#""""|""#),1,0.100000,-0.500000,,
                layer3,0,1,"a,b",3,0.500000,3.000000,,

                """)
        #expect(
            plain.conceptsCSV == """
                layer,concept,first_of,among_five_of,best_filter,lift,corr,iou
                layer3,"a,b",2,2,0,3.000000,,
                layer3,\(#""""|""#),0,1,7,-0.500000,,

                """)
        let matrix = WordTable(layers: [.init(row: "1, x", layer: "layer3", filters: other)])
        #expect(matrix.csv.hasSuffix("iou,row\nlayer3,0,1,\"a,b\",3,0.500000,3.000000,,,\"1, x\"\n"))
    }

    @Test func rankingTable() {
        let row = RankingTable.Row(
            row: nil, method: "projection", ranking: "lift", wordsPerImage: 5, agreement: [0.141, 0.25, nil],
            correlation: 0.07,
            distinct: 31, reliable: 80, filters: 256)
        let unannotated = RankingTable.Row(
            row: nil, method: "activation", ranking: "lift", wordsPerImage: 5, agreement: [nil, nil, nil],
            correlation: nil,
            distinct: 2, reliable: nil, filters: 9)
        let table = RankingTable(title: "t", rows: [row, unannotated], footnotes: ["n"])
        #expect(
            table.markdown.hasSuffix(
                """
                | method | ranking | P-A@1 | P-A@5 | R-A@5 | corr | first words | reliable | filters |
                | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
                | projection | lift | 0.141 | 0.250 | – | 0.070 | 31 | 80 | 256 |
                | activation | lift | – | – | – | – | 2 | – | 9 |

                - n

                """))
        // Where nothing is annotated there are no columns to be empty.
        #expect(
            RankingTable(title: "t", rows: [unannotated]).markdown == """
                # Words: t

                First words: how many different ones the filters have.

                | method | ranking | first words | filters |
                | --- | --- | ---: | ---: |
                | activation | lift | 2 | 9 |

                """)
        #expect(
            table.csv == """
                method,ranking,words_per_image,p_a_1,p_a_5,r_a_5,corr,first_words,reliable,filters
                projection,lift,5,0.141000,0.250000,,0.070000,31,80,256
                activation,lift,5,,,,,2,,9

                """)
    }

    @Test func trainingTable() {
        let table = TrainingTable(
            rows: [
                TrainingRow(
                    epoch: 1, trainLoss: 90.5, validLoss: 80.25, trainHits: [0.1, 0.2, 0.3, 0.4],
                    validHits: [0, 0.5, 0.75, 1])
            ])
        #expect(
            table.csv == """
                epoch,train_loss,valid_loss,train_hit@1,train_hit@5,train_hit@10,train_hit@20,valid_hit@1,valid_hit@5,valid_hit@10,valid_hit@20
                1,90.500000,80.250000,0.100000,0.200000,0.300000,0.400000,0.000000,0.500000,0.750000,1.000000

                """)
    }

    @Test func deviationTable() {
        let table = DeviationTable(
            experiment: "d", title: "t", method: "projection", k: 20,
            rows: [
                DeviationRow(name: "paper", recall: 0.6, low: 0.5, high: 0.7),
                DeviationRow(
                    name: "lowQuantile", recall: 0.4, low: 0.3, high: 0.5, change: -0.2, changeLow: -0.25,
                    changeHigh: -0.0001),
                DeviationRow(
                    name: "all", recall: 0.7, low: 0.6, high: 0.8, change: 0.1, changeLow: 0.05, changeHigh: 0.15),
            ], footnotes: ["9 stage runs of 18"])
        #expect(
            table.markdown.hasSuffix(
                """
                | deviation | recall@20 | change |
                | --- | ---: | ---: |
                | paper | 0.600 [0.500, 0.700] | – |
                | lowQuantile | 0.400 [0.300, 0.500] | -0.200 [-0.250, 0.000] |
                | all | 0.700 [0.600, 0.800] | +0.100 [+0.050, +0.150] |

                - 9 stage runs of 18

                """))
        #expect(
            table.csv.contains("d,lowQuantile,projection,20,0.400000,0.300000,0.500000,-0.200000,-0.250000,-0.000100\n")
        )
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
        #expect(
            table.markdown.hasSuffix(
                """
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
