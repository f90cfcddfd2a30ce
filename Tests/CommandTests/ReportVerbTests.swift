import TestSupport
import Fingerprints
import Foundation
import Testing

/// `report`, `explain` and `show` on one small run: what they write must agree with each other and with the evaluation.
@Suite(.waits) struct ReportVerbTests {
    /// What the page's script draws filters from.
    private static func data(_ html: String, _ id: String) throws -> Any {
        let text = try #require(
            html.components(separatedBy: "id=\"\(id)\">").last?.components(separatedBy: "</script>").first)
        return try JSONSerialization.jsonObject(with: Data(text.utf8))
    }

    /// What the page says of filter 0: its words, and of its images the id and the nearest words.
    private struct Shown {
        let words: [String]
        let images: [(id: String, near: [String])]

        init(_ html: String) throws {
            let page = try #require(try data(html, "page-data") as? [String: Any])
            let words = try #require(page["words"] as? [String])
            let row = try #require(try data(html, "row-0") as? [String: Any])
            #expect(row["n"] as? [Int] == [0, 1])
            let said = try #require((try data(html, "said-0-0") as? [String: Any])?["w"] as? [[[Any]]])
            let images = try #require(try data(html, "images-0") as? [[[Any]]])
            let near = try #require(try data(html, "near-0-0") as? [[[Int]]])
            self.words = said[0].compactMap { $0[0] as? Int }.map { words[$0] }
            self.images = zip(images[0], near[0]).map { ($0[0] as? String ?? "", $1.map { words[$0] }) }
        }
    }

    @Test func reportExplainAndShow() throws {
        try Command.with { command in
            try command.makeExperiment()
            let early = try command.run("report", "x.json")
            #expect(
                early.code == 2 && early.errors.contains("is not up to date; type: lavise-pipeline run x"),
                "\(early.errors)")
            let run = try command.run("run", "x.json")
            #expect(run.code == 0 && run.errors.contains("lavise-pipeline report x"), "\(run.errors)")

            let report = try command.run("report", "x.json")
            #expect(
                report.code == 0 && report.output == command.path("results/x/report.html") + "\n", "\(report.errors)")
            let html = try String(contentsOfFile: command.path("results/x/report.html"), encoding: .utf8)
            #expect(
                !FileManager.default.fileExists(atPath: command.path("results/x/report-images")),
                "a small page is one file")
            for text in [
                "Recall", "Training", "How it was made", "Provenance", "lavise-pipeline report x.json",
                "its first build", "<dt>computed</dt>", "href=\"filters.csv\"", "Concepts",
            ] { #expect(html.contains(text), "\(text)") }
            // Every score and interval of the tables beside the page, as they print it.
            for table in ["faithfulness", "agreement"] {
                let markdown = try String(contentsOfFile: command.path("results/x/\(table).md"), encoding: .utf8)
                // Of two filters there are no intervals.
                let cells = markdown.matches(of: #/\| ([-+]?[.0-9]+) (?=\|)/#)
                #expect(cells.count >= 3, "\(markdown)")
                for cell in cells {
                    #expect(
                        html.contains("<td class=\"number\">\(cell.1)</td>")
                            || html.contains("<td class=\"number\"><strong>\(cell.1)</strong></td>"),
                        "\(table): \(cell.0)")
                }
            }
            #expect(
                html.contains("Faithfulness: how well explanations fit the units")
                    && html.contains("href=\"#evidence\""))
            let shown = try Shown(html)
            for number in [0, 1] {
                let sheet = try #require(
                    html.components(separatedBy: "<script type=\"text/plain\" id=\"filter-\(number).jpg\">").last?
                        .components(separatedBy: "</script>").first)
                let jpeg = try #require(Data(base64Encoded: sheet))
                #expect(jpeg.prefix(3) == Data([0xff, 0xd8, 0xff]))
            }
            try explain(command, shown)
            try show(command)
        }
    }

    private func explain(_ command: Command, _ shown: Shown) throws {
        let said = try command.run("explain", "x.json", "--filter", "0")
        let first = try #require(shown.words.first)
        #expect(
            said.code == 0 && said.output.contains("filter 0 by original") && said.output.contains(first),
            "\(said.errors)")
        let png = try Data(contentsOf: URL(fileURLWithPath: command.path("results/x/heatmaps/filter-0.png")))
        #expect(png.prefix(8) == Data([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))

        // A picture of the dataset, given as the user's own, is explained as the evaluation explained it.
        let image = try #require(shown.images.first)
        let id = image.id
        let names = try FileManager.default.contentsOfDirectory(atPath: command.path("data/scenes/val2017"))
        let name = try #require(names.first { Int($0.split(separator: ".")[0]) == Int(id) })
        let seen = try command.run(
            "explain", "x.json", "--filter", "0", "--image", command.path("data/scenes/val2017/\(name)"), "--json")
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(seen.output.utf8)) as? [String: Any], "\(seen.errors)")
        let answer = try #require((object["filters"] as? [[String: Any]])?.first)
        let words = try #require(answer["words"] as? [[String: Any]]).compactMap { $0["word"] as? String }
        #expect(Array(words.prefix(5)) == image.near)
        #expect((answer["strength"] as? Double ?? 0) > 1 && (answer["area"] as? Double ?? 0) > 0)

        let top = try command.run("explain", "x.json", "--image", command.path("data/scenes/val2017/\(name)"))
        #expect(top.code == 0 && top.output.split(separator: "\n").count == 3, "\(top.output)\(top.errors)")
        #expect(top.output.split(separator: "\n").dropFirst().allSatisfy { !$0.hasSuffix(" ") })
        let found = try command.run("explain", "x.json", "--concept", first)
        #expect(
            found.code == 0 && found.output.contains("filter 0")
                && found.output.contains("of 2 filters have \"\(first)\""), "\(found.output)")
        for (arguments, text) in [
            (["--filter", "99"], "explains the filters 0 to 1"), (["--concept", first + "x"], "did you mean"),
            ([], "--filter NUMBER"),
            (["--filter", "0", "--method", "projection"], "evaluated original"),
            (["--filter", "0", "--image", command.path("x.json")], "not a picture that can be decoded"),
        ] {
            let outcome = try command.run(["explain", "x.json"] + arguments)
            #expect(outcome.code == 2 && outcome.errors.contains(text), "\(outcome.errors)")
        }
    }

    private func show(_ command: Command) throws {
        let shown = try command.run("show", "results/x/recall.csv")
        #expect(
            shown.code == 0 && shown.output.contains("evaluate  fingerprint")
                && shown.output.contains("← scenes/train2017"), "\(shown.output)\(shown.errors)")
        try command.edit("results/x/recall.csv") { $0.append(contentsOf: "x".utf8) }
        let changed = try command.run("show", "results/x/recall.csv")
        #expect(changed.code == 2 && changed.errors.contains("was changed since the run"), "\(changed.errors)")
    }

    /// Two runs, the second by its results folder's name: both pages, and one of both.
    @Test func twoRunsSideBySide() throws {
        try StreamTests.withProject { command in
            #expect(try command.run("run", "x", "--set", "train.epochs=2").code == 0)
            let end = try command.run("report", "x", "x@train.epochs=2", "--json")
            let pages = try #require(try Value(json: Array(end.output.utf8)).arrayValue, "\(end)")
            #expect(pages.count == 3 && pages[2]["beside"] == "x@train.epochs=2")
            let path = try #require(pages[2]["page"]?.stringValue)
            #expect(path == command.path("results/x/with-x@train.epochs=2.html"))
            let html = try String(contentsOfFile: path, encoding: .utf8)
            #expect(html.contains("<td>train.epochs</td><td>1</td><td>2</td>") && html.contains("\"paired\":true"))
            #expect(html.contains("id=\"said-1-0\"") && html.contains("lavise-pipeline report x x@train.epochs=2"))
            for side in ["A: x: ", "B: x@train.epochs=2: "] {
                for table in ["Faithfulness: how well", "Agreement with the annotations"] {
                    #expect(html.contains("<h3>" + side + table), "\(side)\(table)")
                }
            }
            try expectComparison(command, html, ["x", "x@train.epochs=2"])
            for name in ["x@nonsense", "x@train.epochs=two", "y@seed=1"] {
                let wrong = try command.run("report", "x", name)
                #expect(wrong.code == 2, "\(name): \(wrong)")
            }
            guard Browser.program != nil else { return }
            let page = try Browser()
            try page.show(width: 1280, height: 900)
            try page.open(address: URL(fileURLWithPath: path).absoluteString)
            #expect(try page.text("document.getElementById('filter-head').textContent").contains("kept words"))
            try page.click("#filter-0 .open")
            #expect(try page.number("document.querySelectorAll('.detail.paired .side').length") == 2)
            #expect(try page.text("document.querySelectorAll('.detail h3')[1].textContent") == "B: x@train.epochs=2")
            #expect(try page.number("document.documentElement.scrollWidth") <= 1280)
            let faint = try page.tooFaint()
            #expect(faint.isEmpty && page.complaints.isEmpty, "\(faint) \(page.complaints)")
        }
    }

    /// The rows of a matrix: agreement over seeds stands on the page as `compare` has it.
    @Test func seedsAreComparedOnThePage() throws {
        try StreamTests.withProject { command in
            #expect(try command.run("run", "x", "--seeds", "0,1,2").code == 0)
            #expect(try command.run("report", "x", "--seeds", "0,1,2").code == 0)
            let folder = try #require(
                FileManager.default.contentsOfDirectory(atPath: command.path("results")).first {
                    $0.hasPrefix("x@seeds")
                })
            let page = command.path("results/\(folder)/report.html")
            try expectComparison(
                command, String(contentsOfFile: page, encoding: .utf8), ["x", "--seeds", "0,1,2"], runs: 3)
            // One row alone has nothing beside it.
            #expect(try command.run("report", "x", "--seeds", "0,1,2", "--row", "1").code == 0)
            #expect(try !String(contentsOfFile: page, encoding: .utf8).contains("id=\"comparison\""))
        }
    }

    /// The page's section says what `compare` says.
    private func expectComparison(_ command: Command, _ html: String, _ arguments: [String], runs count: Int = 2) throws
    {
        let end = try command.run(["compare"] + arguments + ["--json"])
        let document = try Value(json: Array(end.output.utf8))
        let agreement = try #require(document["agreement"]?.doubleValue, "\(end)")
        let section = try #require(
            html.components(separatedBy: "<section id=\"comparison\">").last?.components(separatedBy: "</section>")
                .first)
        #expect(section.contains("share \(String(format: "%.3f", agreement)) of their words' weight"), "\(section)")
        let runs = try #require(document["runs"]?.arrayValue)
        #expect(runs.count == count)
        for run in runs {
            let name = try #require(run["name"]?.stringValue), kept = try #require(run["kept"]?.doubleValue)
            #expect(section.contains("<th class=\"number\">\(name)</th>"), "\(name)")
            #expect(section.contains("<td class=\"number\">\(String(format: "%.3f", kept))</td>"), "\(name): \(kept)")
            for concept in try #require(run["concepts"]?.arrayValue) {
                let text = try #require(concept["concept"]?.stringValue)
                #expect(section.contains("<td>\(text)</td>"), "\(text)")
            }
        }
        #expect(document["layers"]?.arrayValue?.map { $0["agreement"]?.doubleValue } == [agreement])
    }

    /// Training's curves for TensorBoard take the place of an earlier run's, and no page is written.
    @Test func eventFilesForTensorBoard() throws {
        try StreamTests.withProject { command in
            for _ in 0..<2 {
                let end = try command.run("report", "x", "--tensorboard", "runs")
                let lines = end.output.split(separator: "\n").map(String.init)
                #expect(
                    lines.count == 2 && lines[0].hasPrefix(command.path("runs/x/train/events.out.tfevents.")), "\(end)")
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: command.path("runs/x/validation")).count == 1)
            }
            #expect(!FileManager.default.fileExists(atPath: command.path("results/x/report.html")))
        }
    }

    /// The commands that make a page again name the data folder where it is not the project's own.
    @Test func thePageNamesTheDataFolder() throws {
        try StreamTests.withProject { command in
            #expect(try command.run("report", "x", "--data", "elsewhere").code == 0)
            let html = try String(contentsOfFile: command.path("results/x/report.html"), encoding: .utf8)
            #expect(html.contains("lavise-pipeline run x --data elsewhere\n"))
            #expect(try command.run("report", "x").code == 0)
            #expect(
                try !String(contentsOfFile: command.path("results/x/report.html"), encoding: .utf8).contains("--data"))
        }
    }
}
