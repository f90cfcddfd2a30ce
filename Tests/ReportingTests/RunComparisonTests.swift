import Reporting
import Testing

/// Runs beside each other on cases worked out by hand.
@Suite struct RunComparisonTests {
    private func words(_ text: String) -> [RunWords.Word] {
        text.split(separator: " ").map { part in
            let pieces = part.split(separator: ":")
            return RunWords.Word(text: String(pieces[0]), weight: Double(pieces[1]) ?? 0)
        }
    }

    private func run(_ name: String, layer: String = "net layer3", filters: [Int] = [2, 5], _ said: [String])
        -> RunWords
    {
        RunWords(name: name, layer: layer, filters: filters, words: said.map(words))
    }

    @Test func overlapIsTheSmallerShareOfEveryWord() {
        #expect(RunComparison.overlap(words("dog:3 cat:1"), words("dog:3 cat:1")) == 1)
        #expect(RunComparison.overlap(words("dog:3 cat:1"), words("dog:6 cat:2")) == 1)
        #expect(RunComparison.overlap(words("dog:3 cat:1"), words("dog:1 bird:1")) == 0.5)
        #expect(RunComparison.overlap(words("dog:3 cat:1"), words("cat:1 dog:3")) == 1)
        #expect(RunComparison.overlap(words("dog:3"), words("cat:3")) == 0)
        #expect(RunComparison.overlap(words("dog:0 cat:0"), words("dog:0 bird:0")) == 0.5)
        #expect(RunComparison.overlap([], []) == 1 && RunComparison.overlap(words("dog:1"), []) == 0)
    }

    @Test func conceptsAreBornAndLostFromRunToRun() {
        let comparison = RunComparison([
            run("first", ["dog:3 cat:1", "dog:2"]), run("second", ["cat:1 dog:3", "bird:2"]),
            run("third", ["cat:1", "dog:2"]),
        ])
        #expect(comparison.runs.map(\.born) == [[], ["bird", "cat"], ["dog"]])
        #expect(comparison.runs.map(\.lost) == [[], ["dog"], ["bird"]])
        #expect(comparison.runs.map(\.kept) == [[2: 1, 5: 1], [2: 1, 5: 0], [2: 0.25, 5: 1]])
        #expect(comparison.runs.map(\.sameFirst) == [1, 0, 0.5])
        #expect(comparison.runs[1].meanKept == 0.5)
        #expect(comparison.layers.map(\.filters) == [[2, 5]] && comparison.layers[0].name == "net layer3")
        // The pairs (first, second), (first, third), (second, third) of both filters.
        #expect(comparison.agreement == (1 + 0 + 0.25 + 1 + 0.25 + 0) / 6)
        #expect(comparison.layers[0].agreement == comparison.agreement)
        #expect(comparison.runs[0].run.concepts.map { "\($0.text) \($0.filters)" } == ["dog 2"])
    }

    /// The most frequent first, and of equal ones by name; what no filter says first is no concept.
    @Test func conceptsAreInOrder() {
        let run = run("a", filters: [1, 2, 3, 4, 5, 6], ["zebra:1 ant:9", "cat:1", "zebra:1", "bird:1", "cat:1", ""])
        #expect(run.concepts.map { "\($0.text) \($0.filters)" } == ["cat 2", "zebra 2", "bird 1"])
        #expect(run.words(of: 2) == words("cat:1") && run.words(of: 9).isEmpty && RunWords.compared == 5)
    }

    @Test func otherLayersHaveOtherFilters() {
        let comparison = RunComparison([
            run("a", ["dog:1", "cat:1"]), run("b", layer: "net layer4", ["dog:1", "bird:1"]),
        ])
        #expect(comparison.runs[1].kept == nil && comparison.runs[1].sameFirst == nil && comparison.agreement == nil)
        #expect(comparison.runs[1].born == ["bird"] && comparison.runs[1].lost == ["cat"] && comparison.layers.isEmpty)
        #expect(
            comparison.csv.split(separator: "\n") == [
                "run,layer,filter,words,weights,kept", "a,net layer3,2,dog,1.000000,1.000000",
                "a,net layer3,5,cat,1.000000,1.000000",
                "b,net layer4,2,dog,1.000000,", "b,net layer4,5,bird,1.000000,",
            ])
    }

    @Test func onlyFiltersThatBothExplainAreCompared() {
        let comparison = RunComparison([
            run("a", ["dog:1", "cat:1"]), run("b", filters: [5, 9], ["cat:1", "bird:1"]),
        ])
        #expect(comparison.runs[1].kept == [5: 1] && comparison.layers.map(\.filters) == [[5]])
    }

    /// Seeds of two layers: every layer's runs are held against its own first.
    @Test func everyLayerIsComparedWithItself() {
        let comparison = RunComparison([
            run("3, 0", ["dog:1", "cat:1"]), run("4, 0", layer: "net layer4", ["sky:1", "sea:1"]),
            run("3, 1", ["dog:1", "dog:1"]), run("4, 1", layer: "net layer4", filters: [5, 2], ["sea:1", "dog:1"]),
        ])
        #expect(comparison.runs.map(\.kept) == [[2: 1, 5: 1], nil, [2: 1, 5: 0], [2: 0, 5: 1]])
        #expect(comparison.layers.map(\.name) == ["net layer3", "net layer4"])
        #expect(comparison.layers.map(\.agreement) == [0.5, 0.5] && comparison.agreement == 0.5)
        #expect(comparison.layers.map(\.filters) == [[5, 2], [2, 5]])
        #expect(
            comparison.filterTable(comparison.layers[1], most: 1).markdown == """
                | filter | run | words | kept |
                | --- | --- | --- | ---: |
                | 2 | 4, 0 | sky | – |
                |  | 4, 1 | dog | 0.000 |

                """)
        #expect(
            comparison.conceptTable(most: 2).markdown == """
                | concept | 3, 0 | 4, 0 | 3, 1 | 4, 1 |
                | --- | ---: | ---: | ---: | ---: |
                | dog | 1 | 0 | 2 | 1 |
                | sea | 0 | 1 | 0 | 1 |

                """)
    }
}
