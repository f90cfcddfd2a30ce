import Reporting
import Testing

@Suite struct RecallTableTests {
    static let table = RecallTable(
        experiment: "x", title: "A|B & 50 %",
        rows: [
            RecallRow(
                method: "projection", k: 5, recall: 0.35961249, low: 0.34, high: 0.3805, filters: 256, pairs: 2016,
                published: 0.675),
            RecallRow(method: "projection", k: 10, recall: 2.0 / 3, low: 0.6, high: 0.7, filters: 256, pairs: 2016),
            RecallRow(method: "random", k: 5, recall: nil, low: nil, high: nil, filters: 256, pairs: 0),
            RecallRow(method: "random", k: 10, recall: 0.0005, low: 0, high: 1, filters: 256, pairs: 3),
        ], footnotes: ["2 images skipped: a_b.jpg, c.jpg"])

    @Test func markdown() {
        #expect(
            Self.table.markdown == """
                # A\\|B & 50 %

                recall@k: mean over the (filter, image) pairs with a ground truth, with the 95 % interval over filters.

                | method | recall@5 | published | recall@10 | filters | pairs |
                | --- | ---: | ---: | ---: | ---: | ---: |
                | projection | 0.360 [0.340, 0.381] | 0.675 | 0.667 [0.600, 0.700] | 256 | 2016 |
                | random | – | – | 0.001 [0.000, 1.000] | 256 | 0 |

                - 2 images skipped: a_b.jpg, c.jpg

                """)
    }

    @Test func csv() {
        #expect(
            Self.table.csv == """
                experiment,method,k,recall,low,high,filters,pairs,published
                x,projection,5,0.359612,0.340000,0.380500,256,2016,0.675000
                x,projection,10,0.666667,0.600000,0.700000,256,2016,
                x,random,5,,,,256,0,
                x,random,10,0.000500,0.000000,1.000000,256,3,

                """)
    }

    @Test func filesReadBack() throws {
        var stored = Self.table
        stored.rows[0].recall = 0.359612
        stored.rows[1].recall = 0.666667
        #expect(try RecallTable(json: Self.table.json, name: "recall.json") == stored)
        let fromCSV = try RecallTable(csv: Self.table.csv, name: "recall.csv")
        #expect(fromCSV.rows == stored.rows && fromCSV.experiment == "x")
        #expect(try RecallTable(csv: fromCSV.csv, name: "recall.csv") == fromCSV)
    }

    @Test func matrixRowsGetAColumn() throws {
        var table = Self.table
        for i in table.rows.indices { table.rows[i].row = "layer1, 2" }
        #expect(table.markdown.contains("| layer1, 2 | projection | 0.360"))
        #expect(table.csv.hasPrefix("experiment,method,k,recall,low,high,filters,pairs,published,row\nx,projection,5,"))
        #expect(table.csv.contains(",0.675000,\"layer1, 2\"\n"))
        #expect(try RecallTable(csv: table.csv, name: "").rows[0].row == "layer1, 2")
        #expect(try RecallTable(json: table.json, name: "").rows[0].row == "layer1, 2")
    }

    @Test func jsonHasTheContractsMembers() throws {
        let json = Self.table.json
        #expect(json.contains("\"schema\": 1") && json.contains("\"experiment\": \"x\""))
        #expect(json.contains("\"recall\": 0.359612") && json.contains("\"published\": null"))
        var unseen = Self.table
        unseen.concepts = .unseen
        #expect(unseen.fileName == "recall-unseen" && Self.table.fileName == "recall")
        #expect(try RecallTable(json: unseen.json, name: "").concepts == .unseen)
    }

    @Test func latexIsBooktabsWithNothingUnescaped() {
        let latex = Self.table.latex
        #expect(latex.contains("\\caption{A|B \\& 50 \\%. recall@k"))
        #expect(latex.contains("projection & 0.360 {\\scriptsize [0.340, 0.381]} & 0.675 & "))
        #expect(latex.contains("random & -- & -- & 0.001"))
        #expect(latex.contains("a\\_b.jpg"))
        LaTeXSubset.check(latex)
    }

    @Test func publishedStandsAlone() {
        let published = Self.table.publishedTable
        #expect(published.rows.map(\.recall) == [0.675])
        #expect(published.rows.map(\.low) == [nil])
    }

    @Test(arguments: [
        ("", "recall.csv:1: the table is empty"),
        ("a,b\n", "recall.csv:1: the columns are not experiment,method"),
        (
            "experiment,method,k,recall,low,high,filters,pairs,published\nx,m,5\n",
            "recall.csv:2: 3 cells under 9 columns"
        ),
        (
            "experiment,method,k,recall,low,high,filters,pairs,published\nx,m,5,zero,,,1,1,\n",
            "recall.csv:2: recall is no number: zero"
        ),
        (
            "experiment,method,k,recall,low,high,filters,pairs,published\n\"x,m,5\n",
            "recall.csv:2: a quote that never closes"
        ),
    ])
    func brokenFilesAreNamed(text: String, message: String) throws {
        let error = #expect(throws: TableError.self) { try RecallTable(csv: text, name: "recall.csv") }
        #expect(error?.description.hasPrefix(message) == true)
    }

    @Test func brokenJSONIsNamed() throws {
        let error = #expect(throws: TableError.self) { try RecallTable(json: "{\n\"schema\": ", name: "recall.json") }
        #expect(error?.line == 2)
        #expect(throws: TableError.self) { try RecallTable(json: "{\"schema\": 2}", name: "") }
        #expect(throws: TableError.self) { try RecallTable(json: "{\"schema\": 1}", name: "") }
    }
}

/// The part of LaTeX's syntax that our tables use: balanced braces and environments, no bare special character, and as
/// many cells a line as columns.
enum LaTeXSubset {
    static func check(_ latex: String, sourceLocation: SourceLocation = #_sourceLocation) {
        var depth = 0, environments: [String] = [], columns = 0, rules: [String] = []
        for line in latex.split(separator: "\n", omittingEmptySubsequences: false) where !line.hasPrefix("%") {
            var cells = 1, escaped = false
            for character in line {
                if escaped {
                    escaped = false
                    continue
                }
                switch character {
                case "\\": escaped = true
                case "{": depth += 1
                case "}": depth -= 1
                case "&": cells += 1
                case "#", "%", "_", "^", "~":
                    Issue.record("bare \(character) in: \(line)", sourceLocation: sourceLocation)
                default:
                    #expect(character.isASCII, "in: \(line)", sourceLocation: sourceLocation)
                }
                #expect(depth >= 0, sourceLocation: sourceLocation)
            }
            if line.hasPrefix("\\begin{") {
                environments.append(String(line.dropFirst(7).prefix { $0 != "}" }))
                if line.hasPrefix("\\begin{tabular}{") { columns = line.count - "\\begin{tabular}{}".count }
            } else if line.hasPrefix("\\end{") {
                #expect(
                    environments.popLast() == String(line.dropFirst(5).prefix { $0 != "}" }),
                    sourceLocation: sourceLocation)
            } else if line.hasSuffix("\\\\") {
                #expect(cells == columns, "in: \(line)", sourceLocation: sourceLocation)
            } else if line.hasSuffix("rule") {
                rules.append(String(line))
            }
        }
        #expect(depth == 0 && environments.isEmpty, sourceLocation: sourceLocation)
        #expect(rules == ["\\toprule", "\\midrule", "\\bottomrule"], sourceLocation: sourceLocation)
    }
}
